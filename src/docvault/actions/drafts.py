"""Making an envelope: a draft from documents of one folder, each cleaned so that it can be signed."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import (
    documents,
    envelope_documents,
    envelope_history,
    envelope_people,
    envelopes,
    in_person,
    outsiders,
    recipients,
)
from docvault.database.documents import DocumentRow
from docvault.database.engine import PAGE, Database, Transaction
from docvault.database.envelope_documents import Enclosing
from docvault.database.envelope_people import Named, PossibleRecipient
from docvault.database.envelopes import EnvelopeChanged, EnvelopeRow
from docvault.database.people import PersonState
from docvault.pdf import intake, render
from docvault.pdf.errors import TooLargeToSign
from docvault.pdf.intake import Normalised
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules import envelope_life as life
from docvault.rules import envelope_words as words
from docvault.rules import envelopes as rules
from docvault.rules.details import renamed
from docvault.rules.drafts import NewOutsider, NewRecipient, Wishes, asked, check_kind, check_wishes
from docvault.rules.envelope_documents import Chosen, check_documents
from docvault.rules.envelopes import EnvelopeIncomplete, EnvelopeRefused, State
from docvault.rules.fields import fits
from docvault.rules.outsiders import Outsider
from docvault.values import DocumentId, EnvelopeId, PersonId, RecipientId, new_id
from docvault.vault import fields as vault_fields
from docvault.vault import found_fields
from docvault.vault.files import Staged, Vault
from docvault.vault.staging import staged_pdf

PDF = "application/pdf"


__all__ = [
    "NewOutsider",
    "NewRecipient",
    "Wishes",
    "beside",
    "correct_envelope",
    "create_envelope",
    "possible_recipients",
]


def possible_recipients(db: Database, *, acting: Acting, document_id: DocumentId) -> list[PossibleRecipient]:
    """Return the people whom `acting` may ask to sign this document. Raises NotFound, Forbidden."""
    with db.reading() as tx:
        document = documents.for_seeing(tx, acting, document_id)
        tx.policy.require(acting, Permission.ENVELOPE_CREATE, document.resource)
        return envelope_people.possible(tx, acting, document)


@dataclass(frozen=True, slots=True)
class Beside:
    """Another document that could go into the same envelope."""

    id: DocumentId
    name: str


def beside(db: Database, *, acting: Acting, document_id: DocumentId) -> list[Beside]:
    """Return the newest PDFs in the folder of a document, without itself. Raises NotFound, Forbidden."""
    with db.reading() as tx:
        document = documents.for_seeing(tx, acting, document_id)
        tx.policy.require(acting, Permission.ENVELOPE_CREATE, document.resource)
        found = documents.page(tx, acting, document.folder, limit=PAGE)
        return [
            Beside(one.id, one.name) for one in found.items if one.id != document_id and one.media_type == PDF
        ]


def create_envelope(
    db: Database,
    vault: Vault,
    pdf: Workers,
    *,
    acting: Acting,
    document_ids: Sequence[DocumentId],
    title: str,
    message: str = "",
    recipients: Sequence[NewRecipient | NewOutsider],
    wishes: Wishes | None = None,
    now: datetime,
) -> EnvelopeId:
    """Make a draft from the newest versions of documents in one folder, cleaned so that they can be signed.

    Raises NotFound, Forbidden, EnvelopeIncomplete, LanguageUnknown, NotSignable.
    """
    draft = _Draft(tuple(document_ids), title, message, tuple(recipients), wishes or Wishes())
    return _make(db, vault, pdf, acting, draft, now)


def correct_envelope(
    db: Database, vault: Vault, pdf: Workers, *, acting: Acting, envelope_id: EnvelopeId, now: datetime
) -> EnvelopeId:
    """Make a draft to correct an envelope that was sent, with its documents, people and fields.

    The one that was sent goes on until the new one is sent, which voids it. Asked again before that, the same
    draft is given.
    Raises NotFound, Forbidden, EnvelopeClosed, EnvelopeRefused, EnvelopeIncomplete, NotSignable.
    """
    with db.reading() as tx:
        row = envelopes.for_managing(tx, acting, envelope_id, lock=False)
        life.require_correctable(envelopes.to_decide(tx, row))
        life.require_codes_set([one.name for one in row.recipients if one.needs_code])
        known = envelopes.replaced_by(tx, row)
        if known is not None and known[1] is not State.DRAFT:
            raise EnvelopeRefused("This envelope was corrected and sent again already.")
        if known is not None:
            return known[0]
        first = documents.for_seeing(tx, acting, row.documents[0].document_id)
        possible = {one.id for one in envelope_people.possible(tx, acting, first)}
        codes = {one.id: outsiders.owed_code(tx, vault.records, one.id) for one in row.recipients}
    return _make(db, vault, pdf, acting, _again(row, possible, codes, now), now)


def _again(
    row: EnvelopeRow, possible: Collection[PersonId], codes: Mapping[RecipientId, str], now: datetime
) -> "_Draft":
    """Return what was asked for in an envelope, without what cannot be any more: people, and days gone by.

    codes: told to people without an account and not given yet; one that was given is not asked again.
    """
    people: list[NewRecipient | NewOutsider] = []
    for one in row.recipients:
        about = (one.turn, one.part, one.message, one.chosen_language, _if_to_come(one.due_at, now))
        if one.is_outside and one.person_state in {PersonState.INVITED, PersonState.ACTIVE}:
            host = one.host.id if one.host and one.host.id in possible else ""
            people.append(NewOutsider(Outsider(one.name, one.email, codes[one.id], host), *about))
        elif one.person_id in possible:
            people.append(NewRecipient(one.person_id, *about))
    wishes = Wishes(
        due_at=_if_to_come(row.due_at, now),
        reminder_days=row.reminder_days,
        may_delegate=row.may_delegate,
        may_delegate_outside=row.may_delegate_outside,
        may_use_paper=row.may_use_paper,
        kind=row.kind,
    )
    enclosed = tuple(one.document_id for one in row.documents)
    return _Draft(enclosed, row.title, row.message, tuple(people), wishes, row)


def _if_to_come(day: datetime | None, now: datetime) -> datetime | None:
    return day if day is not None and day > now else None


def _take_over_fields(tx: Transaction, vault: Vault, old: EnvelopeRow, new: EnvelopeRow) -> None:
    """Place the fields of the old envelope that still have their person and their place on a page."""
    owners = {str(one.person_id): str(one.id) for one in new.recipients if one.signs}
    heirs = {str(one.id): owners.get(str(one.person_id), "") for one in old.recipients}
    kept = [
        one
        for one in vault_fields.of_envelope(tx, vault.records, old.id)
        if heirs[one.recipient_id] and fits(one, new.page_sizes)
    ]
    ids = {one.id: new_id() for one in kept}
    fields = [
        replace(one, id=ids[one.id], recipient_id=heirs[one.recipient_id], detail=renamed(one.detail, ids))
        for one in kept
    ]
    vault_fields.replace_all(tx, vault.records, new.id, fields)


def _require_alone(tx: Transaction, acting: Acting, old: EnvelopeRow) -> None:
    """Let only one draft be made of two clicks. Raises EnvelopeChanged."""
    if envelopes.replaced_by(tx, envelopes.for_managing(tx, acting, old.id)) is not None:
        raise EnvelopeChanged


def _make(
    db: Database, vault: Vault, pdf: Workers, acting: Acting, draft: "_Draft", now: datetime
) -> EnvelopeId:
    with db.reading() as tx:
        chosen = _check_draft(tx, acting, draft, now)
        most = tx.policy.numbers.uploads
    with ExitStack() as stagings:
        room = _Room(most.max_signing_bytes, most.max_signing_pages)
        ready = []
        for one in chosen:
            with _original(db, vault, one.version_id, room) as source:
                made = _normalised(db, vault, pdf, one, source, room, now)
                ready.append(stagings.enter_context(made))
        with db.transaction() as tx:
            _check_draft(tx, acting, draft, now)
            for each in ready:
                vault.keep(tx, each.staged, now=now)
            envelope_id = _add_draft(tx, vault, acting, draft, ready, now)
            found_fields.keep(tx, vault.records, envelope_id, [each.made.found for each in ready])
            return envelope_id


@dataclass(frozen=True, slots=True)
class _Draft:
    """What the sender asked for."""

    document_ids: tuple[DocumentId, ...]
    title: str
    message: str
    recipients: tuple[NewRecipient | NewOutsider, ...]
    wishes: Wishes
    replaces: EnvelopeRow | None = None


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A document that goes into the envelope, and the version to start from."""

    document_id: DocumentId
    name: str
    version_id: str


