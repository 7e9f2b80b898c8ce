"""Envelopes, for those who send them: make one from a document, place fields, send, remind, void; list, show.

What a signer does is in ceremonies.py, what the portal does afterwards in completions.py.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.database import (
    documents,
    envelope_history,
    envelope_messages,
    envelope_people,
    envelope_views,
    envelopes,
    recipients,
)
from docvault.database import fields as database_fields
from docvault.database.engine import PAGE, Database, Page, Transaction
from docvault.database.envelope_people import PossibleRecipient
from docvault.database.envelope_views import EnvelopeSummary, EnvelopeView
from docvault.database.envelopes import EnvelopeChanged, EnvelopeRow
from docvault.pdf import fields as pdf_fields
from docvault.pdf import intake, render
from docvault.pdf.errors import TooLargeToSign
from docvault.pdf.filled import specs
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules import envelopes as rules
from docvault.rules.envelopes import EnvelopeIncomplete, EnvelopeRefused, State
from docvault.rules.fields import (
    FieldKind,
    FieldRefused,
    PlacedField,
    check_fields,
    require_signature_fields,
)
from docvault.values import DocumentId, EnvelopeId, FieldId, PersonId, RecipientId, new_id
from docvault.vault.authority import Authority
from docvault.vault.files import Staged, Vault
from docvault.vault.staging import staged_pdf


class PreflightFailed(EnvelopeRefused):
    """The envelope could not be sealed later, so it was not sent. `problems` are sentences for the sender."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class NewRecipient:
    person_id: PersonId
    turn: int  # 1 is first; the same turn signs in any order


@dataclass(frozen=True, slots=True)
class NewField:
    """A field to place. Measures are displayed-page points, origin top left; id None for a new one."""

    id: FieldId | None
    recipient_id: RecipientId
    kind: FieldKind
    page: int  # from 1
    x: float
    y: float
    w: float
    h: float
    required: bool = True
    label: str = ""


def possible_recipients(db: Database, *, acting: Acting, document_id: DocumentId) -> list[PossibleRecipient]:
    """Return the people whom `acting` may ask to sign this document. Raises NotFound, Forbidden."""
    with db.reading() as tx:
        document = documents.for_seeing(tx, acting, document_id)
        tx.policy.require(acting, Permission.ENVELOPE_CREATE, document.resource)
        return envelope_people.possible(tx, acting, document)


def create_envelope(
    db: Database,
    vault: Vault,
    pdf: Workers,
    *,
    acting: Acting,
    document_id: DocumentId,
    title: str,
    message: str = "",
    recipients: Sequence[NewRecipient],
    due_at: datetime | None = None,
    now: datetime,
) -> EnvelopeId:
    """Make a draft from the newest version of a document, cleaned so that it can be signed.

    Raises NotFound, Forbidden, EnvelopeIncomplete, NotSignable.
    """
    draft = _Draft(title, message, tuple(recipients), due_at)
    with db.reading() as tx:
        version_id = _check_draft(tx, acting, document_id, draft, now)
        most = tx.policy.numbers.uploads
    with _original(db, vault, version_id, most.max_signing_bytes) as source:
        normalised = intake.normalise(pdf, source, max_pages=most.max_signing_pages)
        origin = {"version": version_id, "sha256": source.sha256()}
    with normalised.prepared as prepared:
        sizes = render.page_sizes(pdf, prepared)
        staging = staged_pdf(
            db,
            vault,
            prepared,
            document_id=document_id,
            purpose="prepared",
            now=now,
            pages=normalised.pages,
            findings=json.dumps(asdict(normalised.findings)),
        )
        with staging as staged, db.transaction() as tx:
            _check_draft(tx, acting, document_id, draft, now)
            vault.keep(tx, staged, now=now)
            return _add_draft(tx, acting, document_id, draft, staged.id, sizes, origin, now)


def place_fields(
    db: Database, *, acting: Acting, envelope_id: EnvelopeId, fields: Sequence[NewField], now: datetime
) -> None:
    """Make these the envelope's fields; all others go.

    Raises NotFound, Forbidden, EnvelopeFrozen, FieldRefused.
    """
    with db.transaction() as tx:
        row = envelopes.for_managing(tx, acting, envelope_id)
        rules.require_draft(envelopes.to_decide(tx, row))
        people = frozenset(str(one.id) for one in row.recipients)
        most = tx.policy.numbers.signing.max_fields
        placed = check_fields([_placed(field) for field in fields], people, row.page_sizes, most)
        _refuse_foreign_ids(tx, row, fields)
        database_fields.replace_all(tx, envelope_id, placed)
        envelopes.change(tx, row, now)
        envelope_history.record(
            tx, Kind.ENVELOPE_FIELDS_PLACED, row, at=now, acting=acting, facts={"fields": len(placed)}
        )


