"""Locks of file managers, by the path they lock. A lock that has run out is not there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from docvault.database.engine import Transaction
from docvault.database.tables import dav_locks

LOCKING = 7_462_113  # the number of the advisory lock: two locks at one moment see each other


@dataclass(frozen=True, slots=True)
class LockRow:
    token: str
    root: str  # the path that is locked
    person_id: str
    scope: str  # exclusive | shared
    depth: str  # 0 | infinity
    owner: bytes  # XML
    expires_at: datetime


def one_at_a_time(tx: Transaction) -> None:
    """Let no other lock be placed before this transaction ends; on SQLite nothing else is written anyway."""
    if tx.connection.dialect.name != "sqlite":
        tx.connection.execute(select(func.pg_advisory_xact_lock(LOCKING)))


def add(tx: Transaction, row: LockRow, now: datetime) -> None:
    """Keep a lock, and forget those that have run out."""
    tx.connection.execute(delete(dav_locks).where(dav_locks.c.expires_at <= now))
    tx.connection.execute(
        insert(dav_locks).values(
            token=row.token,
            root=row.root,
            person_id=row.person_id,
            scope=row.scope,
            depth=row.depth,
            owner=row.owner,
            expires_at=row.expires_at,
        )
    )


def find(tx: Transaction, token: str, now: datetime) -> LockRow | None:
    """Return the lock of a token."""
    chosen = select(dav_locks).where(dav_locks.c.token == token, dav_locks.c.expires_at > now)
    row = tx.connection.execute(chosen).one_or_none()
    return None if row is None else _row(row)


def at(tx: Transaction, root: str, now: datetime, *, itself: bool, below: bool) -> Sequence[LockRow]:
    """Return the locks of a path, and of what lies below it."""
    places = []
    if itself:
        places.append(dav_locks.c.root == root)
    if below:
        places.append(dav_locks.c.root.startswith(f"{root.rstrip('/')}/", autoescape=True))
    if not places:
        return []
    here = places[0] if len(places) == 1 else places[0] | places[1]
    chosen = select(dav_locks).where(here, dav_locks.c.expires_at > now)
    return [_row(row) for row in tx.connection.execute(chosen.order_by(dav_locks.c.token))]


def prolong(tx: Transaction, token: str, expires_at: datetime, now: datetime) -> bool:
    """Let a lock end later; False if it is not there any more."""
    alive = update(dav_locks).where(dav_locks.c.token == token, dav_locks.c.expires_at > now)
    return tx.connection.execute(alive.values(expires_at=expires_at)).rowcount == 1


def remove(tx: Transaction, token: str) -> bool:
    """End a lock; False if there was none."""
    return tx.connection.execute(delete(dav_locks).where(dav_locks.c.token == token)).rowcount == 1


def _row(row: Row[Any]) -> LockRow:
    return LockRow(**row._mapping)  # noqa: SLF001 - the public name of a row's values by column
