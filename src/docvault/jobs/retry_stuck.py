"""Job, every minute: ask again for completions, mails and bulk sends whose job gave up, so none is stuck."""

from docvault.actions import bulk_rows, completions, deliveries
from docvault.wiring import Portal

EVERY = 60  # seconds


def retry_stuck(portal: Portal) -> None:
    """Enqueue what rests unfinished; a job that finds nothing to do ends at once."""
    completions.retry_stuck(portal.db, now=portal.clock())
    deliveries.retry_unsent(portal.db, now=portal.clock())
    bulk_rows.retry_resting(portal.db, now=portal.clock())
