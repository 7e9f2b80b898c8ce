"""Which stored versions the object store keeps from being removed, until when, and when to look again.

`asked_until` is written before the first object is locked, `locked_until` after the last one: what removes
objects goes by the first, so that nothing is removed in part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, insert, or_, select, union, update

from docvault.database import holds
from docvault.database.engine import Transaction
from docvault.database.tables import (
    Moment,
    documents,
    envelope_documents,
    envelopes,
    folders,
    object_locks,
    versions,
)

COMPLETED = "completed"
PAGE = 500  # rows of one statement


@dataclass(frozen=True, slots=True)
class Locked:
    """A stored version whose objects are locked, or are to be."""

    version_id: str
    document_id: str
    blob: str
    segments: int
    asked_until: datetime | None
    locked_until: datetime | None


def note(tx: Transaction, version_ids: Sequence[str], now: datetime) -> None:
    """Note these, to be looked at now."""
    rows = [{"version_id": version_id, "look_at": now} for version_id in version_ids]
    tx.connection.execute(insert(object_locks), rows)


def unnoted(tx: Transaction) -> Sequence[str]:
    """Return some versions that completed envelopes ended with, document or certificate, and nobody noted."""
    columns = (envelope_documents.c.signed_version_id, envelopes.c.certificate_version_id)
    ended = union(  # each once: every document of an envelope stands beside the same certificate
        *(
            select(column.label("id"))
            .join_from(envelopes, envelope_documents, envelope_documents.c.envelope_id == envelopes.c.id)
            .where(
                envelopes.c.state == COMPLETED,
                column.is_not(None),
                ~exists().where(object_locks.c.version_id == column),
            )
            for column in columns
        )
    ).subquery()
    return tx.connection.execute(select(ended.c.id).limit(PAGE)).scalars().all()


def due(tx: Transaction, now: datetime, limit: int) -> Sequence[Locked]:
    """Return those to look at, the longest waiting first; what was destroyed is not locked any longer."""
    chosen = (
        _question()
        .where(object_locks.c.look_at <= now, documents.c.disposed_at.is_(None))
        .order_by(object_locks.c.look_at, object_locks.c.version_id)
        .limit(limit)
    )
    return [Locked(**row) for row in tx.connection.execute(chosen).mappings()]


def ask(tx: Transaction, version_id: str, until: datetime) -> None:
    """Say that the objects of a version are about to be locked."""
    asked = update(object_locks).where(object_locks.c.version_id == version_id)
    tx.connection.execute(asked.values(asked_until=until))


def confirm(tx: Transaction, version_id: str, until: datetime) -> None:
    """Say that every object of a version is locked."""
    done = update(object_locks).where(object_locks.c.version_id == version_id)
    tx.connection.execute(done.values(locked_until=until))


def look_again(tx: Transaction, version_ids: Sequence[str], at: datetime) -> None:
    """Look at these again at a moment."""
    chosen = update(object_locks).where(object_locks.c.version_id.in_(version_ids))
    tx.connection.execute(chosen.values(look_at=at))


def hold_began(tx: Transaction, now: datetime) -> None:
    """Look at what holds cover, at once: it may have to be locked for longer."""
    held = (
        select(versions.c.id)
        .join_from(versions, documents, documents.c.id == versions.c.document_id)
        .join(folders, folders.c.id == documents.c.folder_id)
        .where(holds.covers(documents, folders, now))
    )
    tx.connection.execute(update(object_locks).where(object_locks.c.version_id.in_(held)).values(look_at=now))


def day_was_set(tx: Transaction, document_id: str, now: datetime) -> None:
    """Look at a document whose retention was changed, at once."""
    mine = select(versions.c.id).where(versions.c.document_id == document_id)
    tx.connection.execute(update(object_locks).where(object_locks.c.version_id.in_(mine)).values(look_at=now))


def last_of(tx: Transaction, document_id: str, now: datetime) -> datetime | None:
    """Return until when the store keeps something of a document; None if it may go now."""
    chosen = (
        select(func.max(object_locks.c.asked_until, type_=Moment))
        .join_from(object_locks, versions, versions.c.id == object_locks.c.version_id)
        .where(versions.c.document_id == document_id, object_locks.c.asked_until > now)
    )
    found: datetime | None = tx.connection.execute(chosen).scalar_one()
    return found


def keeps(version: ColumnElement[str], now: datetime) -> ColumnElement[bool]:
    """Return the condition for versions that the store keeps, at least in part."""
    return exists().where(object_locks.c.version_id == version, object_locks.c.asked_until > now)


def kept_blobs(tx: Transaction, blobs: Sequence[str], now: datetime) -> frozenset[str]:
    """Return those of `blobs` that the store keeps, at least in part."""
    chosen = select(versions.c.blob).where(versions.c.blob.in_(blobs), keeps(versions.c.id, now))
    return frozenset(tx.connection.execute(chosen).scalars())


def in_force(tx: Transaction, now: datetime, after: str) -> Sequence[Locked]:
    """Return the next ones by id that are locked, also of what was destroyed."""
    chosen = _question().where(object_locks.c.locked_until > now, object_locks.c.version_id > after)
    rows = tx.connection.execute(chosen.order_by(object_locks.c.version_id).limit(PAGE))
    return [Locked(**row) for row in rows.mappings()]


def state(tx: Transaction, now: datetime, late: datetime) -> Mapping[str, int]:
    """Return how many versions are `locked`, and how many wait: since before `late`, or as locking failed."""
    unlocked = or_(
        object_locks.c.locked_until.is_(None), object_locks.c.locked_until < object_locks.c.asked_until
    )
    failed = and_(object_locks.c.look_at > now, object_locks.c.asked_until.is_not(None), unlocked)
    lasting = select(func.count()).where(object_locks.c.locked_until > now)
    waiting = (
        select(func.count())
        .select_from(object_locks)
        .join(versions, versions.c.id == object_locks.c.version_id)
        .join(documents, documents.c.id == versions.c.document_id)
        .where(or_(object_locks.c.look_at < late, failed), documents.c.disposed_at.is_(None))
    )
    return {
        "locked": tx.connection.execute(lasting).scalar_one(),
        "waiting": tx.connection.execute(waiting).scalar_one(),
    }


def _question() -> Select[Any]:
    return (
        select(
            object_locks.c.version_id,
            versions.c.document_id,
            versions.c.blob,
            versions.c.segments,
            object_locks.c.asked_until,
            object_locks.c.locked_until,
        )
        .join_from(object_locks, versions, versions.c.id == object_locks.c.version_id)
        .join(documents, documents.c.id == versions.c.document_id)
    )
