"""Moments as people read them in mail, in their language and in UTC. Values travel as ISO 8601."""

from collections.abc import Mapping
from datetime import UTC, datetime

from docvault.mail.sentences import MONTHS

_DAYS: Mapping[str, str] = {
    "en": "{day} {month} {year}",
    "de": "{day}. {month} {year}",
    "pl": "{day} {month} {year}",
    "fi": "{day}. {month} {year}",
    "ja": "{year}年{month}{day}日",
    "fa": "{day} {month} {year}",
}
_MOMENTS: Mapping[str, str] = {
    "en": "{date}, {time} UTC",
    "de": "{date}, {time} Uhr UTC",
    "pl": "{date}, {time} UTC",
    "fi": "{date} klo {time} UTC",
    "ja": "{date} {time} UTC",
    "fa": "{date}، ساعت {time} UTC",
}
_PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def moment(value: str, language: str) -> str:
    """Return day and time of an ISO moment; a text that is none is returned as it is."""
    at = _read(value)
    if at is None:
        return value
    time = f"{at:%H.%M}" if language == "fi" else f"{at:%H:%M}"
    return _digits(_MOMENTS[language].format(date=_date(at, language), time=time), language)


def day(value: str, language: str) -> str:
    """Return the day of an ISO date or moment; a text that is none is returned as it is."""
    at = _read(value)
    return value if at is None else _digits(_date(at, language), language)


def _read(value: str) -> datetime | None:
    """Return the moment; None for a text, such as the date in words that an older release queued."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _date(at: datetime, language: str) -> str:
    return _DAYS[language].format(day=at.day, month=MONTHS[language][at.month - 1], year=at.year)


def _digits(text: str, language: str) -> str:
    return text.translate(_PERSIAN_DIGITS) if language == "fa" else text
