"""How much an organisation may store, and when to say that it is nearly full. Pure.

What counts: the originals that people bring, whole or still arriving, in folders and in the bin, at the size
that people have them in. What DocVault makes of them (signed documents, certificates, previews) does not:
nobody chose it, and a full store must never stop a signature.
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
    """The file does not fit in what its organisation may store."""

    def __init__(self, organisation: str, *, size: int, used: int, most: int) -> None:
        super().__init__(
            f"{organisation} may store {sizes.words(most)}; {sizes.words(used)} are used; this file has "
            f"{sizes.words(size)}. Remove something first, or ask an administrator for more room."
        )


class QuotaInvalid(QuotaError):
    """That cannot be what an organisation may store."""

    def __init__(self) -> None:
        super().__init__("Please give a size from 1 MB to 8,000 TB, or none for the portal's own limit.")


@dataclass(frozen=True, slots=True)
class Storage:
    """What an organisation stores and may store, in bytes. own: it has a limit of its own."""

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


def check_most(most: int | None) -> int | None:
    """Return a limit that may be set. Raises QuotaInvalid."""
    if most is not None and not 1024**2 <= most <= MOST:
        raise QuotaInvalid
    return most
