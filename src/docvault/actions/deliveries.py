"""Delivering mail: a queued message leaves at least once, and is seen as one by its Message-ID."""

from datetime import datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.database import audit, messages, work
from docvault.database.engine import Database
from docvault.database.messages import Message, Records
from docvault.mail.sender import Mailer, MailNotSent

RESTS = timedelta(minutes=10)  # a message this old and unsent has lost its job, or its job gave up
AT_ONCE = 100  # messages asked for again at a time


def deliver_message(
    db: Database, records: Records, mailer: Mailer, *, message_id: str, now: datetime
) -> None:
    """Send one message and note that it left; one that left before is not sent again.

    Without a mail server it stays readable in the outbox, and counts as delivered.
    Raises NotFound, MailNotSent.
    """
    with db.reading() as tx:
        message = messages.for_delivery(tx, records, message_id)
    if message.sent_at is not None:
        return
    if not mailer.is_local and not _send(db, mailer, message, now):
        return
    with db.transaction() as tx:
        if messages.mark_sent(tx, message_id, now):
            facts = {"template": message.template, "local": mailer.is_local}
            audit.append(
                tx,
                Kind.MESSAGE_SENT,
                at=now,
                object_type="message",
                object_id=message_id,
                facts=facts,
                private={"recipient": message.recipient},
            )


def retry_unsent(db: Database, *, now: datetime) -> int:
    """Ask again for messages that rest unsent, and return how many."""
    with db.transaction() as tx:
        resting = messages.unsent(tx, before=now - RESTS, limit=AT_ONCE)
        for message_id in resting:
            work.enqueue(tx, work.DeliverMessage(message_id))
        return len(resting)


def _send(db: Database, mailer: Mailer, message: Message, now: datetime) -> bool:
    """Send it, and return whether it was ours to send."""
    with db.transaction() as tx:
        if not messages.claim(tx, message.id, now):
            return False
    rendered = mailer.render(message.template, message.values)
    try:
        mailer.send(rendered, message_id=message.id, recipient=message.recipient, now=now)
    except MailNotSent:
        with db.transaction() as tx:
            messages.count_failure(tx, message.id)
        raise
    return True
