"""Every way in which something of a document's body leaves passes one gate (promise 42).

A new way belongs into WAYS. Print has no route of its own: it prints the pages below.
"""

import base64
import io
import zipfile

import pytest
from PIL import Image
from sqlalchemy import select, update

from actions.test_comparisons import paper
from actions.world import NOW
from docvault.actions.indexing import index_document
from docvault.actions.renditions import make_renditions
from docvault.database import tables, tokens
from docvault.policy.vocabulary import Permission

from . import portal as portals

WORDS = "Zanzibar lighthouse"
PDF, PHOTO, NOTE = "terms.pdf", "photo.png", "note.txt"
DAV = "/dav/Acme%20Industries/Contracts"


def within(archive, name):
    return any(each.endswith(name) for each in zipfile.ZipFile(io.BytesIO(archive)).namelist())


def version(name, what):
    return lambda ids: ("GET", f"/api/v1/documents/{ids[name]}/versions/1/{what}", None)


def compared(what):
    return lambda ids: ("GET", f"/api/v1/documents/{ids[PDF]}/{what}?from=1&to=2", None)


# How each is asked for, and whether an answer of 200 gives something of the body.
WAYS = {
    "file": (version(PDF, "content"), None),
    "page as a picture": (version(PDF, "pages/1"), None),
    "words of a page": (version(PDF, "pages/1/text"), None),
    "signatures": (version(PDF, "signatures"), None),
    "all text": (lambda ids: ("GET", f"/documents/{ids[PDF]}/text", None), None),
    "page with text": (
        lambda ids: ("GET", f"/documents/{ids[NOTE]}", None),
        lambda answer, _ids: WORDS in answer.text,
    ),
    "preview": (version(PHOTO, "picture"), None),
    "thumbnail": (version(PHOTO, "thumbnail"), None),
    "comparison": (compared("comparison"), None),
    "picture of a comparison": (compared("comparison/1"), None),
    "page of a comparison": (
        lambda ids: ("GET", f"/documents/{ids[PDF]}/compare?from=1&to=2", None),
        None,
    ),
    "ZIP of documents": (
        lambda ids: ("POST", "/api/v1/archives", {"document_ids": [ids[NOTE]]}),
        lambda answer, _ids: within(answer.content, NOTE),
    ),
    "ZIP of a folder": (
        lambda ids: ("GET", f"/api/v1/folders/{ids['folder']}/archive", None),
        lambda answer, _ids: within(answer.content, NOTE),
    ),
    "words found inside": (
        lambda _ids: ("GET", "/api/v1/search?inside=zanzibar", None),
        lambda answer, ids: ids[NOTE] in [one["id"] for one in answer.json()["items"]],
    ),
    "drive": (lambda _ids: ("GET", f"{DAV}/{NOTE}", None), None),
}
CLOSED_FOR_SCAN = [way for way in WAYS if way != "words found inside"]  # tells that, never what, is in it


@pytest.fixture(scope="module")
def stand(tmp_path_factory, pdf):
    """A portal with one of each kind of document, read, drawn and indexed once; and browsers of everybody."""
    for site in portals.standing(tmp_path_factory.mktemp("renditions"), pdf):
        manager = site.sign_in(site.world.manager)
        ids = {"folder": portals.folder(manager, site)}
        ids[PDF] = portals.upload(manager, ids["folder"], PDF, paper(WORDS, "Second"))
        ids[PHOTO] = portals.upload(manager, ids["folder"], PHOTO, photo())
        ids[NOTE] = portals.upload(manager, ids["folder"], NOTE, WORDS.encode())
        again = paper(WORDS, "Another")
        begun = portals.begin(manager, len(again), document=ids[PDF], folder=ids["folder"], filename=PDF)
        portals.send_part(manager, begun.headers["location"], 0, again)
        world, portal = site.world, site.portal
        with world.db.reading() as tx:
            made = tx.connection.execute(select(tables.versions.c.id)).scalars().all()
        for version_id in made:
            make_renditions(world.db, world.vault, portal.pdf, None, version_id=version_id, now=NOW)
        for name in (PDF, NOTE):
            index_document(world.db, world.vault, portal.pdf, document_id=ids[name])
        yield site, ids


def photo():
    content = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(content, "PNG")
    return content.getvalue()


def gives(stand, acting, way):
    """Ask as somebody, and tell whether something of a body came back."""
    site, ids = stand
    ask, shows = WAYS[way]
    method, path, body = ask(ids)
    if way == "drive":
        browser = site.visit()
        browser.headers["authorization"] = drive_password(site, acting)
    else:
        browser = site.sign_in(acting)
    answer = browser.request(method, path, json=body)
    if answer.status_code != 200:
        nothing = {422} if way.startswith("ZIP") else set()  # nothing in it may be taken
        assert answer.status_code in {401, 403, 404, 409} | nothing, answer.text
        return False
    return shows is None or shows(answer, ids)


def drive_password(site, acting):
    scopes = [Permission.FOLDER_SEE, Permission.DOCUMENT_SEE, Permission.DOCUMENT_DOWNLOAD]
    with site.world.db.transaction() as tx:
        later = NOW.replace(year=NOW.year + 1)
        password = tokens.add(tx, acting, name="Drive", scopes=scopes, expires_at=later, now=NOW)[1]
    return "Basic " + base64.b64encode(f"{acting.email}:{password}".encode()).decode()


def scanned(stand, scan):
    with stand[0].world.db.transaction() as tx:
        tx.connection.execute(update(tables.versions).values(scan=scan))


@pytest.mark.promise(42)
@pytest.mark.parametrize("way", WAYS)
def test_only_who_may_read_gets_anything_of_the_body_whatever_its_form(stand, way):
    world = stand[0].world
    for acting in (world.manager, world.client):
        assert gives(stand, acting, way), acting.name
    for acting in (world.other_manager, world.other_client, world.administrator, world.officer):
        assert not gives(stand, acting, way), acting.name


@pytest.mark.promise(34)
@pytest.mark.promise(42)
@pytest.mark.parametrize("way", CLOSED_FOR_SCAN)
@pytest.mark.parametrize("scan", ["waiting", "infected"])
def test_nobody_gets_anything_of_what_the_scanner_keeps_closed(stand, way, scan):
    scanned(stand, scan)
    try:
        assert not gives(stand, stand[0].world.manager, way)
    finally:
        scanned(stand, "unscanned")
    assert gives(stand, stand[0].world.manager, way)
