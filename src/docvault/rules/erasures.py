"""When somebody's details may be erased, and what stands in their place. Pure: no I/O.

GDPR, article 17: what has to be kept by law, or for legal claims, is kept; so nothing under a legal hold or
in an open envelope is erased, and the evidence of signed documents stays as long as the documents themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from docvault.values import DocVaultError

NAMED = 3  # at most so many things are named in a sentence


class ErasureRefused(DocVaultError):
    """The details cannot be erased now; the message says why, and what has to happen first."""


@dataclass(frozen=True, slots=True)
class Ties:
    """What may keep somebody's details from being erased. Titles and names are for those who decide."""

    is_off: bool  # the account is disabled
    is_erased: bool
    open_envelopes: Sequence[str]  # titles of those they sent or are asked to sign
    held: Sequence[str]  # documents or clients of theirs under a legal hold


def reasons(ties: Ties) -> list[str]:
    """Return everything that stands against it, as sentences."""
    found = []
    if ties.is_erased:
        found.append("Their details are erased already.")
    elif not ties.is_off:
        found.append("Their account is still open. An administrator disables it first.")
    if ties.open_envelopes:
        found.append(f"Envelopes with them are open: {_listed(ties.open_envelopes)}. End or void them first.")
    if ties.held:
        words = "A legal hold keeps what they had part in: "
        found.append(f"{words}{_listed(ties.held)}. Their details stay until it is lifted.")
    return found


def check(ties: Ties) -> None:
    """Return only if nothing stands against it. Raises ErasureRefused."""
    if found := reasons(ties):
        raise ErasureRefused(" ".join(found))


def name_of(person_id: str) -> str:
    """Return what stands for the name from then on: the same everywhere, and nobody's."""
    return f"Erased person {person_id[-6:]}"


def address_of(person_id: str) -> str:
    """Return what stands for the address; the top-level domain never has mail (RFC 2606)."""
    return f"erased-{person_id.lower()}@erased.invalid"


def _listed(things: Sequence[str]) -> str:
    named = ", ".join(f"“{one}”" for one in things[:NAMED])
    more = len(things) - NAMED
    return f"{named} and {more} more" if more > 0 else named
