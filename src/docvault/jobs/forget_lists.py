"""Job, every hour: erase what the rows of old bulk sends say of people."""

from docvault.actions import bulk_rows
from docvault.wiring import Portal

EVERY = 3600  # seconds


def forget_lists(portal: Portal) -> None:
    """Run as often as asked: what was erased is not due any more."""
    bulk_rows.forget_lists(portal.db, now=portal.clock())
