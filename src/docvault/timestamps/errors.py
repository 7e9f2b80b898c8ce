"""Why a timestamp authority of others was not used."""

from docvault.values import DocVaultError


class ClockFailed(DocVaultError):
    """It does not answer, or not with what it was asked for; the message names it and says why."""
