"""An envelope with a document that arrived signed, from the draft to the certificate of completion."""

import io

import pikepdf
import pypdfium2
import pytest
from pyhanko.sign.fields import MDPPerm
from sqlalchemy import select, update
from tests.signing.arrivals import PEKKA, STRANGERS, letter, signed
from tests.signing.desks import now

from docvault.actions import arrivals, drafts, envelopes, placed_fields, renewals, trust
from docvault.database import tables
from docvault.pdf.reasons import Verdict
from docvault.pdf.validate import Report
from docvault.rules.envelopes import State
from docvault.rules.fields import FieldKind, FieldRefused

from . import envelope_world as signing
from .world import NOW


@pytest.fixture
def made(tmp_path, pdf, database_url):
    built = signing.build_signing(tmp_path, pdf, database_url)
    yield built
    built.vault.close()
    built.db.close()


def draft(made, content: bytes):
    document_id = signing.add_document(made, content, "arrived.pdf")
    return drafts.create_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=made.world.manager,
        document_ids=[document_id],
        title="Signed by them",
        recipients=[drafts.NewRecipient(made.world.client.person_id, 1)],
        now=NOW,
    )


def place(made, envelope_id, *kinds, y=300):
    seen = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    fields = [
        placed_fields.NewField(None, seen.recipients[0].id, kind, 2, 72, y + 60 * row, 170, 44)
        for row, kind in enumerate(kinds)
    ]
    placed_fields.place_fields(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, fields=fields, now=NOW
    )


def whole_way(made, content: bytes, y=300):
    """Have one more person sign a document that arrived signed, and the envelope completed."""
    envelope_id = draft(made, content)
    place(made, envelope_id, FieldKind.SIGNATURE, y=y)
    signing.send(made, envelope_id)
    signing.sign(made, made.world.client, envelope_id)
    signing.advance(made, envelope_id)
    return envelope_id


def judged(made, content: bytes) -> Report:
    with signing.as_scratch(content) as opened:
        return made.authority.validate(made.pdf, opened)


@pytest.mark.promise(70)
@pytest.mark.promise(71)
def test_a_signed_document_is_signed_on_top_and_completed(made):
    arrived = signed(signed(letter(), box=(320, 60, 480, 110)), PEKKA, field="Signature2")
    envelope_id = whole_way(made, arrived)
    seen = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    assert (seen.state, seen.trouble) == (State.COMPLETED, None)
    sealed = signing.content(made, made.world.client, envelope_id, "signed")
    as_sent = signing.content(made, made.world.client, envelope_id, "sent")
    assert sealed.startswith(as_sent)
    assert as_sent.startswith(arrived)
    report = judged(made, sealed)
    assert [each.signer for each in report.signatures[:4]] == [
        "Mira Haddad",
        "Pekka Salo",
        "Clara Client",
        made.authority.seal_name(),
    ]
    assert report.verdict is Verdict.NOT_TRUSTED
    certificate = signing.content(made, made.world.client, envelope_id, "certificate")
    words = "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(certificate))
    said = " ".join(words.split())
    assert "A document came with signatures of others: they are intact" in said
    assert "was there when the document arrived; not known here" in said
    assert judged(made, certificate).verdict is Verdict.VALID


def test_the_archive_timestamp_of_such_a_document_is_looked_after_too(made):
    envelope_id = whole_way(made, signed(letter()))
    with made.db.transaction() as tx:
        chosen = select(tables.envelope_documents.c.signed_version_id)
        version_id = tx.connection.execute(chosen).scalar_one()
        stamps = tables.archive_stamps
        tx.connection.execute(update(stamps).values(due_at=NOW))
    renewals.look_at(made.db, made.vault, made.pdf, made.authority, version_id=version_id, now=NOW)
    with made.db.reading() as tx:
        assert tx.connection.execute(select(stamps.c.trouble)).scalars().all() == [None, None]
    assert envelope_id


@pytest.mark.parametrize("certify", [None, MDPPerm.FILL_FORMS])
def test_the_sender_is_told_who_signed_before_and_whether_more_can_show(made, certify):
    envelope_id = draft(made, signed(letter(), certify=certify))
    (one,) = arrivals.show_arrivals(
        made.db,
        made.vault,
        made.pdf,
        made.authority,
        acting=made.world.manager,
        envelope_id=envelope_id,
    )
    assert (one.name, one.arrival.signatures, one.arrival.visible) == ("arrived.pdf", 1, certify is None)
    assert [(each.signer, each.trust) for each in one.report.signatures] == [("Mira Haddad", "unknown")]


def test_whom_an_administrator_trusts_is_known_on_such_a_document_too(made):
    trust.trust(
        made.db,
        made.authority,
        acting=made.world.administrator,
        content=STRANGERS.ca.root.der,
        reason="We deal with them often.",
        now=now(),
    )
    envelope_id = whole_way(made, signed(letter()))
    certificate = signing.content(made, made.world.client, envelope_id, "certificate")
    words = "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(certificate))
    assert "not known here" not in " ".join(words.split())


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ([FieldKind.SIGNATURE, FieldKind.TEXT], "only signatures can be added to it"),
        ([FieldKind.SIGNATURE, FieldKind.SIGNATURE], "each person signs it in one place"),
    ],
)
def test_nothing_but_one_signature_of_each_can_be_placed(made, kinds, words):
    envelope_id = draft(made, signed(letter()))
    with pytest.raises(FieldRefused, match=words):
        place(made, envelope_id, *kinds)
    place(made, envelope_id, FieldKind.SIGNATURE, FieldKind.ATTACHMENT)


def test_a_completed_document_of_ours_is_closed(made):
    from docvault.pdf.errors import AlreadySigned

    envelope_id = signing.sent(made, (made.world.client, 1))
    signing.sign(made, made.world.client, envelope_id)
    signing.advance(made, envelope_id)
    sealed = signing.content(made, made.world.client, envelope_id, "signed")
    with pytest.raises(AlreadySigned, match=f"{made.authority.seal_name()} closed it"):
        draft(made, sealed)


def test_a_document_of_strangers_keeps_its_bytes_in_a_template(made):
    """What a template keeps is what arrived, and who uses it signs on top as well."""
    from docvault.actions import templates

    arrived = signed(letter())
    envelope_id = draft(made, arrived)
    place(made, envelope_id, FieldKind.SIGNATURE)
    saved = templates.save_template(
        made.db,
        made.vault,
        acting=made.world.manager,
        envelope_id=envelope_id,
        name="Their letter",
        roles=["Client"],
        kind="other",
        now=NOW,
    )
    used = templates.use_template(
        made.db,
        made.vault,
        acting=made.world.manager,
        template_id=saved.id,
        people=[made.world.client.person_id],
        values={},
        now=NOW,
    )
    signing.send(made, used)
    as_sent = signing.content(made, made.world.client, used, "sent")
    assert as_sent.startswith(arrived)
    with pikepdf.open(io.BytesIO(as_sent)) as pdf:
        assert len(pdf.pages) == 2
