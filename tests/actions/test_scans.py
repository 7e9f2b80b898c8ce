"""Nothing of a version is readable before the malware scanner passed it; what it finds stays locked (promise 34)."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

import clamd
import docvault
from docvault.actions import documents as reading
from docvault.actions.documents import open_pages, page_image, page_text, read_document, show_document
from docvault.actions.drafts import NewRecipient, create_envelope
from docvault.actions.renditions import make_renditions
from docvault.actions.scans import (
    begin_or_end,
    late,
    scan_all,
    scan_version,
    scan_waiting,
    scanner_state,
)
from docvault.database import documents, messages, tables
from docvault.malware.clamd import EICAR, Clamd, ScannerTrouble
from docvault.rules.scans import Obstacle, Scan
from docvault.values import NotFound
from docvault.vault import pages
from docvault.vault.errors import NotScanned, Quarantined
from docvault.vault.renditions import THUMBNAIL, open_rendition, text_of

from .papers_kept import put_in_bin, run_jobs
from .test_documents import brought, written_pdf
from .world import NOW, queued, standing

LATER = NOW.replace(hour=20)


@pytest.fixture
def world(tmp_path, database_url):
    for made in standing(tmp_path, database_url):
        made.vault._scanning = True
        yield made


@pytest.fixture(scope="module")
def scanner(clamd_address):
    return Clamd.of(clamd_address)


class Trouble:
    """A scanner that has no verdict."""

    def __init__(self, obstacle):
        self.obstacle = obstacle

    def signatures(self):
        return "ClamAV of the tests"

    def prove(self):
        if self.obstacle is Obstacle.BLIND:
            raise ScannerTrouble(self.obstacle)

    def scan(self, parts, size):
        assert sum(map(len, parts)) == size
        raise ScannerTrouble(self.obstacle)


def version_of(world, view):
    with world.db.reading() as tx:
        return documents.version_id(tx, documents.for_seeing(tx, world.manager, view.id))


def state(world, view):
    version = show_document(world.db, acting=world.client, document_id=view.id).versions[0]
    return version.scan, version.scan_note


def ways_in(world, pdf, view, version_id):
    """Return every way of the actions and of the vault to read something of a document."""
    here = {"acting": world.client, "document_id": view.id, "now": NOW}
    db, vault = world.db, world.vault
    return {
        "download": lambda: read_document(db, vault, **here),
        "pages": lambda: open_pages(db, vault, pdf, **here),
        "picture": lambda: page_image(db, vault, pdf, **here, page=1, width=600),
        "text": lambda: page_text(db, vault, pdf, **here, page=1),
        "paragraphs": lambda: reading.page_paragraphs(db, vault, pdf, **here, page=1),
        "kept picture": lambda: pages.image(db, vault, pdf, version_id, page=1, width=600),
        "kept source": lambda: pages.sizes(db, vault, pdf, version_id),
        "whole text": lambda: text_of(db, vault, version_id),
        "envelope": lambda: create_envelope(
            db,
            vault,
            pdf,
            acting=world.manager,
            document_ids=[view.id],
            title="Contract",
            message="",
            recipients=[NewRecipient(world.client.person_id, 1)],
            now=NOW,
        ),
    }


@pytest.mark.promise(34)
@pytest.mark.promise(42)
def test_nothing_of_a_version_is_readable_before_it_passed(world, pdf, scanner):
    view = brought(world, pdf, "Contract.pdf", written_pdf("Payment within thirty days"))
    version_id = version_of(world, view)
    assert state(world, view) == ("waiting", None)
    make_renditions(world.db, world.vault, pdf, None, version_id=version_id, now=NOW)
    for name, way in ways_in(world, pdf, view, version_id).items():
        with pytest.raises(NotScanned, match="is being checked"):
            pytest.fail(f"{name} opened: {way()}")
    assert world.rows()["renditions"] == 0
    assert scan_version(world.db, world.vault, scanner, version_id=version_id, now=NOW) is Scan.CLEAN
    assert queued(world.db, "name") == ["scan_version", "make_renditions"]
    for way in ways_in(world, pdf, view, version_id).values():
        way()


@pytest.mark.promise(34)
@pytest.mark.promise(42)
def test_what_is_found_later_locks_the_version_and_all_that_was_made_of_it(world, pdf, scanner):
    view = brought(world, pdf, "Contract.pdf", written_pdf("Payment within thirty days"))
    version_id = version_of(world, view)
    scan_version(world.db, world.vault, scanner, version_id=version_id, now=NOW)
    make_renditions(world.db, world.vault, pdf, None, version_id=version_id, now=NOW)
    for way in ways_in(world, pdf, view, version_id).values():
        way()  # now the vault's memory holds pictures and sources

    class Newer(Trouble):
        def scan(self, parts, size):
            return "Win.Found.Later"

    scan_version(world.db, world.vault, Newer(None), version_id=version_id, again=True, now=NOW)
    for name, way in ways_in(world, pdf, view, version_id).items():
        with pytest.raises(Quarantined, match=r"Win\.Found\.Later"):
            pytest.fail(f"{name} opened: {way()}")
    with pytest.raises(Quarantined):
        open_rendition(world.db, world.vault, version_id, THUMBNAIL)


@pytest.mark.promise(34)
def test_malware_is_locked_recorded_and_told(world, pdf, scanner):
    view = brought(world, pdf, "invoice.txt", b"Dear all, " + EICAR)
    scan_version(world.db, world.vault, scanner, version_id=version_of(world, view), now=NOW)
    assert state(world, view)[0] == "infected"
    assert "Eicar-Test-Signature" in state(world, view)[1]
    with world.db.reading() as tx:
        entries = tables.audit_entries.c
        row = tx.connection.execute(
            select(entries.leaf).where(entries.kind == "document:scanned")
        ).scalar_one()
        told = {
            one.recipient: one.values
            for one in messages.newest(tx, world.vault.records, limit=50).items
            if one.template == "malware_found"
        }
    assert b'"result":"infected"' in row
    assert b"Eicar-Test-Signature" in row
    assert set(told) == {world.client.email, world.manager.email, world.administrator.email}
    assert told[world.client.email]["title"] == "invoice.txt"
    assert told[world.administrator.email]["title"] == ""  # administrators see no documents
    assert queued(world.db, "name").count("make_renditions") == 0


@pytest.mark.promise(34)
@pytest.mark.promise(85)
@pytest.mark.parametrize("obstacle", Obstacle)
def test_without_a_verdict_it_stays_closed_says_why_and_is_tried_again(world, pdf, scanner, obstacle):
    view = brought(world, pdf, "notes.txt", b"nothing to see")
    version_id = version_of(world, view)
    for _ in range(2):
        with pytest.raises(ScannerTrouble):
            scan_version(world.db, world.vault, Trouble(obstacle), version_id=version_id, now=NOW)
    assert state(world, view) == ("failed" if obstacle is Obstacle.LARGE else "waiting", obstacle.value)
    assert [kind for kind, _ in world.entries()].count("document:scanned") == (obstacle is Obstacle.LARGE)
    with pytest.raises(NotScanned, match="scanner"):
        read_document(world.db, world.vault, acting=world.client, document_id=view.id, now=NOW)
    assert late(world.db, LATER) == (1, 0)
    assert scan_waiting(world.db, scanner, now=LATER) == 1
    scan_version(world.db, world.vault, scanner, version_id=version_id, now=NOW)
    read_document(world.db, world.vault, acting=world.client, document_id=view.id, now=NOW)
    assert late(world.db, LATER) == (0, 0)
    assert scan_waiting(world.db, scanner, now=LATER) == 0


@pytest.mark.promise(85)
def test_readiness_tells_of_files_that_wait_for_verdicts_until_there_is_one(world, pdf, scanner):
    assert scanner_state(world.db, None) == "none"
    version_id = version_of(world, brought(world, pdf, "notes.txt", b"nothing to see"))
    assert scanner_state(world.db, scanner) == "ok"  # it waits its turn: that is no trouble
    with pytest.raises(ScannerTrouble):
        scan_version(world.db, world.vault, Trouble(Obstacle.AWAY), version_id=version_id, now=NOW)
    assert scanner_state(world.db, scanner) == "unavailable"
    scan_version(world.db, world.vault, scanner, version_id=version_id, now=NOW)
    assert scanner_state(world.db, scanner) == "ok"


@pytest.mark.promise(85)
def test_trouble_while_scanning_again_leaves_a_passed_version_open(world, pdf, scanner):
    view = brought(world, pdf, "notes.txt", b"nothing to see")
    version_id = version_of(world, view)
    scan_version(world.db, world.vault, scanner, version_id=version_id, now=NOW)
    for obstacle in Obstacle:
        with pytest.raises(ScannerTrouble):
            scan_version(world.db, world.vault, Trouble(obstacle), version_id=version_id, again=True, now=NOW)
    assert state(world, view)[0] == "clean"


def test_switching_scanning_on_closes_what_nobody_scanned_and_off_opens_it(world, pdf, scanner):
    world.vault._scanning = False
    view = brought(world, pdf, "notes.txt", b"nothing to see")
    assert state(world, view)[0] == "unscanned"
    begin_or_end(world.db, scanning=True)
    assert state(world, view)[0] == "waiting"
    begin_or_end(world.db, scanning=False)
    assert state(world, view)[0] == "unscanned"
    read_document(world.db, world.vault, acting=world.client, document_id=view.id, now=NOW)


def test_everything_is_scanned_again_on_request(world, pdf, scanner):
    old = brought(world, pdf, "old.txt", b"nothing to see")
    bad = brought(world, pdf, "bad.txt", clamd.OURS)
    done = {
        one.version_id: one.scan
        for one in scan_all(world.db, world.vault, scanner, everything=False, now=NOW)
    }
    assert done == {version_of(world, old): Scan.CLEAN, version_of(world, bad): Scan.INFECTED}
    with world.db.transaction() as tx:
        tx.connection.execute(update(tables.versions).values(scan="clean"))
    assert not list(scan_all(world.db, world.vault, scanner, everything=False, now=NOW))
    again = list(scan_all(world.db, world.vault, scanner, everything=True, now=NOW))
    assert sorted(one.scan for one in again) == [Scan.CLEAN, Scan.INFECTED]


@pytest.mark.promise(34)
def test_what_was_destroyed_waits_for_no_scan_and_stops_none(world, pdf, scanner):
    gone = brought(world, pdf, "gone.txt", b"gone before anybody looked")
    bad = brought(world, pdf, "bad.txt", clamd.OURS)
    scan_version(world.db, world.vault, scanner, version_id=version_of(world, bad), now=NOW)
    left = brought(world, pdf, "left.txt", b"left")
    forgotten = [version_of(world, each) for each in (gone, bad)]
    for each in (gone, bad):
        put_in_bin(world, each.id, by=world.manager.person_id)
    run_jobs(world, NOW + timedelta(days=31))
    for version_id in forgotten:
        with pytest.raises(NotFound):
            scan_version(world.db, world.vault, scanner, version_id=version_id, again=True, now=LATER)
    assert late(world.db, LATER) == (1, 0)
    assert scan_waiting(world.db, scanner, now=LATER) == 1
    done = list(scan_all(world.db, world.vault, scanner, everything=True, now=LATER))
    assert [one.version_id for one in done] == [version_of(world, left)]


def test_only_the_scanner_and_checks_open_what_nobody_has_passed():
    source = Path(docvault.__file__).parent
    users = [path.stem for path in source.rglob("*.py") if ".open_for_scanning(" in path.read_text()]
    assert sorted(users) == ["backups", "invariants", "scans"]  # none gives a byte of it to anybody
