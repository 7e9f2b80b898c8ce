"""What people see of an envelope: a line of a list, and how far each recipient is. Reads no table."""

from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database.archive_stamps import Proof
from docvault.database.envelopes import EnvelopeRow
from docvault.database.handovers import Handover
from docvault.database.recipients import RecipientRow
from docvault.database.templates import Origin
from docvault.policy.vocabulary import Acting, Permission, Role
from docvault.rules import envelopes as rules
from docvault.rules.envelope_documents import with_first_pages
from docvault.rules.envelopes import Part, State
from docvault.rules.fields import PlacedField
from docvault.values import DocumentId, EnvelopeId, PersonId, RecipientId


@dataclass(frozen=True, slots=True)
class EnvelopeSummary:
    """An envelope as a list shows it."""

    id: EnvelopeId
    title: str
    organisation_name: str
    sender_name: str
    state: State
    signed: int  # people who have done what they were asked for
    signers: int  # people who are asked for something
    created_at: datetime
    changed_at: datetime
    due_at: datetime | None  # nobody can sign from then on
    your_turn: bool  # `acting` may sign it now


@dataclass(frozen=True, slots=True)
class RecipientView:
    """One person of an envelope.

    state: draft | waiting | needs-code | notified | viewed | consented | signed | approved | read | copy |
    declined | ended. needs-code: the sender has to set an access code before they are asked.
    """

    id: RecipientId
    person_id: PersonId
    name: str
    email: str
    organisation_name: str
    role: Role
    part: Part
    turn: int
    state: str
    at: datetime | None  # when they did their part or declined, or else were last written to
    due_at: datetime | None  # a day of their own to act by
    message: str  # for them alone: empty for everybody else but the sender
    language: str | None
    host_id: PersonId | None  # beside whom they sign in person
    host_name: str
    wished_at: datetime | None  # they would rather sign on paper, and have not signed
    correctable: bool  # nothing was opened yet: somebody else can take their place
    owes_code: bool  # an access code, which the sender can make anew


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One thing that happened, in plain words. who: empty where the portal itself did it."""

    at: datetime
    kind: Kind
    who: str
    details: str
    whose: str = ""  # the person it was done for, where that is somebody else
    note: str = ""  # of a signer, for the sender alone


@dataclass(frozen=True, slots=True)
class EnclosedView:
    """One document of an envelope. digest: hex SHA-256 as sent. arrived_with: signatures it came with."""

    position: int  # from 1
    document_id: DocumentId
    name: str
    pages: int
    first_page: int  # its first page's number in the envelope
    digest: str | None
    arrived_with: int


@dataclass(frozen=True, slots=True)
class EnvelopeView(EnvelopeSummary):
    """One envelope as a person sees it. digest: hex SHA-256 of what was sent, all documents together."""

    documents: tuple[EnclosedView, ...]
    sender_email: str
    message: str
    reason: str | None
    trouble: str | None
    digest: str | None
    pages: int
    page_sizes: tuple[tuple[float, float], ...]
    sent_at: datetime | None
    completed_at: datetime | None
    recipients: tuple[RecipientView, ...]
    fields: tuple[PlacedField, ...]
    history: tuple[HistoryItem, ...]
    handovers: tuple[Handover, ...]
    ends_at: datetime | None  # the first of all days by which something awaited has not come
    reminder_days: int | None
    may_delegate: bool
    kind: str | None  # of documents, as the sender says
    may_use_paper: bool
    may_delegate_outside: bool
    replaces_id: EnvelopeId | None
    replaced_by_id: EnvelopeId | None
    has_signed: bool
    has_certificate: bool
    proofs: tuple[Proof, ...]  # of the signed document and of the certificate
    origin: Origin | None  # the template it was made from, for whoever runs it
    may: frozenset[Permission]


def summary(row: EnvelopeRow, acting: Acting) -> EnvelopeSummary:
    """Return one line of a list, as `acting` sees it."""
    own = row.recipient_of(acting.person_id)
    return EnvelopeSummary(
        id=row.id,
        title=row.title,
        organisation_name=row.organisation_name,
        sender_name=row.sender_name,
        state=row.state,
        signed=sum(recipient.done_at is not None for recipient in row.recipients),
        signers=sum(recipient.part in rules.ACTING for recipient in row.recipients),
        created_at=row.created_at,
        changed_at=row.changed_at,
        due_at=row.due_at,
        your_turn=own is not None and own.host is None and own.id in in_turn(row),
    )


def whole(
    row: EnvelopeRow,
    acting: Acting,
    *,
    fields: tuple[PlacedField, ...],
    history: tuple[HistoryItem, ...],
    proofs: tuple[Proof, ...],
    origin: Origin | None,
    may: frozenset[Permission],
    handovers: tuple[Handover, ...],
    replaced_by_id: EnvelopeId | None,
) -> EnvelopeView:
    """Return everything about an envelope that `acting` may see."""
    line = summary(row, acting)
    return EnvelopeView(
        **{name: getattr(line, name) for name in EnvelopeSummary.__slots__},
        documents=documents(row),
        sender_email=row.sender_email,
        message=row.message,
        reason=row.reason,
        trouble=row.trouble,
        digest=row.digest,
        pages=row.pages,
        page_sizes=row.page_sizes,
        sent_at=row.sent_at,
        completed_at=row.completed_at,
        recipients=recipients(row, acting.person_id, everything=Permission.ENVELOPE_MANAGE in may),
        fields=fields,
        history=history,
        handovers=handovers,
        ends_at=ends_at(row),
        reminder_days=row.reminder_days,
        may_delegate=row.may_delegate,
        kind=row.kind,
        may_use_paper=row.may_use_paper,
        may_delegate_outside=row.may_delegate_outside,
        replaces_id=row.replaces_id,
        replaced_by_id=replaced_by_id,
        has_signed=row.completed_at is not None,
        has_certificate=row.certificate_version_id is not None,
        proofs=proofs,
        origin=origin,
        may=may,
    )


def documents(row: EnvelopeRow) -> tuple[EnclosedView, ...]:
    """Return the documents of an envelope in their order."""
    return tuple(
        EnclosedView(
            one.position,
            one.document_id,
            one.name,
            one.pages,
            first,
            one.digest,
            one.arrival.signatures if one.arrival else 0,
        )
        for one, first in with_first_pages(row.documents)
    )


def recipients(
    row: EnvelopeRow, reader: PersonId | None = None, *, everything: bool = False
) -> tuple[RecipientView, ...]:
    """Return the people of an envelope, first turn first, as `reader` may see them."""
    now_signing = in_turn(row)
    return tuple(
        RecipientView(
            id=one.id,
            person_id=one.person_id,
            name=one.name,
            email=one.email,
            organisation_name=one.organisation_name,
            role=one.person_role,
            part=one.part,
            turn=one.turn,
            state=_state(row, one, now_signing),
            at=one.done_at or one.declined_at or one.reminded_at or one.notified_at,
            due_at=one.due_at,
            message=one.message if everything or one.person_id == reader else "",
            language=one.chosen_language,
            host_id=one.host.id if one.host else None,
            host_name=one.host.name if one.host else "",
            wished_at=one.wished_at if one.signed_at is None and one.paper_at is None else None,
            correctable=row.state is State.SENT
            and one.viewed_at is None
            and one.done_at is None
            and one.paper_at is None,
            owes_code=row.state is State.SENT and one.owes_code,
        )
        for one in row.recipients
    )


def in_turn(row: EnvelopeRow) -> frozenset[str]:
    """Return the recipients who may act now."""
    return rules.whose_turn(_deciding(row))


def is_overdue(row: EnvelopeRow, now: datetime) -> bool:
    """Tell whether nobody can sign any more, also before the portal has noted that."""
    return rules.is_overdue(_deciding(row), now)


def ends_at(row: EnvelopeRow) -> datetime | None:
    """Return when it expires: the first day by which something awaited has not come."""
    return _deciding(row).ends_at


def _deciding(row: EnvelopeRow) -> rules.Envelope:
    people_of = tuple(one.to_decide(frozenset()) for one in row.recipients)
    return rules.Envelope(row.state, row.pages, people_of, row.due_at)


_DONE = {Part.APPROVER: "approved", Part.VIEWER: "read"}


def _state(row: EnvelopeRow, one: RecipientRow, now_signing: frozenset[str]) -> str:
    if one.done_at is not None:
        return "paper" if one.on_paper else _DONE.get(one.part, "signed")
    if one.declined_at is not None:
        return "declined"
    if row.state is State.DRAFT or one.part is Part.COPY:
        return "draft" if row.state is State.DRAFT else "copy"
    if one.id in now_signing:
        return _how_far(one)
    if row.state is State.SENT:
        return "waiting" if one.paper_at is None else "handed-in"
    return "ended"


def _how_far(one: RecipientRow) -> str:
    if one.needs_code:
        return "needs-code"
    return "consented" if one.consented_at else "viewed" if one.viewed_at else "notified"
