"""Mail that is to be sent: which template, for whom, with which values. Never renders or sends it.

Values are sealed, because links in them are secrets; the words are made by mail/ when the message leaves.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Row, insert, or_, select, update

from docvault.database import work
from docvault.database.engine import PAGE, PAGE_MOST, Page, Transaction, before_cursor, cursor_after
from docvault.database.tables import messages, people
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules.deliveries import Withheld
from docvault.rules.languages import OTHERWISE
from docvault.values import NotFound, PersonId, new_id

CLAIM = timedelta(minutes=5)  # longer than a mail server may take for one message
GIVE_UP = 60  # failures after which a message is left to the administrator, who sees it in the outbox


class Records(Protocol):
    """Seals small secrets; the context is authenticated, so a sealed value opens only where it belongs."""

    def seal(self, context: str, plaintext: bytes, /) -> bytes: ...

    def open(self, context: str, sealed: bytes, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Cause:
    """Who asked for a message, with which right and on which envelope; asked again before it leaves."""

    person_id: PersonId
    permission: Permission
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    person_id: PersonId | None
    recipient: str  # an e-mail address
    template: str
    values: Mapping[str, str]
    created_at: datetime
    sent_at: datetime | None
    failures: int
    cause: Cause | None = None
    withheld: Withheld | None = None  # why it was not sent


def caused_by(acting: Acting, permission: Permission, about: str | None = None) -> Cause | None:
    """Return the cause of a message that `acting` asks for; the terminal is the portal itself."""
    return None if acting.at_terminal else Cause(acting.person_id, permission, about)


def add(
    tx: Transaction,
    records: Records,
    *,
    person_id: PersonId | None,
    recipient: str,
    template: str,
    values: Mapping[str, str],
    now: datetime,
    cause: Cause | None = None,
    language: str | None = None,
) -> str:
    """Queue one message in `tx` and return its id.

    values: what the template asks for; a link is given as `path`, from the slash on, and gets the portal's
    address when the message is rendered. Moments are ISO 8601. The words will be in
    `language`, or in the person's own.
    """
    message_id = new_id()
    worded = {**values, "language": language or _language(tx, person_id)}
    tx.connection.execute(
        insert(messages).values(
            id=message_id,
            person_id=person_id,
            recipient=recipient,
            caused_by=cause.person_id if cause else None,
            permission=cause.permission.value if cause else None,
            about=cause.about if cause else None,
            template=template,
            body=records.seal(_context(message_id), json.dumps(worded).encode()),
            created_at=now,
            failures=0,
        )
    )
    work.enqueue(tx, work.DeliverMessage(message_id))
    return message_id


def for_delivery(tx: Transaction, records: Records, message_id: str) -> Message:
    """Return one message for the job that sends it. Raises NotFound."""
    row = tx.connection.execute(select(messages).where(messages.c.id == message_id)).one_or_none()
    if row is None:
        raise NotFound
    return _message(records, row)


def withhold(tx: Transaction, message_id: str, why: Withheld, now: datetime) -> bool:
    """Note for good that it does not leave; False if it left, or that was noted before."""
    waiting = (messages.c.id == message_id, messages.c.sent_at.is_(None), messages.c.withheld_at.is_(None))
    changed = update(messages).where(*waiting).values(withheld_at=now, withheld=why.value)
    return tx.connection.execute(changed).rowcount == 1


def mark_sent(tx: Transaction, message_id: str, now: datetime) -> bool:
    """Note when it left; False if it was already noted."""
    changed = tx.connection.execute(
        update(messages).where(messages.c.id == message_id, messages.c.sent_at.is_(None)).values(sent_at=now)
    )
    return changed.rowcount == 1


def claim(tx: Transaction, message_id: str, now: datetime) -> bool:
    """Take the message for sending; False if it left already, or another worker is at it.

    A message is asked for again when it rests, so two jobs may want the same one.
    """
    free = or_(messages.c.claimed_until.is_(None), messages.c.claimed_until <= now)
    taken = tx.connection.execute(
        update(messages)
        .where(
            messages.c.id == message_id, messages.c.sent_at.is_(None), messages.c.withheld_at.is_(None), free
        )
        .values(claimed_until=now + CLAIM)
    )
    return taken.rowcount == 1


def count_failure(tx: Transaction, message_id: str) -> None:
    """Note one try that did not get through, and let the next one begin."""
    tx.connection.execute(
        update(messages)
        .where(messages.c.id == message_id)
        .values(failures=messages.c.failures + 1, claimed_until=None)
    )


def unsent(tx: Transaction, before: datetime, limit: int) -> list[str]:
    """Return the ids of messages written before `before` that have not left, oldest first."""
    chosen = (
        select(messages.c.id)
        .where(
            messages.c.sent_at.is_(None),
            messages.c.withheld_at.is_(None),
            messages.c.created_at < before,
            messages.c.failures < GIVE_UP,
        )
        .order_by(messages.c.created_at, messages.c.id)
    )
    return list(tx.connection.execute(chosen.limit(limit)).scalars())


def newest(
    tx: Transaction, records: Records, *, after: str | None = None, limit: int = PAGE
) -> Page[Message]:
    """Return messages, newest first; the caller has checked who asks. Raises BadCursor."""
    limit = max(1, min(limit, PAGE_MOST))
    question = select(messages).order_by(messages.c.created_at.desc(), messages.c.id.desc()).limit(limit + 1)
    older = before_cursor(after, messages.c.created_at, messages.c.id)
    if older is not None:
        question = question.where(older)
    rows = tx.connection.execute(question).all()
    items = [_message(records, row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items, cursor_after(items[-1].created_at, items[-1].id) if more else None)


def _language(tx: Transaction, person_id: PersonId | None) -> str:
    """Return the language of mail to this person; English to somebody who has no account."""
    chosen = select(people.c.language).where(people.c.id == (person_id or ""))
    return tx.connection.execute(chosen).scalar_one_or_none() or OTHERWISE


def _message(records: Records, row: Row[Any]) -> Message:
    values = json.loads(records.open(_context(row.id), row.body))
    return Message(
        id=row.id,
        person_id=row.person_id,
        recipient=row.recipient,
        template=row.template,
        values=values,
        created_at=row.created_at,
        sent_at=row.sent_at,
        failures=row.failures,
        cause=Cause(row.caused_by, Permission(row.permission), row.about) if row.caused_by else None,
        withheld=Withheld(row.withheld) if row.withheld else None,
    )


def _context(message_id: str) -> str:
    return f"message:{message_id}"
