"""The people of an envelope and how far each one is. Reached only through an envelope that was asked for."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, or_, select, update

from docvault.database import attachments, kept_answers, paper_wishes, papers
from docvault.database.engine import Transaction
from docvault.database.people import PersonState
from docvault.database.tables import in_person_hosts, organisations, outside_signers, people, recipients
from docvault.database.tables import paper_wishes as wishes
from docvault.policy.vocabulary import Role
from docvault.rules import consents
from docvault.rules import envelopes as rules
from docvault.rules.envelopes import Asked, Part
from docvault.values import EnvelopeId, PersonId, RecipientId, new_id


@dataclass(frozen=True, slots=True)
class HostRow:
    """The account holder who vouches for somebody who signs in person."""

    id: PersonId
    name: str
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """One person of one envelope. Times are aware UTC; `answers` and `evidence` are sealed."""

    id: RecipientId
    envelope_id: EnvelopeId
    person_id: PersonId
    name: str
    email: str
    language: str  # ISO 639-1
    person_role: Role
    person_state: PersonState
    time_zone: str | None
    owes_code: bool  # the access code, without which the envelope does not know them yet
    needs_code: bool  # the sender has to set that code first; until then nobody asks them
    organisation_name: str
    turn: int
    part: Part
    notified_at: datetime | None
    reminded_at: datetime | None
    reminders: int  # written by itself
    warned_at: datetime | None
    due_at: datetime | None  # a day of their own to act by
    message: str  # for them alone
    chosen_language: str | None  # for this envelope; None: their own
    viewed_at: datetime | None
    consented_at: datetime | None
    consent_text: str | None
    consent_sha256: str | None
    pages_seen: frozenset[int]
    signed_at: datetime | None
    approved_at: datetime | None
    declined_at: datetime | None
    answers: bytes | None
    evidence: bytes | None
    applied_at: datetime | None
    paper_at: datetime | None  # when they handed in a scan of what they signed by hand
    certificate_sha256: str | None
    wished_at: datetime | None  # when they said that they would rather sign on paper
    host: "HostRow | None"  # beside whom they sign in person, while they have no account

    @property
    def signs(self) -> bool:
        return self.part in rules.SIGNING

    @property
    def on_paper(self) -> bool:
        """Whether they signed by hand, and the sender accepted the scan."""
        return self.paper_at is not None and self.signed_at is not None

    @property
    def is_outside(self) -> bool:
        """Whether they have no account."""
        return self.person_role is Role.OUTSIDER

    @property
    def done_at(self) -> datetime | None:
        """When they did what they were asked for."""
        return self.signed_at or self.approved_at

    @property
    def agreed_at(self) -> datetime | None:
        """When they agreed to sign electronically, while those words are in use: later ones ask again."""
        return self.consented_at if self.signed_at or consents.is_in_use(self.consent_text) else None

    def to_decide(self, required_fields: frozenset[str]) -> rules.Recipient:
        """Return what decisions are made from."""
        return rules.Recipient(
            id=self.id,
            turn=self.turn,
            part=self.part,
            required_fields=required_fields,
            consented_at=self.agreed_at,
            pages_seen=self.pages_seen,
            signed_at=self.signed_at,
            approved_at=self.approved_at,
            declined_at=self.declined_at,
            applied_at=self.applied_at,
            viewed_at=self.viewed_at,
            due_at=self.due_at,
            paper_at=self.paper_at,
        )


_HOSTS = people.alias()
_PERSON = (
    people.c.name,
    people.c.email,
    func.coalesce(recipients.c.chosen_language, people.c.language).label("language"),
    people.c.role.label("person_role"),
    people.c.state.label("person_state"),
    people.c.time_zone,
    organisations.c.name.label("organisation_name"),
    wishes.c.wished_at,
    _HOSTS.c.id.label("host_id"),
    _HOSTS.c.name.label("host_name"),
    _HOSTS.c.email.label("host_email"),
    _HOSTS.c.language.label("host_language"),
    and_(
        people.c.role == Role.OUTSIDER.value,
        or_(outside_signers.c.access_code.is_not(None), outside_signers.c.code_due),
    ).label("owes_code"),
    and_(people.c.role == Role.OUTSIDER.value, outside_signers.c.code_due).label("needs_code"),
)
_QUESTION = select(recipients, *_PERSON).select_from(
    recipients.join(people, people.c.id == recipients.c.person_id)
    .join(organisations, organisations.c.id == people.c.organisation_id)
    .outerjoin(outside_signers, outside_signers.c.recipient_id == recipients.c.id)
    .outerjoin(wishes, wishes.c.recipient_id == recipients.c.id)
    .outerjoin(in_person_hosts, in_person_hosts.c.recipient_id == recipients.c.id)
    .outerjoin(_HOSTS, _HOSTS.c.id == in_person_hosts.c.host_id)
)


def of_envelopes(
    tx: Transaction, envelope_ids: Sequence[EnvelopeId]
) -> dict[EnvelopeId, tuple[RecipientRow, ...]]:
    """Return the people of each envelope, first turn first."""
    chosen = _QUESTION.where(recipients.c.envelope_id.in_(envelope_ids))
    found: dict[EnvelopeId, list[RecipientRow]] = {envelope_id: [] for envelope_id in envelope_ids}
    for row in tx.connection.execute(chosen.order_by(recipients.c.turn, recipients.c.id)):
        found[row.envelope_id].append(_recipient(row))
    return {envelope_id: tuple(rows) for envelope_id, rows in found.items()}


def of_envelope(tx: Transaction, envelope_id: EnvelopeId) -> tuple[RecipientRow, ...]:
    """Return the people of one envelope, first turn first."""
    return of_envelopes(tx, [envelope_id])[envelope_id]


def add(
    tx: Transaction,
    envelope_id: EnvelopeId,
    asked: Iterable[Asked],
    *,
    notified_at: datetime | None = None,
    ids: Sequence[str] | None = None,
) -> None:
    """Put people on an envelope; their ids ascend, so that people of one turn keep this order.

    ids: chosen before, ascending.
    """
    chosen = list(asked)
    ids = ids or sorted(new_id() for _ in chosen)
    rows = [
        {
            "id": recipient_id,
            "envelope_id": envelope_id,
            "person_id": one.person_id,
            "turn": one.turn,
            "role": one.part.value,
            "pages_seen": "[]",
            "due_at": one.due_at,
            "message": one.message,
            "chosen_language": one.language,
            "notified_at": notified_at,
        }
        for one, recipient_id in zip(chosen, ids, strict=True)
    ]
    tx.connection.execute(insert(recipients), rows)


def change(tx: Transaction, recipient_id: str, **columns: Any) -> None:
    """Write some columns of one person's row."""
    tx.connection.execute(update(recipients).where(recipients.c.id == recipient_id).values(**columns))


