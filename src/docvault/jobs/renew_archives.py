"""Job, every minute: look at the archive timestamps that are due, and add another one where it is needed."""

from docvault.actions import renewals
from docvault.wiring import Portal

EVERY = 60  # seconds


def renew_archives(portal: Portal) -> None:
    """Go on where the last run was; nothing gets two timestamps for one need."""
    renewals.renew_due(portal.db, portal.vault, portal.pdf, portal.authority, now=portal.clock())
