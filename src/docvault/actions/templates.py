"""Templates of envelopes: saved from a draft, changed, used, retired. Each save is a version of its own.

A template is for whoever may start envelopes with its documents, and lies where they lie.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import (
    audit,
    documents,
    envelope_history,
    envelope_people,
    envelopes,
    templates,
)
from docvault.database.engine import Database, Transaction
from docvault.database.envelope_documents import Enclosing
from docvault.database.envelope_people import PossibleRecipient
from docvault.database.envelopes import EnvelopeRow
from docvault.database.templates import Origin, TemplateRow, TemplateSummary, TemplateVersion
from docvault.policy.vocabulary import Acting, Permission, Role
from docvault.rules import envelope_words
from docvault.rules.envelopes import EnvelopeRefused, State
from docvault.rules.fields import PlacedField
from docvault.rules.template_care import Care, check_care, require_kind
from docvault.rules.templates import (
    TemplateRefused,
    TemplateRole,
    check_name,
    check_roles,
    open_values,
    suggest_roles,
)
from docvault.values import EnvelopeId, NotFound, PersonId
from docvault.vault import template_drafts, template_states
from docvault.vault.files import Vault

NOTE_LONGEST = 200  # characters of what changed


@dataclass(frozen=True, slots=True)
class Saved:
    """The version that was just saved."""

    id: str
    version: int


@dataclass(frozen=True, slots=True)
class TemplateWords:
    """What of a template can be changed without a draft. roles: their names, in their order."""

    name: str
    title: str
    message: str
    roles: Sequence[str]
    note: str = ""
    kind: str | None = None  # None: as it was
    care: Care | None = None


@dataclass(frozen=True, slots=True)
class TemplateDocument:
    name: str
    pages: int


@dataclass(frozen=True, slots=True)
class TemplateView:
    """One version of a template. values: what each use has to give, by name."""

    id: str
    name: str
    version: int  # the newest one
    number: int  # this one
    folder_id: str
    folder_name: str
    title: str
    message: str
    roles: tuple[TemplateRole, ...]
    values: tuple[str, ...]
    fields: int
    documents: tuple[TemplateDocument, ...]
    kind: str | None  # of documents; None: nobody has said it
    care: Care
    trouble: str  # why it cannot be used now; empty if it can
    mendable: bool  # its documents are there, so that words and kind can be changed
    newer: bool  # one of its documents has got a newer version since
    people: tuple[PossibleRecipient, ...]  # who may be chosen for a role
    history: tuple[TemplateVersion, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft that could be saved as a template, or as the version after the newest one of its origin."""

    title: str
    role_names: tuple[str, ...]  # as they are in that template, or suggested
    recipients: tuple[str, ...]  # names of the people, in the same order
    origin: Origin | None
    kind: str | None
    care: Care  # as the draft says, or the template it was made from


def draft_to_save(db: Database, *, acting: Acting, envelope_id: EnvelopeId) -> Draft:
    """Return what the form for saving a draft shows. Raises NotFound, Forbidden, TemplateRefused."""
    with db.reading() as tx:
        row = _draft(tx, acting, envelope_id)
        origin = templates.origin_of(tx, envelope_id)
        known = _known(tx, acting, origin)
        named = suggest_roles([one.person_role is Role.CLIENT for one in row.recipients])
        if known is not None and len(known.roles) == len(row.recipients):
            named = [one.name for one in known.roles]
        origin = Origin(known.id, known.name, known.version) if known else None
        people = tuple(one.name for one in row.recipients)
        return Draft(row.title, tuple(named), people, origin, row.kind, template_states.care(row))


