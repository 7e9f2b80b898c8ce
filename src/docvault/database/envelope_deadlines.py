"""Which envelopes have something due, found by an index and never by looking at all of them."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from docvault.database import envelope_views
from docvault.database.causes import SWITCHED_OFF
from docvault.database.engine import Transaction
from docvault.database.envelopes import EnvelopeRow
from docvault.database.tables import envelopes
from docvault.rules.deadlines import Awaited, Sent
from docvault.values import EnvelopeId

AGAIN = timedelta(minutes=10)  # after a failure; by then it is looked at once more


def take(tx: Transaction, now: datetime, limit: int) -> list[EnvelopeId]:
    """Return envelopes to look at, longest due first, and put them off, so that none blocks the others."""
    chosen = select(envelopes.c.id).where(envelopes.c.next_at <= now).order_by(envelopes.c.next_at)
    due = [EnvelopeId(each) for each in tx.connection.execute(chosen.limit(limit)).scalars()]
    look_at(tx, due, now + AGAIN)
    return due


def look_at(tx: Transaction, envelope_ids: list[EnvelopeId], at: datetime | None) -> None:
    """Note when to look at these again; None: never by itself."""
    tx.connection.execute(update(envelopes).where(envelopes.c.id.in_(envelope_ids)).values(next_at=at))


def note_sender_warned(tx: Transaction, envelope_id: EnvelopeId, now: datetime) -> None:
    """Note that the sender knows that it expires soon."""
    tx.connection.execute(update(envelopes).where(envelopes.c.id == envelope_id).values(warned_at=now))


def times_of(row: EnvelopeRow) -> Sent:
    """Return an envelope as far as its times go."""
    in_turn = envelope_views.in_turn(row)
    return Sent(
        starts_at=row.extended_at or row.sent_at or row.created_at,
        ends_at=envelope_views.ends_at(row),
        reminder_days=row.reminder_days,
        sender_warned_at=row.warned_at,
        sender_zone=row.sender_zone,
        awaited=tuple(
            Awaited(
                id=one.id,
                asked_at=one.notified_at,
                reminded_at=one.reminded_at,
                reminders=one.reminders,
                warned_at=one.warned_at,
                zone=one.time_zone,
                is_active=one.person_state not in SWITCHED_OFF and one.wished_at is None,
            )
            for one in row.recipients
            if one.id in in_turn and one.notified_at is not None
        ),
    )
