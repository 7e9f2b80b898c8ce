"""Jobs: look at one archive timestamp; and, every minute, put such a job for each that is due."""

from docvault.actions import renewals
from docvault.wiring import Portal

EVERY = 60  # seconds


def renew_archive(portal: Portal, version_id: str) -> None:
    """Run as often as asked: nothing gets two timestamps for one need."""
    renewals.look_at(
        portal.db, portal.vault, portal.pdf, portal.authority, version_id=version_id, now=portal.clock()
    )


def put_renewals(portal: Portal) -> None:
    """Enqueue what is due; a job that finds nothing to do ends at once."""
    renewals.put_jobs(portal.db, now=portal.clock())
