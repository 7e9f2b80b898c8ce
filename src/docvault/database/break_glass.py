"""Whose glass is broken: which compliance officers may read the body of a document for a while (promise 28).

Why they did stands in the audit log; here is only who, which document, and until when.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select

from docvault.database import people, periods
from docvault.database.engine import Transaction
from docvault.database.people import PersonRow, PersonState
from docvault.database.periods import AT
from docvault.database.tables import break_glass, portfolios
from docvault.database.tables import people as person_rows
from docvault.policy.vocabulary import Acting, Resource, Role


def opened_by(tx: Transaction, document_id: str, at: datetime) -> frozenset[str]:
    """Return the people for whom the document is open at `at`."""
    return frozenset(tx.connection.execute(_OPENED_BY, {"document": document_id, "at": at}).scalars())


def open_until(tx: Transaction, acting: Acting, document_id: str) -> datetime | None:
    """Return until when the document is open for `acting`, or None if it is not."""
    chosen = select(break_glass.c.ends_at).where(
        break_glass.c.document_id == document_id,
        break_glass.c.person_id == acting.person_id,
        periods.in_force(break_glass, acting.at),
    )
    ends_at: datetime | None = tx.connection.execute(chosen).scalar_one_or_none()
    return ends_at


def open_for(tx: Transaction, acting: Acting, document_id: str, now: datetime, life: timedelta) -> bool:
    """Open the document for `acting`; False if it is open for them already."""
    what = {"document_id": document_id, "person_id": acting.person_id}
    return periods.begin(tx, break_glass, what, by=acting.person_id, now=now, ends_at=now + life)


def in_charge(tx: Transaction, document: Resource, at: datetime) -> Sequence[PersonRow]:
    """Return who is told: every administrator, the client's account managers, the folder's managers."""
    looking_after = select(portfolios.c.person_id).where(
        portfolios.c.organisation_id == document.attributes["organisation"], periods.in_force(portfolios, at)
    )
    managers = document.attributes["managers"]
    chosen = people.PEOPLE.where(
        person_rows.c.state == PersonState.ACTIVE.value,
        or_(
            person_rows.c.role == Role.ADMINISTRATOR.value,
            person_rows.c.id.in_(looking_after),
            person_rows.c.id.in_(sorted(managers) if isinstance(managers, frozenset) else []),
        ),
    )
    return [people.person_of(row) for row in tx.connection.execute(chosen.order_by(person_rows.c.id))]


# Whoever looks for a document asks this: built once, because building costs more than asking.
_OPENED_BY = select(break_glass.c.person_id).where(
    break_glass.c.document_id == bindparam("document"), periods.in_force(break_glass, AT)
)
