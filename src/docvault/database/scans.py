"""What a malware scanner said of versions. What waits is the list of its work: none is forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, func, or_, select, true, update

from docvault.database import work
from docvault.database.engine import Transaction
from docvault.database.tables import documents, folders, renditions, versions
from docvault.database.versions import STORED
from docvault.rules.scans import Obstacle, Scan
from docvault.values import NotFound

OPEN_ENDED = (Scan.WAITING.value, Scan.FAILED.value)  # closed, and without a verdict

# Of what was destroyed nothing is left to look at: it waits for nobody.
_IS_THERE = ~exists().where(documents.c.id == versions.c.document_id, documents.c.disposed_at.is_not(None))


@dataclass(frozen=True, slots=True)
class ScanRow:
    """A stored version as the scanner's work needs it."""

    id: str
    document_id: str
    document_name: str
    folder_id: str
    organisation_id: str
    purpose: str
    number: int
    scan: str
    scan_note: str | None
    created_by: str | None


def arrived(tx: Transaction, version_id: str, *, scanning: bool) -> None:
    """Have a version that just became whole scanned, or made presentable at once where nobody scans."""
    if scanning:
        tx.connection.execute(
            update(versions).where(versions.c.id == version_id).values(scan=Scan.WAITING.value)
        )
        work.enqueue(tx, work.ScanVersion(version_id))
    else:
        work.enqueue(tx, work.MakeRenditions(version_id))


def for_scanning(tx: Transaction, version_id: str) -> ScanRow:
    """Return a stored version for the scanner. Raises NotFound, also once it was destroyed."""
    chosen = (
        select(
            versions.c.id,
            versions.c.document_id,
            documents.c.name.label("document_name"),
            documents.c.folder_id,
            folders.c.organisation_id,
            versions.c.purpose,
            versions.c.number,
            versions.c.scan,
            versions.c.scan_note,
            versions.c.created_by,
        )
        .join_from(versions, documents, versions.c.document_id == documents.c.id)
        .join(folders, documents.c.folder_id == folders.c.id)
        .where(versions.c.id == version_id, versions.c.state == STORED, documents.c.disposed_at.is_(None))
    )
    row = tx.connection.execute(chosen).mappings().one_or_none()
    if row is None:
        raise NotFound
    return ScanRow(**row)


def keep(
    tx: Transaction,
    version_id: str,
    before: str,
    scan: Scan,
    note: str | None,
    signatures: str,
    now: datetime,
) -> bool:
    """Write down a verdict on a version that was `before`; False if another one came first."""
    changed = tx.connection.execute(
        update(versions)
        .where(versions.c.id == version_id, versions.c.scan == before)
        .values(scan=scan.value, scan_note=note, scan_signatures=signatures, scanned_at=now)
    )
    return changed.rowcount == 1


def note(tx: Transaction, version_id: str, why: str) -> None:
    """Say why a version still has no verdict."""
    tx.connection.execute(
        update(versions)
        .where(versions.c.id == version_id, versions.c.scan == Scan.WAITING.value)
        .values(scan_note=why)
    )


def is_in_trouble(tx: Transaction) -> bool:
    """Tell whether files wait because the scanner gives no verdicts."""
    no_verdict = (Obstacle.AWAY, Obstacle.SLOW, Obstacle.UNCLEAR, Obstacle.BLIND)
    stuck = exists().where(
        versions.c.scan == Scan.WAITING.value, versions.c.scan_note.in_(no_verdict), _IS_THERE
    )
    return bool(tx.connection.execute(select(stuck)).scalar_one())


def waiting(tx: Transaction, before: datetime, failed_before: datetime, limit: int) -> Sequence[str]:
    """Return versions from before `before` without a verdict, the newest first.

    failed_before: when the scanner was asked last about what it could not judge.
    """
    resting = and_(versions.c.scan == Scan.WAITING.value, versions.c.created_at < before)
    failed = and_(versions.c.scan == Scan.FAILED.value, versions.c.scanned_at < failed_before)
    chosen = (
        select(versions.c.id)
        .where(or_(resting, failed), versions.c.state == STORED, _IS_THERE)
        .order_by(versions.c.created_at.desc())
        .limit(limit)
    )
    return tx.connection.execute(chosen).scalars().all()


def to_scan(tx: Transaction, *, everything: bool, after: str, limit: int) -> Sequence[str]:
    """Return versions to scan by hand, by id from `after` on; renditions go with what they were made of."""
    is_rendition = (
        select(renditions.c.rendition_id).where(renditions.c.rendition_id == versions.c.id).exists()
    )
    wanted = true() if everything else versions.c.scan != Scan.CLEAN.value
    chosen = (
        select(versions.c.id)
        .where(versions.c.state == STORED, versions.c.id > after, wanted, ~is_rendition, _IS_THERE)
        .order_by(versions.c.id)
        .limit(limit)
    )
    return tx.connection.execute(chosen).scalars().all()


def count(tx: Transaction, since: datetime) -> tuple[int, int]:
    """Return how many versions have had no verdict since before `since`, and how many are infected."""
    late = and_(versions.c.scan.in_(OPEN_ENDED), versions.c.created_at < since)
    infected = versions.c.scan == Scan.INFECTED.value
    chosen = select(func.count().filter(late), func.count().filter(infected)).where(
        versions.c.scan.in_((*OPEN_ENDED, Scan.INFECTED.value)), versions.c.state == STORED, _IS_THERE
    )
    row = tx.connection.execute(chosen).one()
    return int(row[0]), int(row[1])


def begin_scanning(tx: Transaction) -> None:
    """Close what people brought while nobody scanned, until it was scanned."""
    tx.connection.execute(
        update(versions)
        .where(
            versions.c.scan == Scan.UNSCANNED.value,
            versions.c.purpose.in_(("original", "attachment", "paper")),
        )
        .values(scan=Scan.WAITING.value)
    )


def end_scanning(tx: Transaction) -> None:
    """Open what nobody will scan any more; what was found stays closed."""
    tx.connection.execute(
        update(versions)
        .where(versions.c.scan.in_(OPEN_ENDED))
        .values(scan=Scan.UNSCANNED.value, scan_note=None)
    )
