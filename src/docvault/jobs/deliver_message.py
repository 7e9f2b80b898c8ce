"""Job: send one message by mail."""

from docvault.actions import deliveries
from docvault.wiring import Portal


def deliver_message(portal: Portal, message_id: str) -> None:
    """Run as often as asked: a message that left is not sent again."""
    deliveries.deliver_message(
        portal.db, portal.vault.records, portal.mailer, message_id=message_id, now=portal.clock()
    )