def send_envelope(
    db: Database,
    vault: Vault,
    pdf: Workers,
    authority: Authority,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    now: datetime,
) -> None:
    """Freeze the envelope, write the fields into the document and ask the first turn to sign.

    Raises NotFound, Forbidden, EnvelopeFrozen, SignatureFieldMissing, PreflightFailed, EnvelopeChanged.
    """
    with db.transaction() as tx:
        row = envelopes.for_managing(tx, acting, envelope_id)
        placed = database_fields.of_envelope(tx, envelope_id)
        rules.send(envelopes.to_decide(tx, row))
        require_signature_fields(placed, {one.id: one.name for one in row.recipients})
    with _prepared(db, vault, pdf, row, placed) as prepared:
        problems = authority.preflight(pdf, prepared, [one.name for one in row.recipients])
        if problems:
            raise PreflightFailed(problems)
        with (
            staged_pdf(
                db, vault, prepared, document_id=row.document_id, purpose="prepared", now=now, pages=row.pages
            ) as staged,
            db.transaction() as tx,
        ):
            _freeze(tx, vault, acting, envelope_id, placed, staged, now)


def void_envelope(
    db: Database, vault: Vault, *, acting: Acting, envelope_id: EnvelopeId, reason: str, now: datetime
) -> None:
    """End the envelope and tell everybody who was asked.

    Raises EnvelopeIncomplete, NotFound, Forbidden, EnvelopeClosed.
    """
    reason = rules.check_reason(reason)
    with db.transaction() as tx:
        row = envelopes.for_managing(tx, acting, envelope_id)
        before = envelopes.to_decide(tx, row)
        envelopes.save(tx, row, before, rules.void(before), now, reason=reason)
        envelope_messages.tell_voided(tx, vault.records, row, reason, now)
        envelope_history.record(
            tx, Kind.ENVELOPE_VOIDED, row, at=now, acting=acting, private={"reason": reason}
        )


def remind_recipients(
    db: Database, vault: Vault, *, acting: Acting, envelope_id: EnvelopeId, now: datetime
) -> int:
    """Write again to those whose turn it is and return how many.

    Raises NotFound, Forbidden, EnvelopeClosed, EnvelopeRefused.
    """
    with db.transaction() as tx:
        row = envelopes.for_managing(tx, acting, envelope_id)
        rules.require_sent(envelopes.to_decide(tx, row))
        pause = timedelta(hours=tx.policy.numbers.signing.reminder_hours)
        asked = [one for one in row.recipients if one.id in envelope_views.in_turn(row)]
        due = [one for one in asked if now - (one.reminded_at or one.notified_at or row.created_at) >= pause]
        if not due:
            raise EnvelopeRefused(
                "They were written to a short while ago. Please wait before reminding them."
            )
        for recipient in due:
            envelope_messages.remind(tx, vault.records, row, recipient, acting, now)
        envelope_history.record(
            tx,
            Kind.ENVELOPE_REMINDED,
            row,
            at=now,
            acting=acting,
            facts={"recipients": [one.id for one in due]},
        )
        return len(due)


def list_envelopes(
    db: Database,
    *,
    acting: Acting,
    state: State | None = None,
    search: str | None = None,
    mine: bool = False,
    after: str | None = None,
    limit: int = PAGE,
) -> Page[EnvelopeSummary]:
    """Return envelopes that `acting` may see, newest first; `mine`: those they sent. Raises BadCursor."""
    filters = envelopes.Filters(state, search, acting.person_id if mine else None)
    with db.reading() as tx:
        found = envelopes.page(tx, acting, filters, after=after, limit=limit)
        return Page([envelope_views.summary(row, acting) for row in found.items], found.next)


def show_envelope(db: Database, *, acting: Acting, envelope_id: EnvelopeId) -> EnvelopeView:
    """Return one envelope with its people, fields and history. Raises NotFound."""
    with db.reading() as tx:
        row = envelopes.for_seeing(tx, acting, envelope_id)
        return envelope_views.whole(
            row,
            acting,
            fields=database_fields.of_envelope(tx, envelope_id),
            history=envelope_history.of_envelope(tx, row),
            may=tx.policy.allowed(acting, row.resource, _MAY),
        )


_MAY = (Permission.ENVELOPE_READ, Permission.ENVELOPE_MANAGE, Permission.ENVELOPE_SIGN)


@dataclass(frozen=True, slots=True)
class _Draft:
    """What the sender asked for."""

    title: str
    message: str
    recipients: tuple[NewRecipient, ...]
    due_at: datetime | None


