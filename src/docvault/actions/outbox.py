"""The outbox: messages that left or wait, for the administrator of a portal."""

from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, messages
from docvault.database.engine import PAGE, Database, Page
from docvault.database.messages import Message, Records
from docvault.mail.sender import Mailer
from docvault.policy.vocabulary import PORTAL, Acting, Permission
from docvault.rules.deliveries import WORDS


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One message. `text` is empty and `link` None with a mail server, or if held back: they hold secrets."""

    id: str
    recipient: str
    subject: str
    text: str
    link: str | None
    created_at: datetime
    sent_at: datetime | None
    failures: int
    withheld: str  # why it was not sent, in words, or nothing


def list_messages(
    db: Database,
    records: Records,
    mailer: Mailer,
    *,
    acting: Acting,
    after: str | None = None,
    limit: int = PAGE,
    now: datetime,
) -> Page[OutboxItem]:
    """Return messages, newest first. Raises Forbidden, BadCursor."""
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.OUTBOX_READ, PORTAL)
        found = messages.newest(tx, records, after=after, limit=limit)
        audit.append(tx, Kind.OUTBOX_READ, at=now, acting=acting, facts={"messages": len(found.items)})
    return Page([_item(mailer, message) for message in found.items], found.next)


def _item(mailer: Mailer, message: Message) -> OutboxItem:
    rendered = mailer.render(message.template, message.values)
    shown = mailer.is_local and message.withheld is None
    return OutboxItem(
        id=message.id,
        recipient=message.recipient,
        subject=rendered.subject,
        text=rendered.text if shown else "",
        link=rendered.link if shown else None,
        created_at=message.created_at,
        sent_at=message.sent_at,
        failures=message.failures,
        withheld=WORDS[message.withheld] if message.withheld else "",
    )
