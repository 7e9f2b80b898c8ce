"""What a name, an e-mail address and a role must be like. Pure: no I/O, no clock."""

import unicodedata
from datetime import datetime

from docvault.policy.vocabulary import Role
from docvault.values import DocVaultError

NAME_LONGEST = 200  # characters
EMAIL_LONGEST = 254  # characters: RFC 5321 4.5.3.1.3, without the angle brackets
# Controls, half and unassigned characters, and marks that turn the direction of the text around a name.
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # invisible, but part of how names are written in several scripts
LOCAL_LONGEST = 64  # characters before the @: RFC 5321 4.5.3.1.1


class PeopleError(DocVaultError):
    """The root of what is refused about people."""


class PersonRefused(PeopleError):
    """The details or the deed cannot be; the message says which and why."""


class OrganisationError(DocVaultError):
    """The root of what is refused about organisations."""


class OrganisationRefused(OrganisationError):
    """The name cannot be used; the message says why."""


def name(text: str) -> str:
    """Return a person's name for display: NFC, single spaces. Raises PersonRefused."""
    plain, trouble = _plain(text)
    if trouble:
        raise PersonRefused(trouble)
    return plain


def organisation_name(text: str) -> str:
    """Return an organisation's name for display: NFC, single spaces. Raises OrganisationRefused."""
    plain, trouble = _plain(text)
    if trouble:
        raise OrganisationRefused(trouble)
    return plain


def email(text: str) -> str:
    """Return the address in the form it is stored and compared in: lower case. Raises PersonRefused."""
    plain = email_as_typed(text)
    local, at, domain = plain.rpartition("@")
    fits = 0 < len(local) <= LOCAL_LONGEST and len(plain) <= EMAIL_LONGEST and "." in domain.strip(".")
    if not at or not fits or not plain.isprintable() or any(sign in plain for sign in ' ,;:<>()[]"\\'):
        raise PersonRefused("Please give a complete e-mail address, such as name@example.com.")
    if "@" in local or domain.startswith(".") or domain.endswith(".") or ".." in domain:
        raise PersonRefused("Please give a complete e-mail address, such as name@example.com.")
    return plain


def email_as_typed(text: str) -> str:
    """Return what somebody typed to sign in, in the form addresses are compared in; refuses nothing."""
    return unicodedata.normalize("NFC", text).strip().lower()


def check_place(role: Role, organisation_kind: str) -> None:
    """Return only if the role belongs into that kind of organisation. Raises PersonRefused."""
    if role is Role.OUTSIDER:
        raise PersonRefused("Whoever signs without an account belongs nowhere. Invite them to give them one.")
    wanted = "client" if role == Role.CLIENT else "operator"
    if organisation_kind != wanted:
        raise PersonRefused(
            "A client belongs to a client organisation, and everybody else to the one that runs this portal."
        )


def check_end(until: datetime | None, now: datetime) -> None:
    """Return only for no end, or one to come. Raises PersonRefused."""
    if until is not None and until <= now:
        raise PersonRefused("The last day has to lie ahead.")


def _plain(text: str) -> tuple[str, str]:
    """Return the name and what is wrong with it, if anything."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    if not plain or len(plain) > NAME_LONGEST:
        return plain, f"Please give a name of 1 to {NAME_LONGEST} characters."
    if any(unicodedata.category(letter) in _REFUSED and letter not in _JOINERS for letter in plain):
        return plain, "The name has invisible characters in it. Please write it again."
    return plain, ""
