"""Why the organisation's seal cannot be used."""

from docvault.values import DocVaultError


class SealError(DocVaultError):
    """The root of the refusals of this room."""


class SealUnclear(SealError):
    """What the settings say of the seal cannot be used; the message says what to write instead."""


class SealAway(SealError):
    """The place that keeps the seal's key does not do its work now. Nothing is sealed until it does."""


class SealLies(SealError):
    """That place signed with another key than the one that belongs to the certificate."""