def save_template(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    name: str,
    roles: Sequence[str],
    template_id: str | None = None,
    after: int = 0,
    note: str = "",
    kind: str | None = None,
    care: Care | None = None,
    now: datetime,
) -> Saved:
    """Save a draft as a new template, or as the version of `template_id` that follows version `after`.

    roles: a name for each recipient, in their order. kind, care: None for as the draft says.
    Raises NotFound, Forbidden, TemplateRefused, EnvelopeIncomplete, KindExcluded, MergeRefused,
    TemplateChanged.
    """
    with db.transaction() as tx:
        row = _draft(tx, acting, envelope_id)
        state = _State(
            name=check_name(name),
            title=row.title,
            message=row.message,
            roles=template_states.roles(row, roles),
            placed=template_states.placed(tx, vault.records, row),
            enclosed=template_states.enclosed(tx, row),
            kind=_kind(tx, kind or row.kind),
            care=_checked(care or template_states.care(row)),
            note=_note(note),
        )
        if template_id is None:
            template_id, after = templates.add(tx, acting, state.name, now), 0
        else:
            templates.find(tx, acting, template_id)
        return _save(tx, vault, acting, Saved(template_id, after + 1), state, now)


def change_template(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    template_id: str,
    after: int,
    words: TemplateWords,
    now: datetime,
) -> Saved:
    """Save other words as the version that follows version `after`; documents and fields stay.

    Raises NotFound, Forbidden, TemplateRefused, EnvelopeIncomplete, KindExcluded, MergeRefused,
    TemplateChanged.
    """
    with db.transaction() as tx:
        known = templates.find(tx, acting, template_id)
        named = check_roles(words.roles, len(known.roles))
        envelope_words.check_words(
            words.title, words.message, tx.policy.numbers.signing.max_message_characters
        )
        template_drafts.require_usable(tx, known)
        state = _State(
            name=check_name(words.name),
            title=words.title.strip(),
            message=words.message.strip(),
            roles=[replace(role, name=name) for role, name in zip(known.roles, named, strict=True)],
            placed=template_drafts.fields_of(vault.records, known),
            enclosed=known.enclosed,
            kind=_kind(tx, words.kind or known.kind),
            care=_checked(words.care or known.care),
            note=_note(words.note),
        )
        return _save(tx, vault, acting, Saved(template_id, after + 1), state, now)


@dataclass(frozen=True, slots=True)
class _State:
    """All that a version keeps."""

    name: str
    title: str
    message: str
    roles: Sequence[TemplateRole]
    placed: Sequence[PlacedField]
    enclosed: Sequence[Enclosing]
    kind: str
    care: Care
    note: str


def _kind(tx: Transaction, kind: str | None) -> str:
    require_kind(kind, tx.policy.numbers.kinds.why_not)
    return kind or ""


def _checked(care: Care) -> Care:
    check_care(care)
    return care


def _save(tx: Transaction, vault: Vault, acting: Acting, saved: Saved, state: _State, now: datetime) -> Saved:
    open_values(state.title, state.message, state.placed)
    templates.add_version(
        tx,
        acting,
        saved.id,
        number=saved.version,
        name=state.name,
        title=state.title,
        message=state.message,
        roles=state.roles,
        fields=template_drafts.seal_fields(vault.records, saved.id, saved.version, state.placed),
        enclosed=state.enclosed,
        kind=state.kind,
        care=state.care,
        note=state.note,
        now=now,
    )
    said = {"kind": state.kind}
    _record(tx, Kind.TEMPLATE_SAVED, templates.find(tx, acting, saved.id), acting, now, said)
    return saved


def retire_template(db: Database, *, acting: Acting, template_id: str, now: datetime) -> None:
    """Let nobody use a template any more; envelopes made from it stay.

    Raises NotFound, Forbidden, TemplateRefused.
    """
    with db.transaction() as tx:
        known = templates.find(tx, acting, template_id, retired=True)
        if not templates.retire(tx, template_id, now):
            raise TemplateRefused("This template was retired already.")
        _record(tx, Kind.TEMPLATE_RETIRED, known, acting, now)


