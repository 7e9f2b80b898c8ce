"""The questions asked of envelopes; each names who asks. What may happen to one is decided in rules/."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, insert, or_, select, update

from docvault.database import (
    envelope_documents,
    fields,
    folder_members,
    found_fields,
    kept_answers,
    recipients,
)
from docvault.database.engine import Transaction
from docvault.database.envelope_documents import EnclosedRow
from docvault.database.recipients import RecipientRow
from docvault.database.sessions import IN_PERSON
from docvault.database.tables import envelopes, organisations, people
from docvault.database.tables import recipients as recipient_rows
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Acting, Permission, Resource, ResourceType
from docvault.rules import envelopes as rules
from docvault.rules.envelopes import State
from docvault.rules.in_person import InPersonOnly
from docvault.values import (
    DocVaultError,
    EnvelopeId,
    FolderId,
    NotFound,
    OrganisationId,
    PersonId,
    new_id,
)


class EnvelopeChanged(DocVaultError):
    """Somebody else changed it at the same moment; nothing was written."""

    def __init__(self) -> None:
        super().__init__("This envelope has just changed. Please load the page again.")


@dataclass(frozen=True, slots=True)
class EnvelopeRow:
    """One envelope with its people. Times are aware UTC; digests are hex SHA-256."""

    id: EnvelopeId
    organisation_id: OrganisationId
    organisation_name: str
    folder_id: FolderId
    sender_id: PersonId
    sender_name: str
    sender_email: str
    sender_organisation: str
    sender_zone: str | None
    title: str
    message: str
    state: State
    reason: str | None
    certificate_version_id: str | None
    digest: str | None  # of what was sent, see rules.envelope_documents
    created_at: datetime
    changed_at: datetime
    sent_at: datetime | None
    completed_at: datetime | None
    due_at: datetime | None
    extended_at: datetime | None
    warned_at: datetime | None  # when the sender was told that it expires soon
    reminder_days: int | None  # between two reminders by itself; None: none
    may_delegate: bool
    may_use_paper: bool
    may_delegate_outside: bool
    kind: str | None  # of documents, as the sender says: policies/kinds.toml
    next_at: datetime | None  # when to look whether something is due
    replaces_id: EnvelopeId | None
    trouble: str | None
    revision: int
    documents: tuple[EnclosedRow, ...]
    recipients: tuple[RecipientRow, ...]
    shares: Mapping[str, frozenset[str]]  # of its folder: contributors, managers, denied

    @property
    def resource(self) -> Resource:
        """What the policies decide on."""
        attributes: dict[str, str | bool | int | frozenset[str]] = {
            "organisation": self.organisation_id,
            "sender": self.sender_id,
            "recipients": frozenset(
                str(recipient.person_id) for recipient in self.recipients if not recipient.owes_code
            ),
            "state": self.state.value,
            "hosts": frozenset(str(one.host.id) for one in self.recipients if one.host),
            **self.shares,
        }
        return Resource(ResourceType.ENVELOPE, self.id, attributes)

    @property
    def page_sizes(self) -> tuple[tuple[float, float], ...]:
        """Width and height of each page, over all documents, in displayed-page points."""
        return tuple(size for document in self.documents for size in document.page_sizes)

    @property
    def pages(self) -> int:
        return sum(document.pages for document in self.documents)

    def recipient_of(self, person_id: PersonId) -> RecipientRow | None:
        """Return the row of this person, if they are asked to sign."""
        return next((one for one in self.recipients if one.person_id == person_id), None)


_EMPLOYERS = organisations.alias()  # of the senders; the envelope's own organisation is the client

QUESTION = select(
    envelopes,
    organisations.c.name.label("organisation_name"),
    people.c.name.label("sender_name"),
    people.c.email.label("sender_email"),
    people.c.time_zone.label("sender_zone"),
    _EMPLOYERS.c.name.label("sender_organisation"),
).select_from(
    envelopes.join(organisations, organisations.c.id == envelopes.c.organisation_id)
    .join(people, people.c.id == envelopes.c.sender_id)
    .join(_EMPLOYERS, _EMPLOYERS.c.id == people.c.organisation_id)
)


def for_seeing(tx: Transaction, acting: Acting, envelope_id: EnvelopeId) -> EnvelopeRow:
    """Return an envelope that `acting` may see. Raises NotFound."""
    return _for(tx, acting, envelope_id, Permission.ENVELOPE_SEE)


def for_reading(tx: Transaction, acting: Acting, envelope_id: EnvelopeId) -> EnvelopeRow:
    """Return an envelope whose documents `acting` may read. Raises NotFound, Forbidden."""
    return _for(tx, acting, envelope_id, Permission.ENVELOPE_READ)


def for_managing(
    tx: Transaction, acting: Acting, envelope_id: EnvelopeId, *, lock: bool = True
) -> EnvelopeRow:
    """Return an envelope that `acting` may send, remind or void. Raises NotFound, Forbidden."""
    return _for(tx, acting, envelope_id, Permission.ENVELOPE_MANAGE, lock=lock)


def for_signing(
    tx: Transaction, acting: Acting, envelope_id: EnvelopeId, *, lock: bool = True
) -> tuple[EnvelopeRow, RecipientRow]:
    """Return an envelope that asks `acting` to sign, and their own row. Raises NotFound, Forbidden.

    Once it has ended, the policies no longer let anybody sign; it is still returned to those whom it asked,
    so that the rules can say what happened instead of "not allowed". Raises InPersonOnly beside that.
    """
    row = _for(tx, acting, envelope_id, Permission.ENVELOPE_SEE, lock=lock)
    recipient = row.recipient_of(acting.person_id)
    if recipient is None:
        raise Forbidden(Permission.ENVELOPE_SIGN)
    if row.state is State.SENT:
        tx.policy.require(acting, Permission.ENVELOPE_SIGN, row.resource)
        if recipient.host is not None and acting.session_kind != IN_PERSON:
            raise InPersonOnly(recipient.host.name)
    return row, recipient


def for_explaining(tx: Transaction, envelope_id: str, at: datetime) -> EnvelopeRow:
    """Return an envelope to ask the policies about it; the caller may explain. Raises NotFound."""
    return _load(tx, EnvelopeId(envelope_id), at, lock=False)


def for_completion(tx: Transaction, envelope_id: EnvelopeId, *, lock: bool = False) -> EnvelopeRow:
    """Return an envelope for the portal itself. Raises NotFound."""
    return _load(tx, envelope_id, None, lock=lock)


def _for(
    tx: Transaction, acting: Acting, envelope_id: EnvelopeId, permission: Permission, *, lock: bool = False
) -> EnvelopeRow:
    row = _load(tx, envelope_id, acting.at, lock=lock)
    if (
        not acting.is_about(envelope_id)
        or not tx.policy.decide(acting, Permission.ENVELOPE_SEE, row.resource).allowed
    ):
        raise NotFound
    if permission is not Permission.ENVELOPE_SEE:
        tx.policy.require(acting, permission, row.resource)
    return row


def _load(tx: Transaction, envelope_id: EnvelopeId, at: datetime | None, *, lock: bool) -> EnvelopeRow:
    """at: the moment whose grants count; None where the portal itself asks, and no policy."""
    if lock:  # SQLite knows no row locks and needs none: its writers come one after the other
        tx.connection.execute(
            select(envelopes.c.id).where(envelopes.c.id == envelope_id).with_for_update(key_share=True)
        )
    row = tx.connection.execute(QUESTION.where(envelopes.c.id == envelope_id)).one_or_none()
    if row is None:
        raise NotFound
    shares = folder_members.of_envelopes(tx, [row.folder_id], at) if at else {row.folder_id: {}}
    enclosed = envelope_documents.of_envelope(tx, envelope_id)
    return _envelope(row, enclosed, recipients.of_envelope(tx, envelope_id), shares)


def with_their_people(tx: Transaction, found: Sequence[Row[Any]], at: datetime) -> list[EnvelopeRow]:
    """Return the envelopes of rows of QUESTION, with the grants of `at`; who may see them was asked."""
    if not found:
        return []
    people_of = recipients.of_envelopes(tx, [row.id for row in found])
    enclosed = envelope_documents.of_envelopes(tx, [row.id for row in found])
    shares = folder_members.of_envelopes(tx, [row.folder_id for row in found], at)
    return [_envelope(row, enclosed[row.id], people_of[row.id], shares) for row in found]


def stuck(tx: Transaction, before: datetime, limit: int) -> list[EnvelopeId]:
    """Return envelopes whose completion rests since `before`: signed, and no job has gone on."""
    unapplied = exists().where(
        recipient_rows.c.envelope_id == envelopes.c.id,
        recipient_rows.c.signed_at.is_not(None),
        recipient_rows.c.applied_at.is_(None),
    )
    completing = envelopes.c.state == State.COMPLETING.value
    half_applied = (envelopes.c.state == State.SENT.value) & unapplied
    chosen = (
        select(envelopes.c.id)
        .where(or_(completing, half_applied), envelopes.c.changed_at < before)
        .order_by(envelopes.c.changed_at)
    )
    return list(tx.connection.execute(chosen.limit(limit)).scalars())


def add(tx: Transaction, *, now: datetime, **columns: Any) -> EnvelopeId:
    """Write a new draft and return its id."""
    envelope_id = EnvelopeId(new_id())
    tx.connection.execute(
        insert(envelopes).values(
            id=envelope_id,
            state=State.DRAFT.value,
            created_at=now,
            changed_at=now,
            **columns,
        )
    )
    return envelope_id


def to_decide(tx: Transaction, row: EnvelopeRow) -> rules.Envelope:
    """Return the part of an envelope that decisions are made from."""
    required: dict[str, set[str]] = {}
    for field in fields.of_envelope(tx, row.id):
        if field.required:
            required.setdefault(field.recipient_id, set()).add(field.id)
    people_of = tuple(one.to_decide(frozenset(required.get(one.id, ()))) for one in row.recipients)
    return rules.Envelope(row.state, row.pages, people_of, row.due_at)


def save(
    tx: Transaction,
    row: EnvelopeRow,
    before: rules.Envelope,
    after: rules.Envelope,
    now: datetime,
    **columns: Any,
) -> None:
    """Write a decision, if the envelope is still in the state it was made in. Raises EnvelopeChanged.

    What comes due by itself may be something else afterwards, so that is looked at soon.
    """
    soon = now if after.state is State.SENT else None
    decided = {"state": after.state.value, "due_at": after.due_at, "next_at": soon}
    change(tx, row, now, **decided, **columns)
    for old, new in zip(before.recipients, after.recipients, strict=True):
        recipients.save(tx, old, new)
        if new.signed_at != old.signed_at:
            kept_answers.forget(tx, new.id)
    if before.state is State.DRAFT and after.state is not State.DRAFT:
        found_fields.forget(tx, row.id)
    if after.state in rules.CLOSED:
        kept_answers.forget_all(tx, row.id)


def change(tx: Transaction, row: EnvelopeRow, now: datetime, **columns: Any) -> None:
    """Write some columns, if state and revision are still those of `row`. Raises EnvelopeChanged.

    Two signatures put into the same bytes would fork a document: the second finds another revision.
    """
    same = envelopes.c.revision == row.revision
    changed = tx.connection.execute(
        update(envelopes)
        .where(envelopes.c.id == row.id, envelopes.c.state == row.state.value, same)
        .values(changed_at=now, **columns)
    )
    if changed.rowcount != 1:
        raise EnvelopeChanged


def replaced_by(tx: Transaction, row: EnvelopeRow) -> tuple[EnvelopeId, State] | None:
    """Return the envelope that was made to correct this one, and its state: the newest not voided."""
    chosen = (
        select(envelopes.c.id, envelopes.c.state)
        .where(envelopes.c.replaces_id == row.id, envelopes.c.state != State.VOIDED.value)
        .order_by(envelopes.c.created_at.desc(), envelopes.c.id.desc())
    )
    found = tx.connection.execute(chosen.limit(1)).one_or_none()
    return None if found is None else (EnvelopeId(found.id), State(found.state))


def note_trouble(tx: Transaction, row: EnvelopeRow, trouble: str | None, now: datetime) -> bool:
    """Say why completion does not get on (None: it does); False if that was said already."""
    different = envelopes.c.trouble.is_distinct_from(trouble)
    changed = tx.connection.execute(
        update(envelopes).where(envelopes.c.id == row.id, different).values(trouble=trouble, changed_at=now)
    )
    return changed.rowcount == 1


def _envelope(
    row: Row[Any],
    enclosed: tuple[EnclosedRow, ...],
    people_of: tuple[RecipientRow, ...],
    shares: Mapping[str, Mapping[str, frozenset[str]]],
) -> EnvelopeRow:
    values = dict(row._mapping)  # noqa: SLF001 - the public way to a row's columns by name
    others = {"documents": enclosed, "recipients": people_of, "shares": shares[row.folder_id]}
    return EnvelopeRow(**values | {"state": State(values["state"])} | others)
