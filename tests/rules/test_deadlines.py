"""When reminders, warnings and the end of an envelope come due: by the clock, outside quiet hours, not too often."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docvault.rules import time_zones
from docvault.rules.deadlines import Awaited, Moment, Pace, Sent, What, moments
from docvault.rules.time_zones import TimeZoneUnknown

DAY = timedelta(days=1)
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
PACE = Pace(reminders_most=3, warn_days=2, quiet_from=20, quiet_until=8, zone="Etc/UTC")
CLARA = Awaited("clara", NOON)
SENT = Sent(NOON, NOON + 10 * DAY, 3, None, None, (CLARA,))


def first(sent, what, now=NOON, pace=PACE):
    return next((one.at for one in moments(sent, pace, now) if one.what is what), None)


def with_clara(**changed):
    return replace(SENT, awaited=(replace(CLARA, **changed),))


def test_what_comes_next_comes_first():
    assert moments(SENT, PACE, NOON) == [
        Moment(NOON + 3 * DAY, What.REMIND, "clara"),
        Moment(NOON + 8 * DAY, What.WARN, "clara"),
        Moment(NOON + 8 * DAY, What.WARN_SENDER),
        Moment(NOON + 10 * DAY, What.EXPIRE),
    ]


def test_an_envelope_without_a_day_and_without_reminders_has_nothing_due():
    assert moments(replace(SENT, ends_at=None, reminder_days=None), PACE, NOON) == []


def test_the_days_count_from_the_last_mail_of_any_kind():
    assert first(with_clara(reminded_at=NOON + DAY), What.REMIND) == NOON + 4 * DAY


@pytest.mark.parametrize("stop", [{"reminders": 3}, {"is_active": False}])
def test_reminders_stop_after_the_last_one_and_for_somebody_who_was_switched_off(stop):
    assert first(with_clara(**stop), What.REMIND) is None


def test_nobody_is_reminded_of_what_has_ended_by_then():
    assert first(replace(SENT, ends_at=NOON + 3 * DAY), What.REMIND) is None


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Etc/UTC", NOON.replace(hour=21)),  # it is quiet there from 20 to 8
        ("America/Los_Angeles", None),
        ("Asia/Tokyo", NOON.replace(hour=21)),
    ],
)
def test_a_reminder_waits_for_the_morning_of_its_reader(zone, expected):
    asked = NOON.replace(hour=21)
    at = first(with_clara(asked_at=asked, zone=zone), What.REMIND, now=asked)
    if expected is None:  # early afternoon there
        assert at == asked + 3 * DAY
    else:
        morning = {"Etc/UTC": 8, "Asia/Tokyo": 23}[zone]  # 8 o'clock in Tokyo is 23 o'clock UTC
        assert at == (asked + (3 if zone == "Asia/Tokyo" else 4) * DAY).replace(hour=morning)


def test_what_was_missed_waits_for_the_morning_too():
    midnight = (NOON + 5 * DAY).replace(hour=0)
    assert first(SENT, What.REMIND, now=midnight) == midnight.replace(hour=8)


def test_a_warning_that_would_be_too_late_in_the_morning_comes_at_night():
    short = replace(SENT, starts_at=NOON, ends_at=NOON.replace(hour=23))
    assert first(short, What.WARN_SENDER, now=NOON.replace(hour=22)) == NOON.replace(hour=22)


def test_a_short_time_is_warned_of_when_half_is_over():
    assert first(replace(SENT, ends_at=NOON + 2 * DAY), What.WARN) == NOON + DAY


def test_nobody_is_warned_twice_or_right_after_being_asked():
    assert first(with_clara(warned_at=NOON), What.WARN) is None
    assert first(replace(SENT, sender_warned_at=NOON), What.WARN_SENDER) is None
    assert first(with_clara(asked_at=NOON + 9 * DAY), What.WARN, now=NOON + 9 * DAY) is None


ZONES = st.sampled_from(
    ["Etc/UTC", "Europe/Helsinki", "Asia/Tokyo", "America/St_Johns", "Australia/Lord_Howe"]
)
HOURS = st.integers(0, 23)


MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(MOMENTS, ZONES, HOURS, st.integers(0, 16))
def test_quiet_hours_are_quiet_where_the_reader_is(at, zone, start, length):
    end = (start + length) % 24
    awake = replace(PACE, quiet_from=start, quiet_until=end).awake(at, zone)
    hour = awake.astimezone(ZoneInfo(zone)).hour
    assert not (start <= hour < end if start <= end else hour >= start or hour < end)
    assert at <= awake <= at + timedelta(hours=length + 1)  # clocks may be put back meanwhile


def test_a_time_zone_is_one_that_exists():
    assert time_zones.check("Europe/Helsinki") == "Europe/Helsinki"
    for wrong in ("Mars/Olympus", "", "../etc/passwd", "europe/helsinki", "posix/Europe/Helsinki"):
        with pytest.raises(TimeZoneUnknown):
            time_zones.check(wrong)
