"""Job, once a day: bin what is past its schedule, destroy what was long enough there, and what follows."""

from docvault.actions import disposals
from docvault.wiring import Portal

EVERY = 24 * 3600  # seconds


def dispose_documents(portal: Portal) -> None:
    """Take the next step of every document that nothing keeps."""
    disposals.dispose_due(portal.db, now=portal.clock())
    disposals.finish_begun(portal.db, portal.vault, portal.stones, now=portal.clock())
    disposals.erase_rest(portal.db, now=portal.clock())
