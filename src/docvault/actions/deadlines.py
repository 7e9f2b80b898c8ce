"""What happens to sent envelopes by itself: reminders, warnings, and their end. The portal itself acts.

Each envelope says when to look at it next, and every change lets it be looked at soon: nothing scans all.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog

from docvault.audit.kinds import Kind
from docvault.database import (
    envelope_deadlines,
    envelope_history,
    envelope_messages,
    envelope_views,
    envelopes,
)
from docvault.database.engine import Database, Transaction
from docvault.database.envelopes import EnvelopeRow
from docvault.database.messages import Records
from docvault.policy.numbers import Signing
from docvault.rules import deadlines
from docvault.rules.deadlines import Moment, Pace, What
from docvault.rules.envelope_life import expire
from docvault.rules.envelopes import State
from docvault.values import EnvelopeId

AT_ONCE = 100  # envelopes looked at before the next are asked for

_log = structlog.get_logger(__name__)


def look_after(db: Database, records: Records, *, now: datetime) -> int:
    """Do for every envelope what is due, and return how many were looked at.

    One that fails is tried again later and keeps no other from its turn.
    """
    count = 0
    while True:
        with db.transaction() as tx:
            due = envelope_deadlines.take(tx, now, AT_ONCE)
        for envelope_id in due:
            try:
                _look_after(db, records, envelope_id, now)
            except Exception:  # noqa: BLE001 - whatever is wrong with one, the others have their times too
                _log.exception("envelope.not_looked_after", envelope=envelope_id)
        count += len(due)
        if len(due) < AT_ONCE:
            return count


def _look_after(db: Database, records: Records, envelope_id: EnvelopeId, now: datetime) -> None:
    with db.transaction() as tx:
        row = envelopes.for_completion(tx, envelope_id, lock=True)
        if row.state is State.SENT:
            pace = _pace(tx.policy.numbers.signing)
            coming = deadlines.moments(envelope_deadlines.times_of(row), pace, now)
            _do(tx, records, row, [one for one in coming if one.at <= now], now)
            row = envelopes.for_completion(tx, envelope_id)
        following = _following(row, _pace(tx.policy.numbers.signing), now)
        envelope_deadlines.look_at(tx, [envelope_id], following)


def _following(row: EnvelopeRow, pace: Pace, now: datetime) -> datetime | None:
    if row.state is not State.SENT:
        return None
    coming = deadlines.moments(envelope_deadlines.times_of(row), pace, now)
    return coming[0].at if coming else None


def _pace(numbers: Signing) -> Pace:
    return Pace(
        reminders_most=numbers.reminders_most,
        warn_days=numbers.warn_days,
        quiet_from=numbers.quiet_from,
        quiet_until=numbers.quiet_until,
        zone=numbers.time_zone,
    )


def _do(tx: Transaction, records: Records, row: EnvelopeRow, due: Sequence[Moment], now: datetime) -> None:
    people = {str(one.id): one for one in row.recipients}
    who = {what: [one.who for one in due if one.what is what] for what in What}
    if who[What.EXPIRE]:
        _expire(tx, records, row, now)
        return
    for recipient_id in who[What.WARN]:
        envelope_messages.warn(tx, records, row, people[recipient_id], now)
    if who[What.WARN_SENDER]:
        ends_at = envelope_deadlines.times_of(row).ends_at or now
        envelope_messages.warn_sender(tx, records, row, ends_at, _waiting(row), now)
        envelope_deadlines.note_sender_warned(tx, row.id, now)
    if who[What.WARN] or who[What.WARN_SENDER]:
        facts: dict[str, object] = {"recipients": who[What.WARN], "sender": bool(who[What.WARN_SENDER])}
        envelope_history.record(tx, Kind.ENVELOPE_WARNED, row, at=now, facts=facts)
    reminded = [one for one in who[What.REMIND] if one not in who[What.WARN]]
    for recipient_id in reminded:
        envelope_messages.remind(tx, records, row, people[recipient_id], None, now)
    if reminded:
        envelope_history.record(tx, Kind.ENVELOPE_REMINDED, row, at=now, facts={"recipients": reminded})


def _expire(tx: Transaction, records: Records, row: EnvelopeRow, now: datetime) -> None:
    before = envelopes.to_decide(tx, row)
    waiting = _waiting(row)
    envelopes.save(tx, row, before, expire(before, now), now)
    envelope_messages.tell_expired(tx, records, row, waiting, now)
    facts = {"waited_for": [one.id for one in before.recipients if one.is_awaited]}
    envelope_history.record(tx, Kind.ENVELOPE_EXPIRED, row, at=now, facts=facts)


def _waiting(row: EnvelopeRow) -> str:
    """Return the names of those whose turn it is."""
    in_turn = envelope_views.in_turn(row)
    return ", ".join(one.name for one in row.recipients if one.id in in_turn)
