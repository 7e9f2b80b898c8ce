"""What may be said about somebody without an account who is asked to sign. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from docvault.rules import people
from docvault.rules.envelopes import EnvelopeIncomplete
from docvault.rules.people import PeopleError
from docvault.values import DocVaultError

DIGITS = 8  # of a mailed code and of an access code
MINUTES = 10  # that a mailed code is good for (promise 41)
TRIES = 5


class CodesWrong(DocVaultError):
    """The mailed code was wrong, or the access code beside it."""

    def __init__(self) -> None:
        super().__init__("That is not right. Please check it, and that the code is from the newest mail.")


@dataclass(frozen=True, slots=True)
class Outsider:
    """Somebody whom the sender names. access_code: told by phone; empty for none.

    host_id: the account holder beside whom they sign in person; empty for who signs on their own.
    """

    name: str
    email: str
    access_code: str = ""
    host_id: str = ""


def check(said: Outsider) -> Outsider:
    """Return them as they are kept: address in lower case, code without spaces. Raises EnvelopeIncomplete."""
    try:
        name, email = people.name(said.name), people.email(said.email)
    except PeopleError as error:
        raise EnvelopeIncomplete(f"Somebody without an account: {error}") from error
    code = digits(said.access_code)
    if code and not (len(code) == DIGITS and code.isascii() and code.isdigit()):
        raise EnvelopeIncomplete(f"The access code for {name} has {DIGITS} digits.")
    return Outsider(name, email, code, said.host_id)


def check_domain(email: str, refused: Sequence[str]) -> None:
    """Accept an address whose domain is none of `refused`, nor below one. Raises EnvelopeIncomplete."""
    domain = email.rpartition("@")[2]
    if any(domain == each or domain.endswith(f".{each}") for each in refused):
        raise EnvelopeIncomplete(f"Addresses of {domain} are not asked to sign here.")


def digits(text: str) -> str:
    """Return a code without the spaces that people put into it."""
    return "".join(text.split())


def grouped(code: str) -> str:
    """Return a code as it is read aloud: 1234 5678."""
    half = DIGITS // 2
    return f"{code[:half]} {code[half:]}"
