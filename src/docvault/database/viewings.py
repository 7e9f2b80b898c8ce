"""Who opened which version in which session: so that reading is one audit entry, not one a page."""

from datetime import datetime

from sqlalchemy import insert, select

from docvault.database.engine import Transaction
from docvault.database.tables import viewings
from docvault.policy.vocabulary import Acting


def known(tx: Transaction, acting: Acting, version_id: str) -> bool:
    """Return whether this session has opened the version before."""
    chosen = select(viewings.c.opened_at).where(
        viewings.c.session_id == acting.session_id, viewings.c.version_id == version_id
    )
    return tx.connection.execute(chosen).first() is not None


def add(tx: Transaction, acting: Acting, version_id: str, now: datetime) -> None:
    """Note the first opening; a second row raises IntegrityError, so one opening is one entry."""
    tx.connection.execute(
        insert(viewings).values(session_id=acting.session_id, version_id=version_id, opened_at=now)
    )
