"""How much an organisation and a person may store, and when to say that it is nearly full. Pure.

What counts: the originals that people bring, whole or still arriving, in folders and in the bin, at the size
that people have them in. What DocVault makes of them (signed documents, certificates, previews) does not:
nobody chose it, and a full store must never stop a signature. What a guest sends counts for the organisation
and the request, not for whoever asked for it.
"""

from dataclasses import dataclass

from docvault.rules import sizes
from docvault.values import DocVaultError

SHOWN_FROM = 80  # per cent: from here on pages show a bar
TOLD_FROM = 90  # per cent: from here on those in charge get a mail
TOLD_AGAIN_BELOW = 80  # per cent: once it was as empty as this, the next time is worth a mail again
MOST = 2**53 - 1  # bytes; the audit log keeps no larger number


class QuotaError(DocVaultError):
    """The root of what a quota says no to."""


class QuotaReached(QuotaError):
    """The file does not fit in what its organisation, or who brings it, may store."""

    def __init__(self, owner: str, *, size: int, used: int, most: int) -> None:
        super().__init__(
            f"{owner} may store {sizes.words(most)}; {sizes.words(used)} are used; this file has "
            f"{sizes.words(size)}. Remove something first, or ask an administrator for more room."
        )


class QuotaInvalid(QuotaError):
    """That cannot be what an organisation or a person may store."""

    def __init__(self) -> None:
        super().__init__("Please give a size from 1 MB to 8,000 TB, or none for the portal's own limit.")


@dataclass(frozen=True, slots=True)
class Storage:
    """What an organisation or a person stores and may store, in bytes. own: there is a limit of its own."""

    used: int
    most: int
    own: bool

    @property
    def per_cent(self) -> int:
        """Return how full it is; more than 100 where the limit was lowered afterwards."""
        return 100 * self.used // self.most

    @property
    def is_near(self) -> bool:
        """Tell whether pages should show it."""
        return self.per_cent >= SHOWN_FROM


@dataclass(frozen=True, slots=True)
class Room:
    """What limits what somebody brings into a folder: the store of its organisation, and their own."""

    organisation: Storage
    person: Storage

    @property
    def narrower(self) -> Storage:
        """Return the one with less room left."""
        return min(self.organisation, self.person, key=lambda each: each.most - each.used)


def check_most(most: int | None) -> int | None:
    """Return a limit that may be set. Raises QuotaInvalid."""
    if most is not None and not 1024**2 <= most <= MOST:
        raise QuotaInvalid
    return most
