"""Which mail an envelope causes, queued in the caller's transaction. Never renders or sends it."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from docvault.database import messages, recipients
from docvault.database.engine import Transaction
from docvault.database.envelopes import EnvelopeRow
from docvault.database.messages import Cause, Records
from docvault.database.recipients import RecipientRow
from docvault.database.tables import organisations, people
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules.envelopes import Part
from docvault.values import PersonId

ASKING = {Part.APPROVER: "approve_request", Part.VIEWER: "view_request"}  # the others are asked to sign


def ask(tx: Transaction, records: Records, row: EnvelopeRow, asked: Iterable[str], now: datetime) -> None:
    """Write to those whose turn has come what they are asked for. asked: ids of recipients."""
    wanted = frozenset(asked)
    for recipient in row.recipients:
        if recipient.id in wanted:
            cause = Cause(row.sender_id, Permission.ENVELOPE_MANAGE, row.id)
            template = ASKING.get(recipient.part, "sign_request")
            _to_recipient(tx, records, row, recipient, template, cause, now)
            recipients.change(tx, recipient.id, notified_at=now)


def announce(tx: Transaction, records: Records, row: EnvelopeRow, now: datetime) -> None:
    """Tell those who only receive a copy that it is on its way."""
    for recipient in row.recipients:
        if recipient.part is Part.COPY:
            cause = Cause(row.sender_id, Permission.ENVELOPE_MANAGE, row.id)
            _to_recipient(tx, records, row, recipient, "copy_notice", cause, now)
            recipients.change(tx, recipient.id, notified_at=now)


def remind(
    tx: Transaction, records: Records, row: EnvelopeRow, recipient: RecipientRow, by: Acting, now: datetime
) -> None:
    """Write once more to somebody whose turn it is."""
    cause = messages.caused_by(by, Permission.ENVELOPE_MANAGE, row.id)
    template = ASKING.get(recipient.part, "sign_reminder")
    _to_recipient(tx, records, row, recipient, template, cause, now)
    recipients.change(tx, recipient.id, reminded_at=now)


def tell_completed(tx: Transaction, records: Records, row: EnvelopeRow, now: datetime) -> None:
    """Write to everybody who was on it, and to the sender."""
    for person_id, email, name in _everybody(row):
        values = {"name": name, "title": row.title, "path": f"/envelopes/{row.id}"}
        messages.add(
            tx,
            records,
            person_id=person_id,
            recipient=email,
            template="envelope_completed",
            values=values,
            now=now,
        )


def tell_declined(
    tx: Transaction, records: Records, row: EnvelopeRow, who: RecipientRow, reason: str, now: datetime
) -> None:
    """Write to the sender and to everybody who was asked, but not to who declined."""
    _tell_ended(tx, records, row, "envelope_declined", {"who": who.name, "reason": reason}, who.email, now)


def tell_voided(tx: Transaction, records: Records, row: EnvelopeRow, reason: str, now: datetime) -> None:
    """Write to everybody who was asked."""
    values = {"sender": row.sender_name, "reason": reason}
    _tell_ended(tx, records, row, "envelope_voided", values, row.sender_email, now)


def tell_trouble(tx: Transaction, records: Records, row: EnvelopeRow, trouble: str, now: datetime) -> None:
    """Tell the sender that a completion does not get on."""
    values = {"name": row.sender_name, "title": row.title, "trouble": trouble, "path": f"/envelopes/{row.id}"}
    messages.add(
        tx,
        records,
        person_id=row.sender_id,
        recipient=row.sender_email,
        template="completion_trouble",
        values=values,
        now=now,
    )


def _tell_ended(
    tx: Transaction,
    records: Records,
    row: EnvelopeRow,
    template: str,
    values: dict[str, str],
    except_for: str,
    now: datetime,
) -> None:
    for person_id, email, name in _everybody(row, asked_only=True):
        if email != except_for:
            given = {**values, "name": name, "title": row.title, "path": f"/envelopes/{row.id}"}
            messages.add(
                tx, records, person_id=person_id, recipient=email, template=template, values=given, now=now
            )


def _everybody(row: EnvelopeRow, *, asked_only: bool = False) -> list[tuple[PersonId, str, str]]:
    """Return person id, address and name of the sender and the recipients, each once."""
    people_of = {row.sender_id: (row.sender_email, row.sender_name)}
    for recipient in row.recipients:
        if recipient.notified_at is not None or not asked_only:
            people_of[recipient.person_id] = (recipient.email, recipient.name)
    return [(person_id, email, name) for person_id, (email, name) in people_of.items()]


def _to_recipient(
    tx: Transaction,
    records: Records,
    row: EnvelopeRow,
    recipient: RecipientRow,
    template: str,
    cause: Cause | None,
    now: datetime,
) -> None:
    values = {
        "name": recipient.name,
        "sender": row.sender_name,
        "organisation": _organisation_of_sender(tx, row),
        "title": row.title,
        "message": row.message,
        "due": row.due_at.isoformat() if row.due_at else "",
        "path": f"/envelopes/{row.id}" if recipient.part is Part.COPY else f"/sign/{row.id}",
    }
    messages.add(
        tx,
        records,
        person_id=recipient.person_id,
        recipient=recipient.email,
        template=template,
        values=values,
        now=now,
        cause=cause,
    )


def _organisation_of_sender(tx: Transaction, row: EnvelopeRow) -> str:
    chosen = select(organisations.c.name).join(people, people.c.organisation_id == organisations.c.id)
    name: str = tx.connection.execute(chosen.where(people.c.id == row.sender_id)).scalar_one()
    return name
