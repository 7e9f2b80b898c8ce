"""Parts of an envelope that went from one person to another. Reached only through an envelope asked for."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, insert, select

from docvault.database.engine import Transaction
from docvault.database.tables import handovers, people
from docvault.values import EnvelopeId, RecipientId, new_id


class How(StrEnum):
    DELEGATED = "delegated"  # by the person who was asked
    CORRECTED = "corrected"  # by the sender, before the person had opened it


@dataclass(frozen=True, slots=True)
class Handover:
    """Names are those of today; the audit log has those of then."""

    recipient_id: RecipientId
    kind: How
    from_name: str
    to_name: str
    reason: str
    at: datetime


def add(
    tx: Transaction,
    *,
    envelope_id: EnvelopeId,
    recipient_id: RecipientId,
    kind: How,
    from_id: str,
    to_id: str,
    reason: str,
    now: datetime,
) -> None:
    """Note that a part went from one person to another, and why."""
    tx.connection.execute(
        insert(handovers).values(
            id=new_id(),
            envelope_id=envelope_id,
            recipient_id=recipient_id,
            kind=kind.value,
            from_id=from_id,
            to_id=to_id,
            reason=reason,
            at=now,
        )
    )


def times_delegated(tx: Transaction, recipient_id: RecipientId) -> int:
    """Return how often a part was handed on by those who were asked."""
    mine = (handovers.c.recipient_id == recipient_id, handovers.c.kind == How.DELEGATED.value)
    chosen = select(func.count()).select_from(handovers).where(*mine)
    return tx.connection.execute(chosen).scalar_one()


def of_envelope(tx: Transaction, envelope_id: EnvelopeId) -> tuple[Handover, ...]:
    """Return what went from whom to whom, oldest first."""
    givers, takers = people.alias(), people.alias()
    chosen = (
        select(handovers, givers.c.name.label("from_name"), takers.c.name.label("to_name"))
        .join(givers, givers.c.id == handovers.c.from_id)
        .join(takers, takers.c.id == handovers.c.to_id)
        .where(handovers.c.envelope_id == envelope_id)
        .order_by(handovers.c.at, handovers.c.id)
    )
    return tuple(
        Handover(RecipientId(row.recipient_id), How(row.kind), row.from_name, row.to_name, row.reason, row.at)
        for row in tx.connection.execute(chosen)
    )
