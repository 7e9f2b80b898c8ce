"""Job, every hour: ask for renditions whose job was lost, or whose file came before LibreOffice."""

from docvault.actions import renditions
from docvault.wiring import Portal

EVERY = 3600  # seconds


def make_missing(portal: Portal) -> None:
    """Enqueue what is missing; a job that finds nothing to do ends at once."""
    renditions.make_missing(portal.db, portal.office, portal.clock())
