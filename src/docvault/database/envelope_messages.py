"""Which mail an envelope causes, queued in the caller's transaction. Never renders or sends it."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from docvault.database import handovers, messages, outsiders, recipients
from docvault.database.engine import Transaction
from docvault.database.envelopes import EnvelopeRow
from docvault.database.messages import Cause, Records
from docvault.database.recipients import HostRow, RecipientRow
from docvault.database.tables import organisations, people
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules.envelopes import Part
from docvault.values import PersonId

FIRST_WORDS = frozenset({"sign_request", "sign_reminder", "approve_request", "view_request"})
ASKING = {Part.APPROVER: "approve_request", Part.VIEWER: "view_request"}  # the others are asked to sign


def ask(tx: Transaction, records: Records, row: EnvelopeRow, asked: Iterable[str], now: datetime) -> None:
    """Write to those whose turn has come what they are asked for. asked: ids of recipients."""
    wanted = frozenset(asked)
    for recipient in row.recipients:
        if recipient.id in wanted:
            cause = _by_sender(row)
            template = ASKING.get(recipient.part, "sign_request")
            _to_recipient(tx, records, row, recipient, template, cause, now)
            recipients.change(tx, recipient.id, notified_at=now)


def announce(
    tx: Transaction, records: Records, row: EnvelopeRow, now: datetime, *, only: str | None = None
) -> None:
    """Tell those who only receive a copy that it is on its way. only: this recipient, if they do."""
    for recipient in row.recipients:
        if recipient.part is Part.COPY and only in {None, recipient.id}:
            cause = _by_sender(row)
            _to_recipient(tx, records, row, recipient, "copy_notice", cause, now)
            recipients.change(tx, recipient.id, notified_at=now)


def remind(
    tx: Transaction,
    records: Records,
    row: EnvelopeRow,
    recipient: RecipientRow,
    by: Acting | None,
    now: datetime,
) -> None:
    """Write once more to somebody whose turn it is. by: who asks; None: the sender did, beforehand."""
    cause = messages.caused_by(by, Permission.ENVELOPE_MANAGE, row.id) if by else _by_sender(row)
    template = ASKING.get(recipient.part, "sign_reminder")
    _to_recipient(tx, records, row, recipient, template, cause, now)
    count = recipient.reminders + (by is None)
    recipients.change(tx, recipient.id, reminded_at=now, reminders=count)


def tell_completed(tx: Transaction, records: Records, row: EnvelopeRow, now: datetime) -> None:
    """Write to everybody who was on it, and to the sender."""
    for person_id, email, name, language in _everybody(row):
        outside = _outside(row, person_id)
        path = outsiders.path(tx, outside, now) if outside else f"/envelopes/{row.id}"
        values = {"name": name, "title": row.title, "path": path}
        messages.add(
            tx,
            records,
            person_id=person_id,
            recipient=email,
            template="envelope_completed",
            values=values,
            now=now,
            language=language,
        )


def tell_paper_wished(
    tx: Transaction, records: Records, row: EnvelopeRow, who: RecipientRow, note: str, now: datetime
) -> None:
    """Tell the sender that somebody would rather sign on paper. note: their words; may be empty."""
    _to_sender(tx, records, row, "paper_wished", {"who": who.name, "email": who.email, "reason": note}, now)


def tell_declined(
    tx: Transaction, records: Records, row: EnvelopeRow, who: RecipientRow, reason: str, now: datetime
) -> None:
    """Write to the sender and to everybody who was asked, but not to who declined."""
    _tell_ended(tx, records, row, "envelope_declined", {"who": who.name, "reason": reason}, who.email, now)


def tell_voided(tx: Transaction, records: Records, row: EnvelopeRow, reason: str, now: datetime) -> None:
    """Write to everybody who was asked."""
    values = {"sender": row.sender_name, "reason": reason}
    _tell_ended(tx, records, row, "envelope_voided", values, row.sender_email, now)


def warn(tx: Transaction, records: Records, row: EnvelopeRow, recipient: RecipientRow, now: datetime) -> None:
    """Tell somebody whose turn it is that the envelope expires soon. Takes the place of a reminder."""
    _to_recipient(tx, records, row, recipient, "envelope_expiring", _by_sender(row), now)
    recipients.change(tx, recipient.id, warned_at=now, reminded_at=now)


def warn_sender(
    tx: Transaction, records: Records, row: EnvelopeRow, ends_at: datetime, waiting: str, now: datetime
) -> None:
    """Tell the sender that the envelope expires soon. waiting: names of those who are awaited."""
    values = {"waiting": waiting, "due": ends_at.isoformat()}
    _to_sender(tx, records, row, "envelope_expiring_sender", values, now)


def tell_expired(tx: Transaction, records: Records, row: EnvelopeRow, waiting: str, now: datetime) -> None:
    """Write to the sender, who can give more time, and to everybody who was asked."""
    _to_sender(tx, records, row, "envelope_expired_sender", {"waiting": waiting}, now)
    _tell_ended(tx, records, row, "envelope_expired", {"sender": row.sender_name}, row.sender_email, now)


def tell_extended(
    tx: Transaction, records: Records, row: EnvelopeRow, asked: Iterable[str], now: datetime
) -> None:
    """Tell those whose turn it is that they have more time. row: with the new day."""
    wanted = frozenset(asked)
    for recipient in row.recipients:
        if recipient.id in wanted:
            _to_recipient(tx, records, row, recipient, "envelope_extended", _by_sender(row), now)


def delegate(tx: Transaction, records: Records, row: EnvelopeRow, recipient_id: str, now: datetime) -> None:
    """Ask whoever a part was handed to, and tell the sender, who may have to set a code first."""
    taker = next(one for one in row.recipients if one.id == recipient_id)
    hand_to(tx, records, row, recipient_id, now)
    if not taker.needs_code:
        to = f"{taker.name} ({taker.email})" if taker.is_outside else taker.name
        said = _handed(tx, row, taker)
        _to_sender(tx, records, row, "part_handed_on", {**said, "to": to}, now)


def hand_to(tx: Transaction, records: Records, row: EnvelopeRow, recipient_id: str, now: datetime) -> None:
    """Ask whoever a part was handed to, and say by whom and why."""
    taker = next(one for one in row.recipients if one.id == recipient_id)
    template = "part_handed_outside" if taker.is_outside else "part_handed_to_you"
    _to_recipient(tx, records, row, taker, template, _by_sender(row), now, _handed(tx, row, taker))
    recipients.change(tx, taker.id, notified_at=now)


def _handed(tx: Transaction, row: EnvelopeRow, taker: RecipientRow) -> dict[str, str]:
    """Return who handed on the part of `taker` last, and why."""
    passed = [one for one in handovers.of_envelope(tx, row.id) if one.recipient_id == taker.id]
    return {"who": passed[-1].from_name, "reason": passed[-1].reason}


def _ask_for_code(
    tx: Transaction, records: Records, row: EnvelopeRow, taker: RecipientRow, now: datetime
) -> None:
    """Tell the sender that somebody is asked only once they have an access code of their own."""
    path = f"/envelopes/{row.id}/recipients/{taker.id}/access-code"
    said = {"to": taker.name, "email": taker.email, "path": path, **_handed(tx, row, taker)}
    _to_sender(tx, records, row, "access_code_needed", said, now)


def tell_paper(
    tx: Transaction, records: Records, row: EnvelopeRow, who: RecipientRow, pages: int, now: datetime
) -> None:
    """Ask the sender to look at a scan of what somebody signed by hand."""
    _to_sender(tx, records, row, "paper_to_check", {"who": who.name, "pages": str(pages)}, now)


def return_paper(
    tx: Transaction, records: Records, row: EnvelopeRow, who: RecipientRow, reason: str, now: datetime
) -> None:
    """Tell somebody that the sender could not take their scan, and why. They are asked again from now on."""
    _to_recipient(tx, records, row, who, "paper_returned", _by_sender(row), now, {"reason": reason})
    recipients.change(tx, who.id, notified_at=now, reminded_at=None)


def _to_sender(
    tx: Transaction, records: Records, row: EnvelopeRow, template: str, values: dict[str, str], now: datetime
) -> None:
    about = {"name": row.sender_name, "title": row.title, "path": f"/envelopes/{row.id}"}
    messages.add(
        tx,
        records,
        person_id=row.sender_id,
        recipient=row.sender_email,
        template=template,
        values={**about, **values},
        now=now,
    )


def tell_replaced(tx: Transaction, records: Records, row: EnvelopeRow, now: datetime) -> None:
    """Tell everybody who was asked that a corrected envelope takes the place of this one."""
    _tell_ended(tx, records, row, "envelope_replaced", {"sender": row.sender_name}, row.sender_email, now)


def tell_trouble(tx: Transaction, records: Records, row: EnvelopeRow, trouble: str, now: datetime) -> None:
    """Tell the sender that a completion does not get on."""
    _to_sender(tx, records, row, "completion_trouble", {"trouble": trouble}, now)


def _tell_ended(
    tx: Transaction,
    records: Records,
    row: EnvelopeRow,
    template: str,
    values: dict[str, str],
    except_for: str,
    now: datetime,
) -> None:
    for person_id, email, name, language in _everybody(row, asked_only=True):
        if email != except_for:
            given = {**values, "name": name, "title": row.title}
            if _outside(row, person_id) is None:  # nothing of it is theirs to open any more
                given["path"] = f"/envelopes/{row.id}"
            messages.add(
                tx,
                records,
                person_id=person_id,
                recipient=email,
                template=template,
                values=given,
                now=now,
                language=language,
            )


def _everybody(row: EnvelopeRow, *, asked_only: bool = False) -> list[tuple[PersonId, str, str, str | None]]:
    """Return person id, address, name and language of the sender and the recipients, each once."""
    people_of: dict[PersonId, tuple[str, str, str | None]] = {
        row.sender_id: (row.sender_email, row.sender_name, None)
    }
    for recipient in row.recipients:
        if (recipient.notified_at is not None and not recipient.needs_code) or not asked_only:
            people_of[recipient.person_id] = (recipient.email, recipient.name, recipient.language)
    return [(person_id, *known) for person_id, known in people_of.items()]


def _by_sender(row: EnvelopeRow) -> Cause:
    return Cause(row.sender_id, Permission.ENVELOPE_MANAGE, row.id)


def _outside(row: EnvelopeRow, person_id: PersonId) -> RecipientRow | None:
    """Return the row of somebody without an account, whose mail carries a link of its own."""
    recipient = row.recipient_of(person_id)
    return recipient if recipient is not None and recipient.is_outside else None


def _to_recipient(
    tx: Transaction,
    records: Records,
    row: EnvelopeRow,
    recipient: RecipientRow,
    template: str,
    cause: Cause | None,
    now: datetime,
    more: dict[str, str] | None = None,
) -> None:
    if recipient.needs_code:
        _ask_for_code(tx, records, row, recipient, now)
        return
    if recipient.host is not None:
        _to_host(tx, records, row, recipient, recipient.host, cause, now)
        return
    path = f"/envelopes/{row.id}" if recipient.part is Part.COPY else f"/sign/{row.id}"
    if recipient.is_outside:
        path = outsiders.path(tx, recipient, now)
        template = "outside_request" if template in FIRST_WORDS else template
    values = {
        "name": recipient.name,
        "sender": row.sender_name,
        "organisation": _organisation_of_sender(tx, row),
        "title": row.title,
        "message": "\n\n".join(words for words in (row.message, recipient.message) if words),
        "due": _due(row, recipient),
        **(more or {}),
        "path": path,
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
        language=recipient.language,
    )


def _to_host(
    tx: Transaction,
    records: Records,
    row: EnvelopeRow,
    recipient: RecipientRow,
    host: HostRow,
    cause: Cause | None,
    now: datetime,
) -> None:
    """Tell the host that somebody waits to sign beside them; the signer gets no link of their own."""
    values = {
        "name": host.name,
        "signer": recipient.name,
        "sender": row.sender_name,
        "title": row.title,
        "due": _due(row, recipient),
        "path": f"/in-person/{recipient.id}",
    }
    messages.add(
        tx,
        records,
        person_id=host.id,
        recipient=host.email,
        template="host_request",
        values=values,
        now=now,
        cause=cause,
        language=host.language,
    )


def _due(row: EnvelopeRow, recipient: RecipientRow) -> str:
    days = [day for day in (row.due_at, recipient.due_at) if day is not None]
    return min(days).isoformat() if days else ""


def _organisation_of_sender(tx: Transaction, row: EnvelopeRow) -> str:
    chosen = select(organisations.c.name).join(people, people.c.organisation_id == organisations.c.id)
    name: str = tx.connection.execute(chosen.where(people.c.id == row.sender_id)).scalar_one()
    return name
