"""What envelopes ended with is locked in the store, where it can, until retention ends; longer while held.

Done by a job, again and again, so that a crash or a store that is away delays it and loses nothing. Until
when stands in a row before the first object is locked: what removes objects never removes a part.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from docvault.audit.entries import moment
from docvault.audit.kinds import Kind
from docvault.blobs.store import BlobMissing, StoreFailed
from docvault.database import audit, object_locks, retention, versions
from docvault.database.engine import Database
from docvault.database.object_locks import Locked
from docvault.database.retention import Kept
from docvault.rules import retention as rules
from docvault.vault import locking
from docvault.vault.files import Vault

AT_ONCE = 100  # versions of one run
AGAIN = timedelta(days=1)  # when each is looked at again: schedules move, holds go on
BROKEN = timedelta(hours=1)  # and when one that is missing in the store
REFUSED = timedelta(minutes=5)  # and when one that the store would not lock: others come first
LATE = timedelta(hours=1)  # what waits for longer is told

_log = structlog.get_logger(__name__)


def lock_due(db: Database, vault: Vault, *, now: datetime) -> int:
    """Lock what is due and return how many versions that were; nothing in a store that cannot.

    Raises StoreFailed, and stops there: the next run goes on.
    """
    if not vault.blobs.can_lock():
        return 0
    with db.reading() as tx:
        new = object_locks.unnoted(tx)
    if new:
        with db.transaction() as tx:
            object_locks.note(tx, new, now)
    with db.reading() as tx:
        waiting = object_locks.due(tx, now, AT_ONCE)
    return sum(_lock(db, vault, one, now) for one in waiting)


def state(db: Database, *, now: datetime) -> Mapping[str, int]:
    """Return how many versions are `locked`, and how many are `waiting` for it too long."""
    with db.reading() as tx:
        return object_locks.state(tx, now, now - LATE)


def _lock(db: Database, vault: Vault, one: Locked, now: datetime) -> bool:
    asked = _ask(db, one, now)
    if asked is None:
        return False
    kept, until = asked
    try:
        locking.lock(vault.blobs, one, until)
    except BlobMissing:
        _log.exception("lock.object_missing", version=one.version_id)
        with db.transaction() as tx:
            object_locks.look_again(tx, [one.version_id], now + BROKEN)
        return False
    except StoreFailed:
        with db.transaction() as tx:
            object_locks.look_again(tx, [one.version_id], now + REFUSED)
        raise
    with db.transaction() as tx:
        object_locks.confirm(tx, one.version_id, until)
        object_locks.look_again(tx, [one.version_id], now + AGAIN)
        audit.append(
            tx,
            Kind.DOCUMENT_LOCKED,
            at=now,
            object_type="document",
            object_id=one.document_id,
            organisation_id=kept.organisation_id,
            facts={"version": one.version_id, "until": moment(until)},
            private={"document": kept.name},
        )
    return True


def _ask(db: Database, one: Locked, now: datetime) -> tuple[Kept, datetime] | None:
    """Write down until when a version is about to be locked; None if nothing is to be done."""
    with db.transaction() as tx:
        versions.lock_document(tx, one.document_id)
        kept = retention.of(tx, [one.document_id], now).get(one.document_id)
        if kept is None:  # destroyed meanwhile
            return None
        numbers = tx.policy.numbers.retention
        until = rules.locked_until(kept.life, numbers, now, one.asked_until)
        if until is None or until == one.locked_until:
            object_locks.look_again(tx, [one.version_id], now + AGAIN)
            return None
        object_locks.ask(tx, one.version_id, until)
        return kept, until