@dataclass(frozen=True, slots=True)
class _Ready:
    """A document that was cleaned and staged."""

    chosen: _Chosen
    sha256: str  # of the version it was made from
    staged: Staged
    sizes: list[tuple[float, float]]
    made: Normalised


@dataclass(slots=True)
class _Room:
    """What is left of the bytes and pages that one envelope can have."""

    size: int
    pages: int


def _check_draft(tx: Transaction, acting: Acting, draft: _Draft, now: datetime) -> list[_Chosen]:
    """Return the versions to start from. Raises NotFound, Forbidden, EnvelopeIncomplete."""
    found = [documents.for_seeing(tx, acting, document_id) for document_id in draft.document_ids]
    for document in found:
        tx.policy.require(acting, Permission.ENVELOPE_CREATE, document.resource)
    check_kind(draft.wishes.kind, tx.policy.numbers.kinds.why_not)
    numbers = tx.policy.numbers.signing
    check_documents([Chosen(one.id, one.folder_id) for one in found], numbers.max_documents)
    words.check_words(draft.title, draft.message, numbers.max_message_characters)
    names = _named(tx, draft)
    by_email = {one.said.email: one.id for one in names}
    rules.check_recipients(asked(draft.recipients, by_email), numbers.max_recipients)
    check_wishes(draft.title, draft.wishes, draft.recipients, numbers.max_message_characters, now)
    known = {one.id for one in envelope_people.possible(tx, acting, found[0])}
    if not known >= {one.person_id for one in draft.recipients if isinstance(one, NewRecipient)}:
        raise EnvelopeIncomplete("One of these people cannot be asked to sign this document.")
    envelope_people.check_accounts(names, known)
    return [_Chosen(one.id, one.name, documents.version_id(tx, one)) for one in found]


