"""When somebody's details may be erased, and what stands in their place. Pure: no I/O.

GDPR, article 17: what has to be kept by law, or for legal claims, is kept; so nothing under a legal hold or
in an open envelope is erased, and the evidence of signed documents stays as long as the documents themselves.
"""

from dataclasses import dataclass

from docvault.values import DocVaultError


class ErasureRefused(DocVaultError):
    """The details cannot be erased now; the message says why, and what has to happen first."""


@dataclass(frozen=True, slots=True)
class Ties:
    """What may keep somebody's details from being erased, as counts: administrators see no titles."""

    is_off: bool  # the account is disabled
    is_erased: bool
    open_envelopes: int  # those they sent or are asked to sign
    held: int  # documents and clients of theirs under a legal hold


def reasons(ties: Ties) -> list[str]:
    """Return everything that stands against it, as sentences."""
    found = []
    if ties.is_erased:
        found.append("Their details are erased already.")
    elif not ties.is_off:
        found.append("Their account is still open. An administrator disables it first.")
    if ties.open_envelopes:
        open_ones = _counted(ties.open_envelopes, "envelope that is open", "envelopes that are open")
        found.append(f"They have part in {open_ones}. End or void them first.")
    if ties.held:
        held = _counted(ties.held, "document or client", "documents and clients")
        found.append(f"A legal hold keeps {held} of theirs. Their details stay until it is lifted.")
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


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