def _check_draft(
    tx: Transaction, acting: Acting, document_id: DocumentId, draft: _Draft, now: datetime
) -> str:
    """Return the version to start from. Raises NotFound, Forbidden, EnvelopeIncomplete."""
    document = documents.for_seeing(tx, acting, document_id)
    tx.policy.require(acting, Permission.ENVELOPE_CREATE, document.resource)
    numbers = tx.policy.numbers.signing
    rules.check_words(draft.title, draft.message, numbers.max_message_characters)
    pairs = [(str(one.person_id), one.turn) for one in draft.recipients]
    rules.check_recipients(pairs, numbers.max_recipients)
    rules.check_due(draft.due_at, now)
    known = {one.id for one in envelope_people.possible(tx, acting, document)}
    if not known >= {one.person_id for one in draft.recipients}:
        raise EnvelopeIncomplete("One of these people cannot be asked to sign this document.")
    return documents.version_id(tx, document)


def _add_draft(
    tx: Transaction,
    acting: Acting,
    document_id: DocumentId,
    draft: _Draft,
    version_id: str,
    sizes: list[tuple[float, float]],
    origin: dict[str, str],
    now: datetime,
) -> EnvelopeId:
    document = documents.for_seeing(tx, acting, document_id)
    envelope_id = envelopes.add(
        tx,
        now=now,
        organisation_id=document.organisation_id,
        folder_id=document.folder_id,
        document_id=document_id,
        sender_id=acting.person_id,
        title=draft.title.strip(),
        message=draft.message.strip(),
        prepared_version_id=version_id,
        pages=len(sizes),
        page_sizes=sizes,
        due_at=draft.due_at,
    )
    recipients.add(tx, envelope_id, [(one.person_id, one.turn) for one in draft.recipients])
    row = envelopes.for_managing(tx, acting, envelope_id)
    facts = {**origin, "document": document_id, "recipients": [one.person_id for one in row.recipients]}
    envelope_history.record(tx, Kind.ENVELOPE_CREATED, row, at=now, acting=acting, facts=facts)
    return envelope_id


def _freeze(
    tx: Transaction,
    vault: Vault,
    acting: Acting,
    envelope_id: EnvelopeId,
    placed: tuple[PlacedField, ...],
    staged: Staged,
    now: datetime,
) -> None:
    row = envelopes.for_managing(tx, acting, envelope_id)
    before = envelopes.to_decide(tx, row)
    after = rules.send(before)
    if database_fields.of_envelope(tx, envelope_id) != placed:
        raise EnvelopeChanged
    kept = vault.keep(tx, staged, now=now)
    envelopes.save(tx, row, before, after, now, prepared_version_id=kept.id, digest=kept.sha256, sent_at=now)
    envelope_messages.ask_to_sign(tx, vault.records, row, rules.whose_turn(after), now)
    facts = {"digest": kept.sha256, "recipients": len(row.recipients), "fields": len(placed)}
    envelope_history.record(tx, Kind.ENVELOPE_SENT, row, at=now, acting=acting, facts=facts)


@contextmanager
def _original(db: Database, vault: Vault, version_id: str, most: int) -> Iterator[Scratch]:
    opened = vault.open_version(db, version_id)
    if opened.size > most:
        raise TooLargeToSign(f"This PDF is too large to be signed: it can have up to {most // 1024**2} MB.")
    with Scratch.create() as source:
        opened.copy_to(source.file)
        yield source


@contextmanager
def _prepared(
    db: Database, vault: Vault, pdf: Workers, row: EnvelopeRow, placed: Sequence[PlacedField]
) -> Iterator[Scratch]:
    """Lend the cleaned document with a form field for each placed one."""
    signers = [one.id for one in row.recipients]
    with Scratch.create() as source:
        vault.open_version(db, row.prepared_version_id or "").copy_to(source.file)
        with pdf_fields.place_fields(
            pdf, source, specs(placed), signers=signers, title=row.title
        ) as prepared:
            yield prepared


def _placed(field: NewField) -> PlacedField:
    values = {name: getattr(field, name) for name in ("recipient_id", "page", "x", "y", "w", "h", "required")}
    return PlacedField(
        id=field.id or new_id(), kind=FieldKind(field.kind), label=field.label.strip(), **values
    )


def _refuse_foreign_ids(tx: Transaction, row: EnvelopeRow, chosen: Sequence[NewField]) -> None:
    known = {field.id for field in database_fields.of_envelope(tx, row.id)}
    if not known >= {field.id for field in chosen if field.id is not None}:
        raise FieldRefused("A field has changed meanwhile. Please load the page again.")
