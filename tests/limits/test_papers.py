"""What cannot be signed: kept byte for byte, refused for signing in plain words, nothing half made."""

import hashlib
import html

import pytest

from docvault.audit.kinds import Kind
from pdf import crafted

from . import papers
from .portal import (
    AUDIT,
    MOST,
    MOST_PAGES,
    MOST_SIGNING,
    begin,
    done,
    download,
    new_envelope,
    refused,
    upload,
)

PAPERS = {
    "a text": ("notes.txt", lambda _: b"Only words.\n" * 40, ("pdf",)),
    "a text that calls itself a PDF": ("notes.pdf", lambda _: b"Only words.\n" * 40, ("pdf",)),
    "password-protected": ("secret.pdf", lambda _: crafted.protected(), ("password",)),
    "cut off": ("cut.pdf", lambda _: crafted.cut_off(), ("damaged",)),
    "garbled": ("garbled.pdf", lambda _: crafted.garbled(), ("damaged",)),
    "without pages": ("blank.pdf", lambda _: crafted.without_pages(), ("no pages",)),
    "a dynamic form": ("form.pdf", lambda _: crafted.dynamic_form(), ("form",)),
    "already signed": (
        "signed.pdf",
        papers.signed_elsewhere,
        ("already carries a signature", "kept exactly as it is"),
    ),
    "larger than can be signed": (
        "large.pdf",
        lambda _: papers.large(MOST_SIGNING),
        ("too large to be signed",),
    ),
    "more pages than can be signed": (
        "long.pdf",
        lambda _: crafted.plain(MOST_PAGES + 1),
        (f"has {MOST_PAGES + 1} pages; up to {MOST_PAGES}",),
    ),
}


@pytest.fixture(scope="module")
def signer(portal, server):
    return portal.client_member()


@pytest.mark.promise(29)
@pytest.mark.promise(31)
@pytest.mark.parametrize("name", PAPERS)
def test_what_cannot_be_signed_is_kept_and_refused_in_words(
    portal, manager, folder_id, signer, tmp_path, name
):
    filename, make, words = PAPERS[name]
    content = make(tmp_path)
    document_id = upload(manager, folder_id, filename, content)
    kept = download(manager, document_id)
    assert hashlib.sha256(kept).hexdigest() == hashlib.sha256(content).hexdigest()
    version = done(manager.get(f"/api/v1/documents/{document_id}")).json()["versions"][0]
    assert (version["size"], version["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    with portal.unchanged():
        said = refused(new_envelope(manager, document_id, (signer, 1)), 422, *words)
    page = done(manager.get(f"/documents/{document_id}")).text
    assert "Send for signature" not in page
    assert all(word in html.unescape(page).lower() for word in words), said
    assert Kind.ENVELOPE_CREATED not in portal.kinds(document_id)
    assert download(manager, document_id) == content


@pytest.mark.parametrize(
    ("size", "status", "words"), [(-1, 400, "number of bytes"), (MOST + 1, 413, "up to 96 MB")]
)
def test_a_file_of_an_impossible_size_is_refused_before_it_is_sent(
    portal, manager, folder_id, size, status, words
):
    with portal.unchanged():
        refused(begin(manager, folder_id, "plan.pdf", size), status, words)


def test_a_file_of_the_largest_size_may_begin(portal, manager, folder_id):
    begun = done(begin(manager, folder_id, "plan.pdf", MOST))
    with portal.only("uploads", "versions", "documents", "quotas", "person_quotas", *AUDIT):
        done(manager.request("DELETE", begun.headers["location"], headers={"tus-resumable": "1.0.0"}))


def test_the_signatures_of_a_signed_file_are_shown(portal, manager, folder_id, tmp_path):
    content = papers.signed_elsewhere(tmp_path)
    document_id = upload(manager, folder_id, "signed elsewhere.pdf", content)
    shown = done(manager.get(f"/api/v1/documents/{document_id}/versions/1/signatures")).json()
    assert shown["verdict"] == "not-trusted"
    assert [one["signer"] for one in shown["signatures"]] == [papers.STRANGER]
    assert "an authority unknown here" in shown["signatures"][0]["reason"]
    page = html.unescape(done(manager.get(f"/documents/{document_id}")).text)
    assert papers.STRANGER in page
    assert shown["signatures"][0]["reason"] in page
    unsigned = upload(manager, folder_id, "plain.pdf", crafted.plain())
    assert (
        done(manager.get(f"/api/v1/documents/{unsigned}/versions/1/signatures")).json()["verdict"]
        == "not-signed"
    )
