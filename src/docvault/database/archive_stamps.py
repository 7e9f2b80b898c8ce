"""The newest archive timestamp of each sealed file: which are to be looked at, and what was found.

A file with another timestamp is a version of its own; the one before it stays, and is looked at no more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, update

from docvault.database.engine import Transaction
from docvault.database.tables import archive_stamps, documents, envelope_documents, envelopes, versions
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
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Proof:
    """Which clock proves when a sealed file existed. clock: None until somebody has looked."""

    purpose: str
    clock: str | None
    stamped_at: datetime | None
    awaits_others: bool  # stamped by the built-in clock; one of others follows
    renewed: int  # how often another timestamp was added


def note(tx: Transaction, envelope_id: EnvelopeId, version_ids: Sequence[str], now: datetime) -> None:
    """Note sealed files that an envelope has ended with, to be looked at now."""
    rows = [
        {"version_id": each, "envelope_id": envelope_id, "awaits_others": False, "due_at": now}
        for each in version_ids
    ]
    tx.connection.execute(insert(archive_stamps), rows)


def due(tx: Transaction, now: datetime, limit: int) -> Sequence[Sealed]:
    """Return those to look at, the longest waiting first; what was destroyed needs no timestamp."""
    chosen = (
        select(
            archive_stamps.c.version_id,
            archive_stamps.c.envelope_id,
            versions.c.document_id,
            versions.c.purpose,
            versions.c.sha256,
            archive_stamps.c.trouble,
        )
        .join_from(archive_stamps, versions, versions.c.id == archive_stamps.c.version_id)
        .join(documents, documents.c.id == versions.c.document_id)
        .where(archive_stamps.c.due_at <= now, documents.c.disposed_at.is_(None))
        .order_by(archive_stamps.c.due_at, archive_stamps.c.version_id)
        .limit(limit)
    )
    return [Sealed(**row) for row in tx.connection.execute(chosen).mappings()]


def examined(
    tx: Transaction,
    version_id: str,
    *,
    clock: str,
    stamped_at: datetime,
    good_until: datetime,
    awaits_others: bool,
    due_at: datetime,
) -> None:
    """Write what a look has found, and when the next one is due."""
    _change(
        tx,
        version_id,
        clock=clock[:200],
        stamped_at=stamped_at,
        good_until=good_until,
        awaits_others=awaits_others,
        due_at=due_at,
        trouble=None,
    )


def note_trouble(tx: Transaction, version_id: str, trouble: str, due_at: datetime) -> None:
    """Say why a look or a renewal failed, and when it is tried again."""
    _change(tx, version_id, trouble=trouble, due_at=due_at)


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
