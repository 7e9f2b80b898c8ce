"""What kind of document a template holds, and how the envelopes made from it are looked after. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from docvault.rules.drafts import check_kind
from docvault.rules.envelope_words import check_reminders
from docvault.rules.envelopes import EnvelopeIncomplete

DAYS_MOST = 366  # until which an envelope can be signed


class KindUnsaid(EnvelopeIncomplete):
    """Nobody has said yet what kind of document it is, so nobody knows if it may be signed electronically."""

    def __init__(self) -> None:
        super().__init__("Please say first what kind of document this template holds.")


@dataclass(frozen=True, slots=True)
class Care:
    """How envelopes are looked after once they were sent.

    due_days: until the end of which day after it is made an envelope can be signed; None for no end.
    reminder_days: between two reminders; None for none by itself.
    """

    due_days: int | None = None
    reminder_days: int | None = None
    may_delegate: bool = True
    may_use_paper: bool = False
    may_delegate_outside: bool = False  # beside it: also to somebody without an account

    def due_at(self, now: datetime) -> datetime | None:
        """Return the last second of the last day of an envelope that is made now, in UTC."""
        if self.due_days is None:
            return None
        day = now.astimezone(UTC).date() + timedelta(days=self.due_days)
        return datetime.combine(day, time(23, 59, 59), UTC)


def require_kind(kind: str | None, known: Mapping[str, str]) -> None:
    """Return only if a kind is said, and may be signed electronically.

    known: why a kind may not, by kind; empty where it may.
    Raises KindUnsaid, EnvelopeIncomplete, KindExcluded.
    """
    if kind is None:
        raise KindUnsaid
    check_kind(kind, known)


def check_care(care: Care) -> None:
    """Accept days within bounds. Raises EnvelopeIncomplete."""
    check_reminders(care.reminder_days)
    if care.due_days is not None and not 1 <= care.due_days <= DAYS_MOST:
        raise EnvelopeIncomplete(f"People can be given from 1 to {DAYS_MOST} days to sign.")


def days_of(due_at: datetime | None, made_at: datetime) -> int | None:
    """Return how many days a draft gives, as a template keeps it; None for no end."""
    if due_at is None:
        return None
    ahead = due_at.astimezone(UTC).date() - made_at.astimezone(UTC).date()
    return min(max(ahead.days, 1), DAYS_MOST)
