"""Locks that file managers place on what they edit (RFC 4918, 6): for a while, on a path, by a person.

A lock is manners between programs, not a right: what is saved in the end is what the log tells.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from docvault.database import dav_locks
from docvault.database.dav_locks import LockRow
from docvault.database.engine import Database
from docvault.policy.vocabulary import Acting
from docvault.rules import locks as rules
from docvault.rules.locks import AlreadyLocked, LockRefused

__all__ = ["AlreadyLocked", "LockRefused", "LockRow", "find", "locks_at", "place", "prolong", "remove"]


def place(
    db: Database,
    *,
    acting: Acting,
    root: str,
    scope: str,
    depth: str,
    owner: bytes,
    seconds: float,
    now: datetime,
) -> LockRow:
    """Lock a path that `acting` was shown. seconds: how long, or below zero for the longest.

    Raises LockRefused, AlreadyLocked; tried in that order.
    """
    said = rules.check_owner(owner)
    token = f"urn:uuid:{uuid.uuid4()}"  # RFC 4918, 6.5: unique for ever
    row = LockRow(token, root, acting.person_id, scope, depth, said, rules.expiry(now, seconds))
    with db.transaction() as tx:
        dav_locks.one_at_a_time(tx)
        others = dav_locks.at(tx, root, now, itself=True, below=depth == "infinity")
        rules.check_beside(scope, [other.scope for other in others])
        dav_locks.add(tx, row, now)
    return row


def find(db: Database, *, token: str, now: datetime) -> LockRow | None:
    """Return the lock of a token, which only who placed it knows."""
    with db.reading() as tx:
        return dav_locks.find(tx, token, now)


def locks_at(db: Database, *, root: str, now: datetime, itself: bool, below: bool) -> Sequence[LockRow]:
    """Return the locks of a path, and of what lies below it."""
    with db.reading() as tx:
        return dav_locks.at(tx, root, now, itself=itself, below=below)


def prolong(db: Database, *, token: str, seconds: float, now: datetime) -> LockRow | None:
    """Let a lock last longer, from now; None if it has run out."""
    with db.transaction() as tx:
        dav_locks.prolong(tx, token, rules.expiry(now, seconds), now)
        return dav_locks.find(tx, token, now)


def remove(db: Database, *, token: str) -> bool:
    """End a lock; False if there was none."""
    with db.transaction() as tx:
        return dav_locks.remove(tx, token)
