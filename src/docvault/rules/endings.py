"""When people are told that a certificate ends. Pure.

DAYS: before the end, the first warning first; the last one on the day itself.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

DAYS = (90, 30, 7, 0)


def is_warning_due(
    ends: datetime, told_at: datetime | None, now: datetime, days: Sequence[int] = DAYS
) -> bool:
    """Tell whether people are to be told now: once for each of the days before the end that has come."""
    moments = [ends - timedelta(days=each) for each in days]
    passed = [moment for moment in moments if moment <= now]
    return bool(passed) and (told_at is None or told_at < max(passed))
