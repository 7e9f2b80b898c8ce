"""Job, every hour: erase what rows of old bulk sends, and codes that have run out, say of people."""

from docvault.actions import bulk_rows
from docvault.database import template_links
from docvault.wiring import Portal

EVERY = 3600  # seconds


def forget_lists(portal: Portal) -> None:
    """Run as often as asked: what was erased is not due any more."""
    bulk_rows.forget_lists(portal.db, now=portal.clock())
    with portal.db.transaction() as tx:
        template_links.forget(tx, portal.clock())
