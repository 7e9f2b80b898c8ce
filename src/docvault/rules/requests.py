"""What a request for files may say, and who a guest may say they are. Pure."""

import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from docvault.policy.numbers import Uploads
from docvault.rules import people
from docvault.rules.people import PeopleError
from docvault.values import DocVaultError

TITLE = 200  # characters
MESSAGE = 2000  # characters
NAME = 100  # characters
CODE_DIGITS = 8


class RequestError(DocVaultError):
    """The root of what a request for files says no to."""


class RequestInvalid(RequestError):
    """The request cannot be made like that; the message says why."""


class GuestInvalid(RequestError):
    """A guest has not said who they are; the message says what is missing."""


class RequestFull(RequestError):
    """The request takes no more: not this many files, or not this many bytes."""


class AccessCodeWrong(RequestError):
    """The access code was not that of the request."""

    def __init__(self) -> None:
        super().__init__("The access code is not right. Whoever sent you the link knows it.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks guests for."""

    title: str
    message: str
    ends_at: datetime
    most_files: int
    most_bytes: int  # plaintext bytes of all files together


def wanted(
    *,
    title: str,
    message: str,
    last_day: date,
    most_files: int,
    most_bytes: int,
    limits: Uploads,
    now: datetime,
) -> Wanted:
    """Return a request that may be made. Raises RequestInvalid."""
    plain = " ".join(unicodedata.normalize("NFC", title).split())
    said = unicodedata.normalize("NFC", message).strip()
    if not plain or len(plain) > TITLE or not plain.isprintable():
        raise RequestInvalid(f"Please say in a few words what you ask for, in {TITLE} characters at most.")
    if len(said) > MESSAGE:
        raise RequestInvalid(f"The message can have {MESSAGE:,} characters at most.")
    if not 1 <= most_files <= limits.request_files:
        raise RequestInvalid(f"A request takes from 1 to {limits.request_files:,} files.")
    if not 1 <= most_bytes < 2**53:
        raise RequestInvalid("Please say how much may be sent, from 1 MB on.")
    return Wanted(plain, said, end_of(last_day, limits, now), most_files, most_bytes)


def end_of(last_day: date, limits: Uploads, now: datetime) -> datetime:
    """Return the moment the last day is over in UTC. Raises RequestInvalid: too early or too far ahead."""
    today = now.astimezone(UTC).date()
    if last_day < today:
        raise RequestInvalid("The last day is over already. Please choose today or a later day.")
    if (last_day - today).days > limits.request_days:
        raise RequestInvalid(f"Please choose a last day within {limits.request_days} days.")
    return datetime.combine(last_day, time(), tzinfo=UTC) + timedelta(days=1)


def guest(name: str, email: str) -> tuple[str, str]:
    """Return the name and address a guest says, as they are kept. Raises GuestInvalid."""
    try:
        known, address = people.name(name), people.email(email)
    except PeopleError as error:
        raise GuestInvalid(str(error)) from error
    if len(known) > NAME:
        raise GuestInvalid(f"Please give a name of {NAME} characters at most.")
    return known, address


def plain_code(text: str) -> str:
    """Return an access code without the spaces that people put into it."""
    return "".join(text.split())
