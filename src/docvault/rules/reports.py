"""For which moment a report can be asked. Pure: no I/O, no clock."""

from datetime import UTC, datetime

from docvault.values import DocVaultError


class MomentUnclear(DocVaultError):
    """No report can be made for that moment; the message says why."""


def moment(at: datetime | None, now: datetime) -> datetime:
    """Return the moment in UTC, or now without one. Raises MomentUnclear."""
    if at is None:
        return now
    if at.tzinfo is None:
        raise MomentUnclear("Please say the moment with its time zone, for example 2026-03-31T12:00:00Z.")
    try:
        found = at.astimezone(UTC)
    except OverflowError as error:
        raise MomentUnclear("Please choose a moment between the first day of this portal and now.") from error
    if found > now:
        raise MomentUnclear("That moment has not come yet. Please choose one up to now.")
    return found