def use_template(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    template_id: str,
    people: Sequence[PersonId],
    values: Mapping[str, str],
    due_at: datetime | None = None,
    now: datetime,
) -> EnvelopeId:
    """Make a draft that only has to be sent. people: one for each role, in their order.

    due_at: None for as the template says.
    Raises NotFound, Forbidden, KindUnsaid, KindExcluded, TemplateRefused, EnvelopeIncomplete, MergeRefused,
    FieldRefused.
    """
    with db.transaction() as tx:
        known = templates.find(tx, acting, template_id)
        template_drafts.require_kind(tx, known)
        row = template_drafts.make_draft(tx, vault.records, acting, known, people, values, due_at, now)
        facts = template_drafts.facts_of(tx, known, row)
        envelope_history.record(tx, Kind.ENVELOPE_CREATED, row, at=now, acting=acting, facts=facts)
        return row.id


def list_templates(db: Database, *, acting: Acting, folder_id: str | None = None) -> list[TemplateSummary]:
    """Return the templates that `acting` may use, last changed first."""
    with db.reading() as tx:
        return templates.listed(tx, acting, folder_id)


def show_template(
    db: Database, vault: Vault, *, acting: Acting, template_id: str, number: int | None = None
) -> TemplateView:
    """Return a version of a template, the newest one where none is named. Raises NotFound, Forbidden."""
    with db.reading() as tx:
        known = templates.find(tx, acting, template_id, number)
        first = known.documents[0]
        placed = template_drafts.fields_of(vault.records, known)
        gone = _trouble(tx, known, template_drafts.require_usable)
        return TemplateView(
            id=known.id,
            name=known.name,
            version=known.version,
            number=known.number,
            folder_id=first.folder_id,
            folder_name=first.folder.name,
            title=known.title,
            message=known.message,
            roles=known.roles,
            values=open_values(known.title, known.message, placed),
            fields=len(placed),
            documents=tuple(TemplateDocument(one.name, len(one.page_sizes)) for one in known.enclosed),
            kind=known.kind,
            care=known.care,
            trouble=gone or _trouble(tx, known, template_drafts.require_kind),
            mendable=not gone,
            newer=any(documents.version(tx, one).created_at > known.changed_at for one in known.documents),
            people=tuple(envelope_people.possible(tx, acting, first)),
            history=tuple(templates.history(tx, template_id)),
        )


def _draft(tx: Transaction, acting: Acting, envelope_id: EnvelopeId) -> EnvelopeRow:
    """Return a draft with whose documents `acting` may start others.

    Raises NotFound, Forbidden, TemplateRefused.
    """
    row = envelopes.for_managing(tx, acting, envelope_id)
    for one in row.documents:
        document = documents.for_seeing(tx, acting, one.document_id)
        tx.policy.require(acting, Permission.ENVELOPE_CREATE, document.resource)
    if row.state is not State.DRAFT:
        raise TemplateRefused("Only a draft can be saved as a template. This envelope was sent already.")
    return row


def _known(tx: Transaction, acting: Acting, origin: Origin | None) -> TemplateRow | None:
    """Return the newest version of what a draft was made from, if `acting` may still change it."""
    try:
        return templates.find(tx, acting, origin.template_id) if origin else None
    except NotFound:
        return None


def _trouble(tx: Transaction, known: TemplateRow, check: Callable[[Transaction, TemplateRow], None]) -> str:
    try:
        check(tx, known)
    except EnvelopeRefused as refused:
        return str(refused)
    return ""


def _note(note: str) -> str:
    note = " ".join(note.split())
    if len(note) > NOTE_LONGEST or not note.isprintable():
        raise TemplateRefused(f"Say what changed in up to {NOTE_LONGEST} characters.")
    return note


def _record(
    tx: Transaction,
    kind: Kind,
    known: TemplateRow,
    acting: Acting,
    now: datetime,
    facts: Mapping[str, object] | None = None,
) -> None:
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="template",
        object_id=known.id,
        organisation_id=known.documents[0].organisation_id,
        facts={"version": known.number, **(facts or {})},
        private={"title": known.name},
    )
