"""The time zones people can say they live in: those of places, by their IANA names. Pure."""

from functools import cache
from zoneinfo import available_timezones

from docvault.values import DocVaultError

PLACES = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)


class TimeZoneUnknown(DocVaultError):
    """No time zone has this name."""

    def __init__(self) -> None:
        super().__init__("No time zone has this name. Names look like Europe/Helsinki.")


@cache
def zones() -> tuple[str, ...]:
    """Return the names in order."""
    return tuple(sorted(name for name in available_timezones() if name.startswith(PLACES)))


def check(name: str) -> str:
    """Return the name of a time zone, e.g. Europe/Helsinki. Raises TimeZoneUnknown."""
    if name not in zones():
        raise TimeZoneUnknown
    return name
