"""What senders see of a document that arrived signed."""

import pytest
from pyhanko.sign.fields import MDPPerm
from tests.signing import attacks
from tests.signing.arrivals import PEKKA, letter, signed

from .portal import folder, upload
from .test_envelopes import make, place, post, recipients, signature


@pytest.fixture
def manager(site):
    return site.sign_in(site.world.manager)


def words(page) -> str:
    return " ".join(page.text.split())


def test_the_sender_reads_who_signed_before_and_what_can_follow(manager, site):
    content = signed(signed(letter()), PEKKA, field="Signature2")
    document = upload(manager, folder(manager, site), "Theirs.pdf", content)
    said = words(manager.get(f"/envelopes/new?document={document}"))
    assert "Theirs.pdf arrived with 2 signatures by Mira Haddad and Pekka Salo." in said
    assert "New signatures are added on top" in said
    assert "not on the trust list" in said
    draft = make(manager, site, document).headers["location"].split("/")[2]
    page = manager.get(f"/envelopes/{draft}/prepare")
    assert "Theirs.pdf arrived with 2 signatures by Mira Haddad and Pekka Salo." in words(page)
    assert 'data-kind="signature"' in page.text
    assert 'data-kind="text"' not in page.text
    assert manager.get(f"/api/v1/envelopes/{draft}").json()["documents"][0]["arrived_with"] == 2
    people = recipients(manager, draft)
    refused = place(manager, draft, signature(people[0], kind="date"))
    assert (refused.status_code, "only signatures can be added" in refused.json()["detail"]) == (400, True)
    placed = [signature(one, page=2, y=300.0 + 60 * row) for row, one in enumerate(people)]
    assert place(manager, draft, *placed).status_code == 204
    assert post(manager, f"/envelopes/{draft}/send").headers["location"] == f"/envelopes/{draft}?notice=sent"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (signed(letter(), certify=MDPPerm.NO_CHANGES), "Mira Haddad closed it"),
        (attacks.updated(signed(letter()), attacks.overlay), "its signatures do not hold"),
    ],
    ids=["certified against changes", "changed since"],
)
def test_a_document_that_nothing_can_be_signed_on_says_why(manager, site, content, why):
    document = upload(manager, folder(manager, site), "Theirs.pdf", content)
    page = manager.get(f"/envelopes/new?document={document}")
    assert why in words(page)
    assert '<form class="stack gap-l"' not in page.text
    assert make(manager, site, document).status_code == 422
    assert site.count("envelopes") == 0


def test_a_certified_document_says_that_new_signatures_have_no_picture(manager, site):
    document = upload(
        manager, folder(manager, site), "Theirs.pdf", signed(letter(), certify=MDPPerm.FILL_FORMS)
    )
    said = words(manager.get(f"/envelopes/new?document={document}"))
    assert "It was certified: a new signature shows in a signature field that it brought along" in said
