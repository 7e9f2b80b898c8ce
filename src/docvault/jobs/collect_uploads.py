"""Job, now and then: remove uploads that nobody finished, with their unreadable parts."""

from docvault.actions import uploads
from docvault.wiring import Portal

EVERY = 3600  # seconds


def collect_uploads(portal: Portal) -> None:
    """Collect what has rested longer than the policy allows."""
    uploads.collect_abandoned(portal.db, portal.vault, now=portal.clock())
