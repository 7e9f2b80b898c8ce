"""When people are told that a certificate ends."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from docvault.rules.endings import DAYS, is_warning_due

ENDS = datetime(2030, 6, 1, tzinfo=UTC)


def at(days_before: float) -> datetime:
    return ENDS - timedelta(days=days_before)


def test_nobody_is_told_earlier_than_90_days_before():
    assert not is_warning_due(ENDS, None, at(90.001))
    assert is_warning_due(ENDS, None, at(90))


@given(st.lists(st.integers(-100 * 4, 200 * 4).map(lambda quarters: quarters / 4), max_size=40))
def test_each_day_is_told_once_however_often_and_irregularly_it_is_looked(looks):
    told = []
    for days_before in sorted(looks, reverse=True):
        if is_warning_due(ENDS, at(told[-1]) if told else None, at(days_before)):
            told.append(days_before)
    assert [sum(each <= day for day in DAYS) for each in told] == sorted(
        {sum(each <= day for day in DAYS) for each in looks} - {0}
    )
