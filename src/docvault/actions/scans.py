"""Malware scans: a version that people brought is closed until the scanner passed it (promise 34).

The portal scans for itself, so no right is asked; every verdict is an entry. What has none stays closed and
is tried again: a scanner that is away, slow, confused or overtaxed opens nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.database import audit, quarantine, scans, search_index, work
from docvault.database.engine import Database, Transaction
from docvault.database.scans import ScanRow
from docvault.malware.clamd import Scanner, ScannerTrouble
from docvault.rules.scans import Obstacle, Scan
from docvault.values import NotFound
from docvault.vault.errors import Destroyed
from docvault.vault.files import Vault

RESTS = timedelta(minutes=2)  # a version waiting this long has lost its job, or its job gave up
FAILED_RESTS = timedelta(hours=1)  # until the scanner is asked again about what it could not judge
AT_ONCE = 200  # versions asked for again at a time
LATE = timedelta(minutes=15)  # a version waiting this long is an alarm
JUDGED = frozenset({Obstacle.LARGE})  # it will not be otherwise before somebody changes the scanner


@dataclass(frozen=True, slots=True)
class Progress:
    """One version that was scanned by hand."""

    version_id: str
    scan: Scan
    note: str | None


def scanner_state(db: Database, scanner: Scanner | None) -> str:
    """Return none, ok, or unavailable while files wait for verdicts; the scanner itself is not asked."""
    if scanner is None:
        return "none"
    with db.reading() as tx:
        return "unavailable" if scans.is_in_trouble(tx) else "ok"


def scan_version(
    db: Database, vault: Vault, scanner: Scanner, *, version_id: str, again: bool = False, now: datetime
) -> Scan:
    """Scan one version and write down the verdict. again: even if there is one already.

    A version that had passed stays open while it is scanned again. Raises NotFound, ScannerTrouble, and what
    reading raises; there is no verdict then, and the version stays as closed or open as it was.
    """
    with db.reading() as tx:
        row = scans.for_scanning(tx, version_id)
    if row.scan in {Scan.CLEAN, Scan.INFECTED} and not again:
        return Scan(row.scan)
    opened = vault.open_for_scanning(db, version_id)
    try:
        signatures = scanner.signatures()
        scanner.prove()
        found = scanner.scan(opened.range(0, opened.size), opened.size)
    except ScannerTrouble as trouble:
        _note_trouble(db, row, trouble, now)
        raise
    scan = Scan.INFECTED if found else Scan.CLEAN
    _keep(db, vault, row, scan, found, signatures, now)
    return scan


def scan_all(
    db: Database, vault: Vault, scanner: Scanner, *, everything: bool, now: datetime
) -> Iterator[Progress]:
    """Scan what was never passed, or everything again because the signatures changed. Yields as it goes.

    Raises ScannerTrouble when the scanner itself is away, slow or does not work.
    """
    after = ""
    while True:
        with db.reading() as tx:
            found = scans.to_scan(tx, everything=everything, after=after, limit=AT_ONCE)
        for version_id in found:
            try:
                scan = scan_version(db, vault, scanner, version_id=version_id, again=True, now=now)
                yield Progress(version_id, scan, None)
            except ScannerTrouble as trouble:
                if trouble.obstacle not in JUDGED:
                    raise
                yield Progress(version_id, Scan.FAILED, trouble.obstacle.value)
            except (NotFound, Destroyed):
                continue  # it was removed or destroyed meanwhile
        if not found:
            return
        after = found[-1]


def scan_waiting(db: Database, scanner: Scanner, *, now: datetime) -> int:
    """Ask again for what waits, if the scanner works, and return how much. Raises ScannerTrouble."""
    with db.reading() as tx:
        waiting = scans.waiting(tx, now - RESTS, now - FAILED_RESTS, AT_ONCE)
    if not waiting:
        return 0
    scanner.prove()
    with db.transaction() as tx:
        for version_id in waiting:
            work.enqueue(tx, work.ScanVersion(version_id))
    return len(waiting)


def begin_or_end(db: Database, *, scanning: bool) -> None:
    """Close what was never scanned where a scanner is configured, and open it where none is any more."""
    with db.transaction() as tx:
        (scans.begin_scanning if scanning else scans.end_scanning)(tx)


def late(db: Database, now: datetime) -> tuple[int, int]:
    """Return how many versions have waited too long, and how many are locked because of what was found."""
    with db.reading() as tx:
        return scans.count(tx, now - LATE)


def _note_trouble(db: Database, row: ScanRow, trouble: ScannerTrouble, now: datetime) -> None:
    why = trouble.obstacle
    if why in JUDGED and row.scan not in {Scan.CLEAN, Scan.INFECTED}:
        with db.transaction() as tx:
            if scans.keep(tx, row.id, row.scan, Scan.FAILED, why.value, "", now) and row.scan_note != why:
                _record(tx, row, Scan.FAILED, why.value, "", now)
    else:
        with db.transaction() as tx:
            scans.note(tx, row.id, why.value)


def _keep(
    db: Database, vault: Vault, row: ScanRow, scan: Scan, found: str | None, signatures: str, now: datetime
) -> None:
    with db.transaction() as tx:
        if not scans.keep(tx, row.id, row.scan, scan, found, signatures, now):
            return  # another job had a verdict first
        _record(tx, row, scan, found, signatures, now)
        if scan is Scan.INFECTED and row.scan != Scan.INFECTED:
            quarantine.tell(tx, vault.records, row, found or "", now)
        if scan is Scan.CLEAN and row.purpose == "original":
            work.enqueue(tx, work.MakeRenditions(row.id))
            search_index.ask(tx, row.document_id, now)


def _record(
    tx: Transaction, row: ScanRow, scan: Scan, note: str | None, signatures: str, now: datetime
) -> None:
    audit.append(
        tx,
        Kind.DOCUMENT_SCANNED,
        at=now,
        object_type="document",
        object_id=row.document_id,
        organisation_id=row.organisation_id,
        facts={
            "folder": row.folder_id,
            "number": row.number,
            "purpose": row.purpose,
            "result": scan.value,
            "note": note or "",
            "signatures": signatures,
        },
        private={"name": row.document_name},
    )
