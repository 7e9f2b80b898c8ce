"""Who opened which version in which session: so that reading is one audit entry, not one a page."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from docvault.database.engine import Transaction
from docvault.database.tables import viewings
from docvault.policy.vocabulary import Acting


def known(tx: Transaction, acting: Acting, version_id: str) -> bool:
    """Return whether this session has opened the version before."""
    chosen = select(viewings.c.opened_at).where(
        viewings.c.session_id == acting.session_id, viewings.c.version_id == version_id
    )
    return tx.connection.execute(chosen).first() is not None


def add(tx: Transaction, acting: Acting, version_id: str, now: datetime) -> bool:
    """Note the first opening; False if it was noted before, so that one opening is one entry."""
    make = postgresql.insert if tx.connection.dialect.name == "postgresql" else sqlite.insert
    row = make(viewings).values(session_id=acting.session_id, version_id=version_id, opened_at=now)
    first = row.on_conflict_do_nothing().returning(viewings.c.version_id)
    return tx.connection.execute(first).one_or_none() is not None
