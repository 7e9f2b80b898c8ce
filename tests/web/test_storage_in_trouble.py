"""Promise 85 for the store of files: away, silent, lying, full or closed to us; the rest of the portal goes on."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

import faults
from docvault.blobs.bucket import Bucket
from docvault.blobs.s3 import S3Blobs
from docvault.database import tables

from . import portal as portals

pytestmark = pytest.mark.promise(85)

WHOLE = b"Twelve pages about turbines. " * 400


@pytest.fixture(scope="module")
def proxy(s3_server):
    with faults.proxy(s3_server.port) as made:
        yield made


@pytest.fixture
def between(proxy):
    yield proxy
    proxy.trouble("pass")
    proxy.change = bytes


@pytest.fixture(scope="module")
def bucket(s3_server, proxy):
    return replace(s3_server.bucket(), endpoint=proxy.address)


@pytest.fixture(scope="module")
def whole_site(tmp_path_factory, pdf):
    yield from portals.standing(tmp_path_factory.mktemp("trouble"), pdf)


@pytest.fixture
def site(whole_site, bucket):
    """One portal for all of these tests, whose files lie in a bucket behind the proxy."""
    whole_site.portal.vault.blobs = S3Blobs(bucket, pause=0)
    return whole_site


@pytest.fixture
def browser(site):
    return site.sign_in(site.world.client)


@pytest.fixture
def folder(site):
    return portals.folder(site.sign_in(site.world.manager), site)


@pytest.fixture
def document(browser, folder):
    return portals.upload(browser, folder, "turbines.txt", WHOLE)


def content(browser, document):
    return browser.get(f"/api/v1/documents/{document}/versions/1/content")


def refused(answer, status, slug, words):
    assert answer.status_code == status, answer.text
    assert answer.json()["type"].endswith(slug)
    assert words in answer.json()["detail"]


def what_is_kept(site):
    with site.world.db.reading() as tx:
        return {
            name: tx.connection.execute(
                select(func.count()).select_from(tables.METADATA.tables[name])
            ).scalar_one()
            for name in ("documents", "versions", "uploads", "audit_entries")
        }


def test_people_come_in_and_look_around_while_the_store_is_away(site, browser, folder, document, between):
    between.trouble("reset")
    newcomer = site.sign_in(site.world.manager)
    for path in ("/", "/folders", f"/folders/{folder}", f"/documents/{document}", "/account"):
        assert newcomer.get(path).status_code == 200, path
    assert site.visit().get("/login").status_code == 200
    ready = site.visit().get("/health/ready")
    assert (ready.status_code, ready.json()) == (
        200,
        {"status": "ok", "storage": "unavailable", "scanner": "none"},
    )
    refused(content(browser, document), 503, "storage-away", "cannot be reached right now")
    between.trouble("pass")
    assert content(browser, document).content == WHOLE


def test_an_upload_waits_for_the_store_and_goes_on_where_it_was(site, browser, folder, document, between):
    url = portals.begin(browser, len(WHOLE), folder=folder, filename="more.txt").headers["location"]
    kept = what_is_kept(site)
    between.trouble("reset")
    refused(portals.send_part(browser, url, 0, WHOLE), 503, "storage-away", "try again")
    assert browser.head(url, headers=portals.TUS).headers["upload-offset"] == "0"
    assert what_is_kept(site) == kept
    between.trouble("pass")
    assert portals.send_part(browser, url, 0, WHOLE).status_code == 204


def test_a_silent_store_is_given_up_on(site, browser, document, bucket, between, monkeypatch):
    made = Bucket.client
    impatient = {"tries": 1, "connect": 0.3, "read": 0.3}
    monkeypatch.setattr(Bucket, "client", lambda self, **_given: made(self, **impatient))
    site.portal.vault.blobs = S3Blobs(bucket, pause=0)
    between.trouble("silent")
    refused(content(browser, document), 503, "storage-away", "cannot be reached right now")


def test_other_bytes_than_were_stored_are_never_shown(browser, document, between):
    def lie(piece):
        return piece[:-1] + bytes([piece[-1] ^ 1]) if len(piece) > 2000 else piece

    between.change = lie
    refused(content(browser, document), 503, "file-damaged", "tell an administrator")


def test_a_missing_object_is_said_to_be_missing(site, browser, document):
    for key in list(site.portal.vault.blobs.list("")):
        site.portal.vault.blobs.delete(key)
    refused(content(browser, document), 503, "file-damaged", "missing from the store")


@pytest.mark.parametrize(
    ("status", "code", "answered", "slug", "words"),
    [
        (507, "InsufficientStorage", 507, "storage-full", "no room left"),
        (403, "InvalidAccessKeyId", 503, "storage-away", "tell an administrator"),
    ],
)
def test_a_full_or_closed_store_takes_nothing_and_says_so(
    site, browser, folder, status, code, answered, slug, words
):
    begun = portals.begin(browser, len(WHOLE), folder=folder, filename="more.txt")
    kept = what_is_kept(site)
    with faults.answering(status, code) as address:
        site.portal.vault.blobs = S3Blobs(
            Bucket("first", "", address, access_key="a", secret_key="b"), pause=0
        )
        refused(portals.send_part(browser, begun.headers["location"], 0, WHOLE), answered, slug, words)
    assert what_is_kept(site) == kept
