"""Job, every few seconds: destroy the keys of what two people decided, or an interrupted run began."""

from docvault.actions import disposals
from docvault.wiring import Portal

EVERY = 15  # seconds


def finish_disposals(portal: Portal) -> None:
    """Finish what has begun."""
    disposals.finish_begun(portal.db, portal.vault, portal.stones, now=portal.clock())
