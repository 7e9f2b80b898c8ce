"""How long a document is kept, what destroys it, and what it waits for. Pure: no I/O, no clock.

The numbers and their sources are policies/retention.toml's. A hold and an open envelope beat everything here.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from docvault.policy.numbers import Retention, Schedule
from docvault.values import DocVaultError

REASON_LONGEST = 1000  # characters
DAY = timedelta(days=1)
AHEAD = timedelta(days=90)  # how long what waits for something is locked; nobody knows when that ends
AT_LEAST = timedelta(days=60)  # when less is left, it is locked for longer
FURTHEST = timedelta(days=50 * 365)  # stores lock for a hundred years at most


class RetentionRefused(DocVaultError):
    """A hold or a destruction was refused and nothing changed; the message says why."""


class Rule(StrEnum):
    """What decides when a document is destroyed."""

    SCHEDULE = "schedule"
    OVERRIDE = "override"  # two people set another day for it
    BIN = "bin"  # somebody put it there
    TWO_PEOPLE = "two-people"  # decided for it alone, at once
    PERSON = "person"  # not a document: somebody whose details two people let be erased


class Waits(StrEnum):
    """What keeps a document although its time may have come."""

    HOLD = "hold"
    ENVELOPE = "envelope"  # an envelope with it is open


class Step(StrEnum):
    KEEP = "keep"
    BIN = "bin"  # into the recycle bin, for bin_days
    DISPOSE = "dispose"


@dataclass(frozen=True, slots=True)
class Life:
    """What is known of one document. All moments are UTC."""

    kind: str  # of its folder
    created_at: datetime
    last_version_at: datetime
    last_used_at: datetime
    completed_at: datetime | None = None  # of the last envelope that was completed with it
    open_envelope: bool = False
    binned_at: datetime | None = None  # itself, or a folder it lies in
    override: datetime | None = None  # two people decided that it is kept until then
    held: bool = False


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a document if nothing changes."""

    starts_at: datetime  # of the clock
    kept_until: datetime
    destroyed_at: datetime  # at the earliest
    rule: Rule
    waits: frozenset[Waits]
    why: str  # of the schedule, in its own words


def fate(life: Life, numbers: Retention) -> Fate:
    """Return when the document is destroyed, and by which rule."""
    schedule = numbers.of(life.kind)
    starts_at = _start(life, schedule)
    kept_until = life.override or _months_later(starts_at, schedule.keep_months)
    rule = Rule.OVERRIDE if life.override else Rule.SCHEDULE
    in_bin = timedelta(days=numbers.bin_days)
    destroyed_at = kept_until + in_bin
    if life.binned_at is not None:
        destroyed_at = life.binned_at + in_bin
        if life.completed_at is not None or life.override:  # nobody shortens these by binning them
            destroyed_at = max(destroyed_at, kept_until)
        elif life.binned_at < kept_until:
            rule = Rule.BIN
    waits = {Waits.HOLD: life.held, Waits.ENVELOPE: life.open_envelope}
    held_by = frozenset(wait for wait, there in waits.items() if there)
    return Fate(starts_at, kept_until, destroyed_at, rule, held_by, schedule.why)


def step(life: Life, numbers: Retention, now: datetime) -> Step:
    """Return what is due now."""
    decided = fate(life, numbers)
    if decided.waits:
        return Step.KEEP
    if life.binned_at is None:
        return Step.BIN if now >= decided.kept_until else Step.KEEP
    return Step.DISPOSE if now >= decided.destroyed_at else Step.KEEP


def locked_until(
    life: Life, numbers: Retention, now: datetime, asked: datetime | None = None
) -> datetime | None:
    """Return until when the store should keep the bytes of a signed document; None if they may go now.

    asked: until when it was asked to; never is it asked for less. The end of retention, in whole days. While
    a hold or an envelope keeps the document, it is some time ahead, and moves on.
    """
    decided = fate(life, numbers)
    ends = _next_day(decided.kept_until)
    wanted, enough = ends, ends
    if decided.waits:
        wanted, enough = max(ends, _next_day(now + AHEAD)), max(ends, now + AT_LEAST)
    wanted, enough = min(wanted, _next_day(now + FURTHEST)), min(enough, now + FURTHEST - 365 * DAY)
    if asked is not None and asked >= enough:
        wanted = asked
    return wanted if wanted > now else None


def log_kept_until(numbers: Retention, now: datetime) -> datetime:
    """Return until when a published part of the audit log is locked: as long as the longest schedule runs."""
    schedules = (numbers.rfp, numbers.sow, numbers.contract, numbers.whitepaper, numbers.general)
    longest = max(schedule.keep_months for schedule in schedules)
    return min(_next_day(_months_later(now, longest)), _next_day(now + FURTHEST))


def check_reason(text: str) -> str:
    """Return a hold's reason in the form it is kept. Raises RetentionRefused."""
    plain = " ".join(text.split())
    if not plain:
        raise RetentionRefused("Please say why. Whoever lifts it decides by it.")
    if len(plain) > REASON_LONGEST:
        raise RetentionRefused(f"Please give the reason in at most {REASON_LONGEST} characters.")
    return plain


def check_destroyable(life: Life) -> None:
    """Return only if nothing keeps the document. Raises RetentionRefused."""
    if life.held:
        raise RetentionRefused(
            "A legal hold keeps this document. It can be destroyed after the hold is lifted."
        )
    if life.open_envelope:
        raise RetentionRefused(
            "An envelope with this document is open. Void it or let it be completed first."
        )


def earliest_start(numbers: Retention, kind: str, now: datetime) -> datetime:
    """Return the moment after which nothing that came can be due: for finding candidates cheaply."""
    return _months_later(now, -numbers.of(kind).keep_months) + timedelta(days=3)


def _start(life: Life, schedule: Schedule) -> datetime:
    moments = {
        "created": life.created_at,
        "last-version": life.last_version_at,
        "last-use": max(life.last_used_at, life.last_version_at),
        "completed": life.completed_at or life.last_version_at,
    }
    return moments[schedule.starts]


def _next_day(moment: datetime) -> datetime:
    """Return the beginning of the day after a moment, in UTC."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + DAY


def _months_later(moment: datetime, months: int) -> datetime:
    """Return the same day some months later, or the last day of that month."""
    count = moment.year * 12 + moment.month - 1 + months
    year, month = max(1, min(count // 12, 9990)), count % 12 + 1  # 9990: bin days still fit behind it
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day)
