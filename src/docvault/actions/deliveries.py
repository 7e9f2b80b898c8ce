"""Delivering mail: a queued message leaves at least once, and is seen as one by its Message-ID."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.database import audit, causes, messages, work
from docvault.database.engine import Database, Transaction
from docvault.database.messages import Message, Records
from docvault.mail.sender import Mailer, MailNotSent

RESTS = timedelta(minutes=10)  # a message this old and unsent has lost its job, or its job gave up
AT_ONCE = 100  # messages asked for again at a time


def deliver_message(
    db: Database, records: Records, mailer: Mailer, *, message_id: str, now: datetime
) -> None:
    """Send one message and note that it left; one that left before is not sent again.

    Whoever caused it is asked again whether they may, and mail with a link does not go to somebody who is
    switched off: such a message is held back for good, and the outbox says why (promise 25).
    Without a mail server it stays readable in the outbox, and counts as delivered.
    Raises NotFound, MailNotSent.
    """
    with db.transaction() as tx:
        message = messages.for_delivery(tx, records, message_id)
        if message.sent_at is not None or message.withheld is not None:
            return
        why = causes.objection(tx, message, now)
        if why is not None:
            if messages.withhold(tx, message_id, why, now):
                _note(tx, Kind.MESSAGE_WITHHELD, message, now, {"why": why.value})
            return
        if not mailer.is_local and not messages.claim(tx, message_id, now):
            return
    if not mailer.is_local:
        _send(db, mailer, message, now)
    with db.transaction() as tx:
        if messages.mark_sent(tx, message_id, now):
            _note(tx, Kind.MESSAGE_SENT, message, now, {"local": mailer.is_local})


def retry_unsent(db: Database, *, now: datetime) -> int:
    """Ask again for messages that rest unsent, and return how many."""
    with db.transaction() as tx:
        resting = messages.unsent(tx, before=now - RESTS, limit=AT_ONCE)
        for message_id in resting:
            work.enqueue(tx, work.DeliverMessage(message_id))
        return len(resting)


def _send(db: Database, mailer: Mailer, message: Message, now: datetime) -> None:
    """Hand a claimed message to the mail server, and count a failure. Raises MailNotSent."""
    rendered = mailer.render(message.template, message.values)
    try:
        mailer.send(rendered, message_id=message.id, recipient=message.recipient, now=now)
    except MailNotSent:
        with db.transaction() as tx:
            messages.count_failure(tx, message.id)
        raise


def _note(
    tx: Transaction, kind: Kind, message: Message, now: datetime, facts: Mapping[str, str | bool]
) -> None:
    audit.append(
        tx,
        kind,
        at=now,
        object_type="message",
        object_id=message.id,
        facts={"template": message.template, **facts},
        private={"recipient": message.recipient},
    )