def note_viewed(tx: Transaction, recipient: RecipientRow | None, now: datetime) -> None:
    """Note when somebody first opened what they are asked about; None is not asked."""
    if recipient is not None and recipient.viewed_at is None:
        change(tx, recipient.id, viewed_at=now)


def give_to(tx: Transaction, recipient_id: str, person_id: str, **columns: Any) -> None:
    """Let another person do this part, as if nobody had been asked yet; no code of before counts for them."""
    untouched = {
        "notified_at": None,
        "reminded_at": None,
        "reminders": 0,
        "warned_at": None,
        "consent_text": None,
        "consent_sha256": None,
        "chosen_language": None,
    }
    kept_answers.forget(tx, recipient_id)
    attachments.keep_only(tx, recipient_id, ())
    paper_wishes.forget(tx, recipient_id)
    papers.forget(tx, recipient_id)
    for beside in (in_person_hosts, outside_signers):
        tx.connection.execute(delete(beside).where(beside.c.recipient_id == recipient_id))
    change(tx, recipient_id, person_id=person_id, **untouched, **columns)


_DECIDED = (
    "viewed_at",
    "consented_at",
    "signed_at",
    "approved_at",
    "declined_at",
    "applied_at",
    "due_at",
    "paper_at",
)


def save(tx: Transaction, before: rules.Recipient, after: rules.Recipient) -> None:
    """Write what a decision changed about one person."""
    changed: Mapping[str, Any] = {
        name: getattr(after, name) for name in _DECIDED if getattr(after, name) != getattr(before, name)
    }
    if after.pages_seen != before.pages_seen:
        changed = {**changed, "pages_seen": json.dumps(sorted(after.pages_seen))}
    if changed:
        change(tx, after.id, **changed)


def _recipient(row: Row[Any]) -> RecipientRow:
    values = dict(row._mapping)  # noqa: SLF001 - the public way to a row's columns by name
    values["pages_seen"] = frozenset(json.loads(values["pages_seen"]))
    values["person_state"] = PersonState(values["person_state"])
    values["person_role"] = Role(values["person_role"])
    values["owes_code"] = bool(values["owes_code"])
    values["needs_code"] = bool(values["needs_code"])
    values["part"] = Part(values.pop("role"))
    host = HostRow(*(values.pop(f"host_{name}") for name in HostRow.__slots__))
    values["host"] = host if host.id is not None and values["person_role"] is Role.OUTSIDER else None
    return RecipientRow(**values)
