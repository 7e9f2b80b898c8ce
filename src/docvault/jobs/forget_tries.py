"""Job, once a day: forget the failed tries of people and addresses that have rested long enough."""

from docvault.database import throttles
from docvault.wiring import Portal

EVERY = 24 * 3600  # seconds


def forget_tries(portal: Portal) -> None:
    """Remove counters that no longer slow anybody down; those of second factors stay."""
    with portal.db.transaction() as tx:
        throttles.forget(tx, portal.clock())
