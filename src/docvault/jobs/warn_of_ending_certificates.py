"""Job, once an hour: tell administrators of certificates that end soon."""

from docvault.actions import ending_certificates
from docvault.wiring import Portal

EVERY = 3600  # seconds


def warn_of_ending_certificates(portal: Portal) -> None:
    """Run as often as asked: nobody is told twice of the same."""
    ending_certificates.warn(portal.db, portal.vault.records, portal.authority, now=portal.clock())
