"""Jobs, by the clock: put a job for each document whose words wait, and look for documents astray."""

from docvault.actions import indexing
from docvault.wiring import Portal

EVERY = 5  # seconds
STRAYS_EVERY = 3600  # seconds: the look goes over all documents


def put_index_jobs(portal: Portal) -> None:
    """Enqueue what waits; a job that finds nothing to do ends at once."""
    indexing.put_jobs(portal.db, now=portal.clock())


def look_for_strays(portal: Portal) -> None:
    """Ask for what no other place asked for, such as documents from before there was an index."""
    indexing.look_for_strays(portal.db, now=portal.clock())
