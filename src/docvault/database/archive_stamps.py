"""The newest archive timestamp of each sealed file: which are to be looked at, and what was found.

A file with another timestamp is a version of its own; the one before it stays, and is looked at no more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, update

from docvault.database import work
from docvault.database.engine import Transaction
from docvault.database.tables import archive_stamps, documents, envelope_documents, envelopes, versions
from docvault.rules.archive import AGAIN, Stamp, renewal_of
from docvault.values import EnvelopeId

SIGNED, CERTIFICATE = "signed", "certificate"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed file that an envelope ended with. purpose: SIGNED or CERTIFICATE."""

    version_id: str
    envelope_id: EnvelopeId
    document_id: str
    purpose: str
    sha256: str
    awaits_others: bool
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Proof:
    """Which clock proves when a sealed file existed. clock: None until somebody has looked."""

    purpose: str
    clock: str | None
    stamped_at: datetime | None
    awaits_others: bool  # stamped by the built-in clock; one of others follows
    renewed: int  # how often another timestamp was added


def note(
    tx: Transaction,
    envelope_id: EnvelopeId,
    version_id: str,
    stamp: Stamp | None,
    *,
    others: bool,
    now: datetime,
) -> None:
    """Note a sealed file that an envelope ended with. Without a stamp it is looked at now.

    others: whether timestamp authorities of others are set.
    """
    row = {"version_id": version_id, "envelope_id": envelope_id, "awaits_others": False, "due_at": now}
    tx.connection.execute(insert(archive_stamps).values(row))
    if stamp is not None:
        examined(tx, version_id, stamp, others=others, now=now)


def due(tx: Transaction, now: datetime, limit: int) -> Sequence[str]:
    """Return versions to look at, the longest waiting first; what was destroyed needs no timestamp."""
    chosen = (
        select(archive_stamps.c.version_id)
        .join(versions, versions.c.id == archive_stamps.c.version_id)
        .join(documents, documents.c.id == versions.c.document_id)
        .where(archive_stamps.c.due_at <= now, documents.c.disposed_at.is_(None))
        .order_by(archive_stamps.c.due_at, archive_stamps.c.version_id)
        .limit(limit)
    )
    return tx.connection.execute(chosen).scalars().all()


def put_jobs(tx: Transaction, version_ids: Sequence[str], now: datetime) -> None:
    """Put a job for each of these; one that is lost is asked for again later."""
    for version_id in version_ids:
        work.enqueue(tx, work.RenewArchive(version_id))
        _change(tx, version_id, due_at=now + AGAIN)


def find(tx: Transaction, version_id: str) -> Sealed | None:
    """Return a sealed file; None if another one took its place, or its document was destroyed."""
    chosen = (
        select(
            archive_stamps.c.version_id,
            archive_stamps.c.envelope_id,
            versions.c.document_id,
            versions.c.purpose,
            versions.c.sha256,
            archive_stamps.c.awaits_others,
            archive_stamps.c.trouble,
        )
        .join_from(archive_stamps, versions, versions.c.id == archive_stamps.c.version_id)
        .join(documents, documents.c.id == versions.c.document_id)
        .where(
            archive_stamps.c.version_id == version_id,
            archive_stamps.c.due_at.is_not(None),
            documents.c.disposed_at.is_(None),
        )
    )
    row = tx.connection.execute(chosen).mappings().one_or_none()
    return None if row is None else Sealed(**row)


def examined(tx: Transaction, version_id: str, stamp: Stamp, *, others: bool, now: datetime) -> None:
    """Write what a look has found, and when the next one is due."""
    awaits = stamp.own and others
    _change(
        tx,
        version_id,
        clock=stamp.clock[:200],
        stamped_at=stamp.at,
        good_until=stamp.good_until,
        awaits_others=awaits,
        due_at=now + AGAIN if awaits else renewal_of(stamp),
        trouble=None,
    )


def note_trouble(tx: Transaction, version_id: str, trouble: str, now: datetime) -> None:
    """Say why a look or a renewal failed; it is tried again."""
    _change(tx, version_id, trouble=trouble, due_at=now + AGAIN)


def replace(tx: Transaction, old: Sealed, new_id: str) -> bool:
    """Let the envelope serve a newer file of the same; False if it serves another one by now."""
    if old.purpose == SIGNED:
        served = envelope_documents.c.signed_version_id
        chosen = update(envelope_documents).where(envelope_documents.c.envelope_id == old.envelope_id)
    else:
        served = envelopes.c.certificate_version_id
        chosen = update(envelopes).where(envelopes.c.id == old.envelope_id)
    changed = tx.connection.execute(chosen.where(served == old.version_id).values({served.name: new_id}))
    if changed.rowcount != 1:
        return False
    _change(tx, old.version_id, due_at=None, awaits_others=False, trouble=None)
    return True


def of_envelope(tx: Transaction, envelope_id: EnvelopeId) -> tuple[Proof, ...]:
    """Return the proofs of an envelope's files, those that are served alone."""
    rows = tx.connection.execute(
        select(archive_stamps, versions.c.purpose)
        .join(versions, versions.c.id == archive_stamps.c.version_id)
        .where(archive_stamps.c.envelope_id == envelope_id)
        .order_by(versions.c.number)
    ).all()
    return tuple(
        Proof(
            row.purpose,
            row.clock,
            row.stamped_at,
            row.awaits_others,
            sum(other.purpose == row.purpose and other.due_at is None for other in rows),
        )
        for row in rows
        if row.due_at is not None
    )


def state(tx: Transaction) -> Mapping[str, int]:
    """Return how many files are `awaiting` a clock of others, and how many are in `trouble`."""
    counted = {"awaiting": archive_stamps.c.awaits_others, "trouble": archive_stamps.c.trouble.is_not(None)}
    return {
        name: tx.connection.execute(
            select(func.count()).where(archive_stamps.c.due_at.is_not(None), condition)
        ).scalar_one()
        for name, condition in counted.items()
    }


def _change(tx: Transaction, version_id: str, **columns: object) -> None:
    chosen = update(archive_stamps).where(archive_stamps.c.version_id == version_id)
    tx.connection.execute(chosen.values(**columns))
