"""Job, every minute: remind, warn and end what is due of the envelopes that were sent."""

from docvault.actions import deadlines
from docvault.wiring import Portal

EVERY = 60  # seconds


def look_after_envelopes(portal: Portal) -> None:
    """Run as often as asked: what was done is not due any more."""
    deadlines.look_after(portal.db, portal.vault.records, now=portal.clock())
