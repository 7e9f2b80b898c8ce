"""Job, every few seconds: lock in the store what envelopes ended with, and longer what is kept for longer."""

from docvault.actions import object_locks
from docvault.wiring import Portal

EVERY = 20  # seconds


def lock_objects(portal: Portal) -> None:
    """Go on where the last run ended."""
    object_locks.lock_due(portal.db, portal.vault, now=portal.clock())