def _named(tx: Transaction, draft: _Draft) -> list[Named]:
    return envelope_people.named(tx, [one.said for one in draft.recipients if isinstance(one, NewOutsider)])


@contextmanager
def _normalised(
    db: Database, vault: Vault, pdf: Workers, chosen: _Chosen, source: Scratch, room: _Room, now: datetime
) -> Iterator[_Ready]:
    """Stage one document, cleaned. Raises NotSignable."""
    normalised = intake.normalise(pdf, source, max_pages=room.pages)
    room.pages -= normalised.pages
    with normalised.prepared as prepared:
        sizes = render.page_sizes(pdf, prepared)
        staging = staged_pdf(
            db,
            vault,
            prepared,
            document_id=chosen.document_id,
            purpose="prepared",
            now=now,
            pages=normalised.pages,
            findings=json.dumps(asdict(normalised.findings)),
        )
        with staging as staged:
            prepared.close()
            yield _Ready(chosen, source.sha256(), staged, sizes, normalised)


def _add_people(
    tx: Transaction, vault: Vault, acting: Acting, draft: _Draft, first: DocumentRow, envelope_id: EnvelopeId
) -> None:
    """Put the people on, with what is asked of those without an account."""
    names = _named(tx, draft)
    by_email = {one.said.email: envelope_people.add(tx, acting, first.organisation_id, one) for one in names}
    recipients.add(tx, envelope_id, asked(draft.recipients, by_email))
    outside = {by_email[one.said.email]: one.said for one in names if one.is_outside}
    hosts = []
    for one in recipients.of_envelope(tx, envelope_id):
        if one.person_id in outside:
            outsiders.add(tx, vault.records, one.id, outside[one.person_id].access_code)
            hosts.append((one.id, outside[one.person_id].host_id))
    in_person.name_hosts(tx, hosts)


def _add_draft(
    tx: Transaction, vault: Vault, acting: Acting, draft: _Draft, ready: Sequence[_Ready], now: datetime
) -> EnvelopeId:
    first = documents.for_seeing(tx, acting, draft.document_ids[0])
    if draft.replaces is not None:
        _require_alone(tx, acting, draft.replaces)
    envelope_id = envelopes.add(
        tx,
        now=now,
        organisation_id=first.organisation_id,
        folder_id=first.folder_id,
        sender_id=acting.person_id,
        title=draft.title.strip(),
        message=draft.message.strip(),
        due_at=draft.wishes.due_at,
        reminder_days=draft.wishes.reminder_days,
        may_delegate=draft.wishes.may_delegate,
        may_use_paper=draft.wishes.may_use_paper,
        may_delegate_outside=draft.wishes.may_delegate and draft.wishes.may_delegate_outside,
        kind=draft.wishes.kind,
        replaces_id=draft.replaces.id if draft.replaces else None,
    )
    enclosed = [
        Enclosing(
            one.chosen.document_id, one.chosen.name, one.staged.id, one.sizes, one.made.findings.arrival
        )
        for one in ready
    ]
    envelope_documents.add(tx, envelope_id, enclosed)
    _add_people(tx, vault, acting, draft, first, envelope_id)
    row = envelopes.for_managing(tx, acting, envelope_id)
    if draft.replaces is not None:
        _take_over_fields(tx, vault, draft.replaces, row)
    _record_created(tx, acting, row, ready, now)
    return envelope_id


def _record_created(
    tx: Transaction, acting: Acting, row: EnvelopeRow, ready: Sequence[_Ready], now: datetime
) -> None:
    facts: dict[str, object] = {
        "documents": [
            {"document": one.chosen.document_id, "version": one.chosen.version_id, "sha256": one.sha256}
            for one in ready
        ],
        "recipients": [one.person_id for one in row.recipients],
    }
    if row.kind is not None:
        facts["kind"] = row.kind
    if row.replaces_id is not None:
        facts["replaces"] = row.replaces_id
    outside = sorted(str(one.person_id) for one in row.recipients if one.is_outside)
    if outside:
        facts["without_account"] = outside
    envelope_history.record(tx, Kind.ENVELOPE_CREATED, row, at=now, acting=acting, facts=facts)


@contextmanager
def _original(db: Database, vault: Vault, version_id: str, room: _Room) -> Iterator[Scratch]:
    opened = vault.open_version(db, version_id)
    if opened.size > room.size:
        most = f"{room.size // 1024**2} MB"
        raise TooLargeToSign(
            f"This PDF is too large to be signed: it can have up to {most} in this envelope."
        )
    room.size -= opened.size
    with Scratch.create() as source:
        opened.copy_to(source.file)
        yield source
