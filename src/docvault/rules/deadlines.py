"""When something about a sent envelope comes due by itself: reminders, warnings, its end. Pure: no clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class What(StrEnum):
    REMIND = "remind"
    WARN = "warn"
    WARN_SENDER = "warn-sender"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Moment:
    """at: aware UTC. who: the id of the recipient it is about, or empty."""

    at: datetime
    what: What
    who: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often, and when not. quiet: hours of the day from which and until which nobody is written to."""

    reminders_most: int  # to one person by itself
    warn_days: int
    quiet_from: int
    quiet_until: int
    zone: str  # of whoever named none

    def awake(self, at: datetime, zone: str | None) -> datetime:
        """Return `at`, or the end of the quiet hours it falls into, where the reader is."""
        local = at.astimezone(ZoneInfo(zone or self.zone))
        if not self._is_quiet(local.hour):
            return at
        morning = local.replace(hour=self.quiet_until, minute=0, second=0, microsecond=0, fold=0)
        if morning <= local:
            morning += timedelta(days=1)
        return morning.astimezone(UTC)

    def _is_quiet(self, hour: int) -> bool:
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= hour < self.quiet_until
        return hour >= self.quiet_from or hour < self.quiet_until


@dataclass(frozen=True, slots=True)
class Awaited:
    """Somebody whose turn it is. Times are aware UTC."""

    id: str
    asked_at: datetime
    reminded_at: datetime | None = None
    reminders: int = 0  # written by itself so far
    warned_at: datetime | None = None
    zone: str | None = None
    is_active: bool = True  # neither switched off, nor for paper: nobody presses somebody who cannot


@dataclass(frozen=True, slots=True)
class Sent:
    """A sent envelope, as far as its times go."""

    starts_at: datetime  # when it was sent, or last given more time
    ends_at: datetime | None
    reminder_days: int | None
    sender_warned_at: datetime | None
    sender_zone: str | None
    awaited: tuple[Awaited, ...]


def moments(sent: Sent, pace: Pace, now: datetime) -> list[Moment]:
    """Return what comes due next, earliest first; what was missed comes due now, outside quiet hours."""
    found = [*_reminders(sent, pace, now), *_warnings(sent, pace, now)]
    if sent.ends_at is not None:
        found = [one for one in found if one.at < sent.ends_at]
        found.append(Moment(sent.ends_at, What.EXPIRE))
    return sorted(found, key=lambda one: (one.at, one.what, one.who))


def _reminders(sent: Sent, pace: Pace, now: datetime) -> Iterator[Moment]:
    if sent.reminder_days is None:
        return
    for one in sent.awaited:
        if one.is_active and one.reminders < pace.reminders_most:
            last = max(one.asked_at, one.reminded_at or one.asked_at)
            at = max(last + timedelta(days=sent.reminder_days), now)
            yield Moment(pace.awake(at, one.zone), What.REMIND, one.id)


def _warnings(sent: Sent, pace: Pace, now: datetime) -> Iterator[Moment]:
    if sent.ends_at is None:
        return
    lead = min(timedelta(days=pace.warn_days), (sent.ends_at - sent.starts_at) / 2)
    at = sent.ends_at - lead
    if sent.sender_warned_at is None:
        yield Moment(_in_time(pace, max(at, now), sent.ends_at, sent.sender_zone), What.WARN_SENDER)
    for one in sent.awaited:
        # Whoever is asked later than that reads the day in what asks them.
        if one.is_active and one.warned_at is None and one.asked_at < at:
            yield Moment(_in_time(pace, max(at, now), sent.ends_at, one.zone), What.WARN, one.id)


def _in_time(pace: Pace, at: datetime, ends_at: datetime, zone: str | None) -> datetime:
    """Return when to warn: outside quiet hours, unless it would be too late then."""
    awake = pace.awake(at, zone)
    return awake if awake < ends_at else at
