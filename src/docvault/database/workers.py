"""The pulse of every running worker, so that the jobs of one that stopped can be taken over."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update

from docvault.database.engine import Transaction
from docvault.database.tables import workers


def beat(tx: Transaction, executor_id: str, now: datetime) -> None:
    """Say that this worker is alive."""
    known = update(workers).where(workers.c.executor_id == executor_id).values(seen_at=now)
    if tx.connection.execute(known).rowcount == 0:
        tx.connection.execute(insert(workers).values(executor_id=executor_id, started_at=now, seen_at=now))


def leave(tx: Transaction, executor_id: str) -> None:
    """Say that this worker has ended in order."""
    tx.connection.execute(delete(workers).where(workers.c.executor_id == executor_id))


def alive(tx: Transaction, since: datetime) -> list[str]:
    """Return the workers seen at `since` or later, the longest running first."""
    chosen = select(workers.c.executor_id).where(workers.c.seen_at >= since)
    return list(tx.connection.execute(chosen.order_by(workers.c.started_at, workers.c.executor_id)).scalars())


def forget_dead(tx: Transaction, before: datetime) -> int:
    """Remove workers not seen since `before`, and return how many."""
    return tx.connection.execute(delete(workers).where(workers.c.seen_at < before)).rowcount
