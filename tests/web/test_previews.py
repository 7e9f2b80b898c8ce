"""Previews behind the HTTP door: who gets them, with which headers, and what a page says when there is none."""

import io

import pytest
from PIL import Image
from sqlalchemy import update

from docvault.actions.renditions import make_renditions
from docvault.database import documents, tables

from .portal import folder, standing, strangers, upload


@pytest.fixture
def site(tmp_path, pdf):
    yield from standing(tmp_path, pdf)


@pytest.fixture
def browser(site):
    return site.sign_in(site.world.manager)


def photo():
    content = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(content, "PNG")
    return content.getvalue()


def brought(site, browser, name, data, *, made=True):
    """Send a file as the manager, and do what the worker does with it; return its id."""
    document_id = upload(browser, folder(browser, site), name, data)
    if made:
        with site.world.db.reading() as tx:
            row = documents.for_seeing(tx, site.world.manager, document_id)
            version_id = documents.version_id(tx, row)
        make_renditions(
            site.world.db,
            site.world.vault,
            site.portal.pdf,
            None,
            version_id=version_id,
            now=site.portal.clock(),
        )
    return document_id


def place(document_id, what):
    return f"/api/v1/documents/{document_id}/versions/1/{what}"


def scanned(site, scan, note=None):
    with site.world.db.transaction() as tx:
        changed = update(tables.versions).where(tables.versions.c.purpose == "original")
        tx.connection.execute(changed.values(scan=scan, scan_note=note))


@pytest.mark.promise(31)
@pytest.mark.promise(32)
@pytest.mark.parametrize("what", ["picture", "thumbnail"])
def test_a_picture_is_ours_and_sandboxed_never_the_bytes_that_came(site, browser, what):
    document_id = brought(site, browser, "photo.png", photo())
    answer = browser.get(place(document_id, what))
    assert answer.status_code == 200
    assert (answer.headers["content-type"], Image.open(io.BytesIO(answer.content)).format) == (
        "image/webp",
        "WEBP",
    )
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert browser.get(place(document_id, "content")).content == photo()


@pytest.mark.promise(42)
def test_a_kept_thumbnail_is_asked_for_again_and_still_passes_the_gate(site, browser):
    document_id = brought(site, browser, "photo.png", photo())
    first = browser.get(place(document_id, "thumbnail"))
    assert first.headers["cache-control"] == "private, no-cache"
    known = {"if-none-match": first.headers["etag"]}
    again = browser.get(place(document_id, "thumbnail"), headers=known)
    assert (again.status_code, again.content) == (304, b"")
    for name, stranger in strangers(site).items():
        answer = site.sign_in(stranger).get(place(document_id, "thumbnail"), headers=known)
        assert answer.status_code == 404, name
    assert (
        site.sign_in(site.world.officer).get(place(document_id, "thumbnail"), headers=known).status_code
        == 403
    )
    scanned(site, "infected", "Eicar")
    assert browser.get(place(document_id, "thumbnail"), headers=known).status_code == 409
    assert browser.get(place(document_id, "picture")).status_code == 409


@pytest.mark.promise(74)
def test_the_picture_is_a_reading_once_a_session_and_the_thumbnail_is_none(site, browser):
    document_id = brought(site, browser, "photo.png", photo())
    browser.get(place(document_id, "thumbnail"))
    assert "document:read" not in [kind for kind, _ in site.world.entries()]
    browser.get(place(document_id, "picture"))
    browser.get(place(document_id, "picture"))
    assert [kind for kind, _ in site.world.entries()].count("document:read") == 1


@pytest.mark.promise(32)
@pytest.mark.parametrize("name", ["notes.txt", "notes.md", "figures.csv", "data.json", "server.log"])
def test_a_text_file_is_shown_as_text_and_is_nothing_else(site, browser, name):
    document_id = brought(site, browser, name, b"<script>alert(1)</script> & figures")
    page = browser.get(f"/documents/{document_id}")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; figures</pre>" in page.text
    assert "<script>alert" not in page.text


@pytest.mark.promise(32)
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("page.html", b"<html><script>alert(1)</script>"),
        ("photo.png", b"\x89PNG\r\n\x1a\n broken"),
        ("tool.exe", b"MZ" + bytes(100)),
    ],
)
def test_what_cannot_be_shown_is_offered_for_download_in_plain_words(site, browser, name, data):
    document_id = brought(site, browser, name, data)
    page = browser.get(f"/documents/{document_id}")
    assert "This file cannot be shown here" in page.text
    assert "Download the file" in page.text
    assert browser.get(place(document_id, "picture")).status_code == 422
    assert browser.get(place(document_id, "thumbnail")).status_code == 422
    assert browser.get(place(document_id, "content")).headers["content-disposition"].startswith("attachment")


def test_a_preview_that_is_being_made_says_so_and_looks_again(site, browser):
    document_id = brought(site, browser, "photo.png", photo(), made=False)
    page = browser.get(f"/documents/{document_id}").text
    assert "The preview is being made" in page
    assert "again." in page


@pytest.mark.promise(34)
@pytest.mark.parametrize(
    ("scan", "note", "words"),
    [
        ("waiting", None, "This file is being checked for malware."),
        ("waiting", "away", "the scanner does not answer"),
        ("failed", "large", "larger than the malware scanner takes"),
        ("infected", "Eicar-Test-Signature", "This file contains malware (Eicar-Test-Signature)."),
    ],
)
def test_a_closed_file_says_why_and_offers_nothing_of_itself(site, browser, scan, note, words):
    document_id = brought(site, browser, "notes.txt", b"the words inside")
    scanned(site, scan, note)
    page = browser.get(f"/documents/{document_id}")
    assert page.status_code == 200
    assert words in page.text
    assert "the words inside" not in page.text
    assert "/content" not in page.text
    assert browser.get(place(document_id, "content")).status_code == 409
    assert browser.get(f"/documents/{document_id}/text").status_code == 409


def test_without_a_scanner_the_page_says_that_nobody_looked(site, browser):
    document_id = brought(site, browser, "notes.txt", b"the words inside")
    assert "This file was not scanned for malware." in browser.get(f"/documents/{document_id}").text


def test_a_list_shows_thumbnails_lazily_and_only_to_those_who_may_read(site, browser):
    document_id = brought(site, browser, "photo.png", photo())
    home = browser.get(f"/api/v1/documents/{document_id}").json()["folder_id"]
    assert f'src="{place(document_id, "thumbnail")}" alt="" width="40" height="40" loading="lazy"' in (
        browser.get(f"/folders/{home}").text
    )
    assert "/thumbnail" not in site.sign_in(site.world.officer).get(f"/folders/{home}").text
    scanned(site, "infected", "Eicar")
    page = browser.get(f"/folders/{home}").text
    assert "/thumbnail" not in page
    assert "Malware" in page
