from datetime import UTC, datetime, timedelta

import pytest

from docvault.rules.archive import BEFORE, Stamp, Step, helps, next_step, renewal_of

AT = datetime(2026, 3, 2, tzinfo=UTC)
YEARS = Stamp("Ours", AT, AT + timedelta(days=15 * 365), own=True)
SHORT = Stamp("Theirs", AT, AT + timedelta(days=100), own=False)


def test_a_long_life_is_renewed_three_months_before_its_end_and_a_short_one_in_its_last_quarter():
    assert renewal_of(YEARS) == YEARS.good_until - BEFORE
    assert renewal_of(SHORT) == AT + timedelta(days=75)


@pytest.mark.parametrize("stamp", [YEARS, SHORT])
def test_a_timestamp_is_never_due_when_it_has_just_been_made(stamp):
    assert next_step(stamp, others=False, now=stamp.at) is Step.KEEP
    assert next_step(stamp, others=False, now=renewal_of(stamp)) is Step.RENEW


def test_a_clock_of_others_is_wanted_at_once_where_there_is_one():
    assert next_step(YEARS, others=True, now=AT) is Step.UPGRADE
    assert next_step(SHORT, others=True, now=AT) is Step.KEEP


def test_a_new_timestamp_helps_only_if_it_is_what_was_wanted():
    later = Stamp("Ours", AT, YEARS.good_until + timedelta(days=1), own=True)
    assert helps(Step.RENEW, YEARS, later)
    assert not helps(Step.RENEW, YEARS, YEARS)
    assert not helps(Step.UPGRADE, YEARS, later)
    assert helps(Step.UPGRADE, YEARS, SHORT)
