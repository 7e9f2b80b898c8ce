"""Which folders still wait for a new key, which versions for theirs, and which folder keys nothing needs.

A round that was killed finds here what is left of it: nothing else is noted anywhere.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, select

from docvault.database.engine import Transaction
from docvault.database.tables import documents, folder_keys, folders, versions


def waiting(tx: Transaction, since: datetime, limit: int) -> Sequence[str]:
    """Return folders whose newest key is from before `since`."""
    key = folder_keys.c
    old = select(key.folder_id).group_by(key.folder_id).having(func.max(key.created_at) < since)
    return tx.connection.execute(old.order_by(key.folder_id).limit(limit)).scalars().all()


def count_waiting(tx: Transaction, since: datetime) -> int:
    """Return how many folders and versions a round that began at `since` has before it, at least."""
    key = folder_keys.c
    old = select(key.folder_id).group_by(key.folder_id).having(func.max(key.created_at) < since).subquery()
    inside = (
        select(func.count())
        .select_from(versions)
        .join(documents, versions.c.document_id == documents.c.id)
        .where(documents.c.folder_id.in_(select(old.c.folder_id)))
    )
    folders_left = tx.connection.execute(select(func.count()).select_from(old)).scalar_one()
    return int(folders_left) + int(tx.connection.execute(inside).scalar_one()) + len(behind(tx, None, None))


def behind(tx: Transaction, after: tuple[str, str] | None, limit: int | None) -> Sequence[tuple[str, str]]:
    """Return document and id of versions whose key is under an older key of their folder, in this order."""
    names = (versions.c.document_id, versions.c.id)
    chosen = (
        select(*names)
        .join_from(versions, documents, versions.c.document_id == documents.c.id)
        .where(
            versions.c.key_generation < _newest(documents.c.folder_id),
            func.length(versions.c.wrapped_key) > 0,
        )
    )
    if after is not None:
        chosen = chosen.where((names[0] > after[0]) | ((names[0] == after[0]) & (names[1] > after[1])))
    rows = tx.connection.execute(chosen.order_by(*names).limit(limit)).all()
    return [(row.document_id, row.id) for row in rows]


def tally(tx: Transaction) -> tuple[int, int, int, datetime | None]:
    """Return how many folders there are, how many older keys, how many versions under these, and since when
    the oldest key of all is there.
    """
    count = tx.connection.execute(select(func.count()).select_from(folders)).scalar_one()
    total = tx.connection.execute(select(func.count()).select_from(folder_keys)).scalar_one()
    oldest = tx.connection.execute(select(func.min(folder_keys.c.created_at))).scalar_one()
    return int(count), int(total) - int(count), len(behind(tx, None, None)), oldest


def destroy_unneeded(tx: Transaction, settled: datetime) -> int:
    """Remove older keys that no version needs, where the newest is from before `settled`; return how many."""
    newer = folder_keys.alias()
    later = exists().where(
        newer.c.folder_id == folder_keys.c.folder_id,
        newer.c.generation > folder_keys.c.generation,
        newer.c.created_at <= settled,
    )
    return tx.connection.execute(delete(folder_keys).where(later, ~_needed())).rowcount


def _needed() -> ColumnElement[bool]:
    of_it = and_(
        versions.c.document_id == documents.c.id,
        documents.c.folder_id == folder_keys.c.folder_id,
        versions.c.key_generation == folder_keys.c.generation,
    )
    return exists(select(versions.c.id).where(of_it).correlate(folder_keys))


def _newest(folder_id: ColumnElement[Any]) -> Any:
    key = folder_keys.alias()
    chosen: Select[Any] = select(func.max(key.c.generation)).where(key.c.folder_id == folder_id)
    return chosen.correlate(documents).scalar_subquery()
