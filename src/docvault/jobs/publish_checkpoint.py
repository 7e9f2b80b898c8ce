"""Job, every few minutes: sign the state of the audit log, also when nothing happened (promise 76)."""

from docvault.actions import audit
from docvault.wiring import Portal

EVERY = 240  # seconds: five minutes are promised


def publish_checkpoint(portal: Portal) -> None:
    """Publish the newest checkpoint."""
    audit.publish_checkpoint(portal.db, portal.log_key, now=portal.clock())
