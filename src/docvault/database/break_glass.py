"""Whose glass is broken: which compliance officers may read the body of a document for a while (promise 28).

Why they did stands in the audit log; here is only who, which document, and until when.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from docvault.database import periods
from docvault.database.engine import Transaction
from docvault.database.tables import break_glass
from docvault.policy.vocabulary import Acting


def opened_by(tx: Transaction, document_id: str, at: datetime) -> frozenset[str]:
    """Return the people for whom the document is open at `at`."""
    chosen = select(break_glass.c.person_id).where(
        break_glass.c.document_id == document_id, periods.in_force(break_glass, at)
    )
    return frozenset(tx.connection.execute(chosen).scalars())


def open_for(tx: Transaction, acting: Acting, document_id: str, now: datetime, life: timedelta) -> bool:
    """Open the document for `acting`; False if it is open for them already."""
    what = {"document_id": document_id, "person_id": acting.person_id}
    return periods.begin(tx, break_glass, what, by=acting.person_id, now=now, ends_at=now + life)
