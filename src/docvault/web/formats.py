"""How values are written for people: moments, sizes, initials, fingerprints, names of roles and states."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from markupsafe import Markup

from docvault.mail import dates
from docvault.rules.languages import OTHERWISE

UNITS = ("bytes", "KB", "MB", "GB", "TB")
STEP = 1000  # decimal units, as file managers show them
BINARY_STEP = 1024  # how limits are written in the policy
EXACT = 10  # from here on a decimal place says nothing more


def moment(value: datetime | None, language: str = OTHERWISE) -> Markup | str:
    """A <time> in UTC; the page's script shows it in the reader's own zone. language: of the page."""
    if value is None:
        return ""
    utc = value.astimezone(UTC)
    machine = utc.isoformat(timespec="seconds")
    if language != OTHERWISE:
        return _time(machine, dates.moment(machine, language), " data-local")
    return _time(machine, f"{utc.day} {utc:%B %Y, %H:%M} UTC", " data-local")


def utc_moment(value: datetime) -> Markup:
    """A <time> that stays UTC to the second, for the audit trail."""
    utc = value.astimezone(UTC)
    return _time(utc.isoformat(timespec="seconds"), f"{utc:%Y-%m-%d %H:%M:%S}")


def day(value: datetime | None, language: str = OTHERWISE) -> Markup | str:
    """A <time> of a whole day, in UTC. language: of the page."""
    if value is None:
        return ""
    utc = value.astimezone(UTC)
    if language != OTHERWISE:
        return _time(f"{utc:%Y-%m-%d}", dates.day(utc.isoformat(), language))
    return _time(f"{utc:%Y-%m-%d}", f"{utc.day} {utc:%B %Y}")


def date_words(value: date) -> str:
    """A calendar day without a clock, e.g. `31 March 2026`."""
    return f"{value.day} {value:%B %Y}"


def _time(machine: str, people: str, attributes: str = "") -> Markup:
    """A list has a hundred: written without Markup's own formatting, which costs ten times as much."""
    return Markup(f'<time datetime="{machine}"{attributes}>{people}</time>')  # noqa: S704 - only a moment's digits and month


def size(value: int) -> str:
    """A size in decimal units, e.g. `2.4 MB`. value: bytes."""
    amount, unit = float(value), UNITS[0]
    for unit in UNITS:
        if amount < STEP or unit == UNITS[-1]:
            break
        amount /= STEP
    return f"{amount:.0f} {unit}" if unit == UNITS[0] or amount >= EXACT else f"{amount:.1f} {unit}"


def limit(value: int) -> str:
    """A limit as it was meant, e.g. `5 GB` for 5 GiB: a round number that is never more than is allowed."""
    amount, unit = value, UNITS[0]
    for unit in UNITS:
        if amount < BINARY_STEP or unit == UNITS[-1]:
            break
        amount //= BINARY_STEP
    return f"{amount} {unit}"


def initials(name: str) -> str:
    """The first letters of the first and last word, for an avatar."""
    words = [word for word in name.split() if word[0].isalnum()]
    return (
        "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words[:1])).upper() or "?"
    )


def fingerprint(digest: str) -> str:
    """A long hex digest as its first and last groups of four, enough to compare by eye."""
    groups = [digest[start : start + 4] for start in range(0, len(digest), 4)]
    return " ".join(groups) if len(groups) <= 4 else f"{' '.join(groups[:3])} … {groups[-1]}"  # noqa: PLR2004 - four groups fit a line


def words(value: str) -> str:
    """`account_manager` and `reset-started` as words."""
    return value.replace("_", " ").replace("-", " ")


def title(value: str) -> str:
    """The same with a capital."""
    text = words(value)
    return text[:1].upper() + text[1:]


def groups(secret: str) -> str:
    """A long secret in groups of four, to be typed."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def factors(value: str) -> str:
    """What a session was proven with, e.g. `password+totp`, as words."""
    words_of = [_FACTORS.get(part, words(part)) for part in value.split("+")]
    return title(" and ".join(words_of))


_FACTORS = {
    "totp": "authenticator app",
    "recovery": "recovery code",
    "sso": "single sign-on",
    "provider": "a second factor there",
}

FILTERS: dict[str, Callable[..., Any]] = {
    "moment": moment,
    "utc_moment": utc_moment,
    "day": day,
    "date_words": date_words,
    "size": size,
    "limit": limit,
    "initials": initials,
    "factors": factors,
    "fingerprint": fingerprint,
    "groups": groups,
    "words": words,
    "sentence": title,
}
