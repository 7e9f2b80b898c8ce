"""Job, every few seconds: publish in the log's bucket what is signed; if that fails for long, say so."""

import structlog

from docvault.actions import publications
from docvault.wiring import Portal

EVERY = 20  # seconds

_log = structlog.get_logger(__name__)


def publish_log(portal: Portal) -> None:
    """Go on where the last run ended, oldest first; nothing is skipped."""
    if portal.log_store is None:
        return
    try:
        publications.publish(portal.db, portal.log_store, now=portal.clock())
    finally:
        found = publications.state(portal.db, portal.log_store)
        if publications.is_late(found, portal.clock()):
            _log.error(
                "log.not_published", waiting=found.waiting, since=str(found.since), published=found.size
            )
