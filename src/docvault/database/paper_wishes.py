"""Who would rather sign on paper: said in the ceremony, and gone once they agree again."""

from datetime import datetime

from sqlalchemy import delete, insert

from docvault.database.engine import Transaction
from docvault.database.tables import paper_wishes


def add(tx: Transaction, recipient_id: str, now: datetime, *, withdrew: bool) -> None:
    """Write it down. withdrew: they had agreed to sign electronically before."""
    values = {"recipient_id": recipient_id, "wished_at": now, "withdrew": withdrew}
    tx.connection.execute(insert(paper_wishes).values(values))


def forget(tx: Transaction, recipient_id: str) -> None:
    """Let them sign electronically after all, or somebody else in their place."""
    tx.connection.execute(delete(paper_wishes).where(paper_wishes.c.recipient_id == recipient_id))
