"""Templates of envelopes, by whoever may start envelopes with all their documents. Fields stay sealed here.

A template lies where its documents lie, so nothing has to follow when they are moved. Is one of them in the
bin, destroyed or elsewhere, then the template is still shown, and says so.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import and_, insert, select, update

from docvault.database import documents, folders, residuals, tables
from docvault.database.documents import DocumentRow
from docvault.database.engine import PAGE_MOST, Transaction
from docvault.database.envelope_documents import Enclosing, kept_arrival
from docvault.database.tables import (
    envelope_origins,
    organisations,
    people,
    template_documents,
    template_versions,
    templates,
)
from docvault.policy.vocabulary import Acting, Permission, ResourceType
from docvault.rules.arrivals import Arrival
from docvault.rules.template_care import Care
from docvault.rules.templates import TemplateChanged, TemplateRole, dump_roles, load_roles
from docvault.values import EnvelopeId, NotFound, new_id


@dataclass(frozen=True, slots=True)
class TemplateSummary:
    """A template as a list shows it."""

    id: str
    name: str
    version: int
    folder_id: str
    folder_name: str
    organisation_name: str
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class TemplateVersion:
    """One saved state, as the history shows it."""

    number: int
    changed_by: str
    changed_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """One version of a template, with its documents as they are now. `fields` is sealed."""

    id: str
    name: str
    version: int  # the newest one
    number: int  # this one
    title: str
    message: str
    roles: tuple[TemplateRole, ...]
    fields: bytes
    kind: str | None  # of documents, of policies/kinds.toml; None: saved before that was asked
    care: Care
    changed_at: datetime  # when this version was saved
    enclosed: tuple[Enclosing, ...]
    documents: tuple[DocumentRow, ...]  # those of the enclosed that `acting` may start envelopes with now

    @property
    def page_sizes(self) -> tuple[tuple[float, float], ...]:
        return tuple(size for one in self.enclosed for size in one.page_sizes)


def add(tx: Transaction, acting: Acting, name: str, now: datetime) -> str:
    """Write a new template without a version and return its id."""
    template_id = new_id()
    tx.connection.execute(
        insert(templates).values(
            id=template_id,
            name=name,
            version=0,
            created_by=acting.person_id,
            created_at=now,
            changed_at=now,
        )
    )
    return template_id


def add_version(
    tx: Transaction,
    acting: Acting,
    template_id: str,
    *,
    number: int,
    name: str,
    title: str,
    message: str,
    roles: Sequence[TemplateRole],
    fields: bytes,
    enclosed: Sequence[Enclosing],
    kind: str | None,
    care: Care,
    note: str,
    now: datetime,
) -> None:
    """Write version `number`, which follows the newest one. Raises TemplateChanged if it does not."""
    newest = and_(templates.c.version == number - 1, templates.c.retired_at.is_(None))
    changed = update(templates).where(templates.c.id == template_id, newest)
    if tx.connection.execute(changed.values(version=number, name=name, changed_at=now)).rowcount != 1:
        raise TemplateChanged
    key = {"template_id": template_id, "number": number}
    tx.connection.execute(
        insert(template_versions).values(
            **key,
            title=title,
            message=message,
            roles=dump_roles(roles),
            fields=fields,
            changed_by=acting.person_id,
            changed_at=now,
            note=note,
            kind=kind,
            **asdict(care),
        )
    )
    rows = [
        {
            **key,
            "position": position,
            "document_id": one.document_id,
            "name": one.name,
            "prepared_version_id": one.prepared_version_id,
            "sha256": one.sha256,
            "page_sizes": json.dumps(one.page_sizes),
            "arrival": kept_arrival(one.arrival),
        }
        for position, one in enumerate(enclosed, start=1)
    ]
    tx.connection.execute(insert(template_documents), rows)


def find(
    tx: Transaction, acting: Acting, template_id: str, number: int | None = None, *, retired: bool = False
) -> TemplateRow:
    """Return a version of a template, the newest one where none is named, if `acting` may use it.

    That is whoever may start envelopes with those of its documents that are still there, at least one.
    retired: also one that was retired. Raises NotFound, Forbidden.
    """
    wanted = templates.c.version if number is None else number
    chosen = (
        select(template_versions, templates.c.id, templates.c.name, templates.c.version)
        .join_from(templates, template_versions, template_versions.c.template_id == templates.c.id)
        .where(templates.c.id == template_id, template_versions.c.number == wanted)
    )
    if not retired:
        chosen = chosen.where(templates.c.retired_at.is_(None))
    row = tx.connection.execute(chosen).one_or_none()
    if row is None:
        raise NotFound
    enclosed = _enclosed(tx, template_id, row.number)
    return TemplateRow(
        id=row.id,
        name=row.name,
        version=row.version,
        number=row.number,
        title=row.title,
        message=row.message,
        roles=load_roles(row.roles),
        fields=row.fields,
        kind=row.kind,
        care=Care(
            row.due_days, row.reminder_days, row.may_delegate, row.may_use_paper, row.may_delegate_outside
        ),
        changed_at=row.changed_at,
        enclosed=enclosed,
        documents=_usable(tx, acting, enclosed),
    )


def _usable(tx: Transaction, acting: Acting, enclosed: Sequence[Enclosing]) -> tuple[DocumentRow, ...]:
    found = [one for one in (_seen(tx, acting, each.document_id) for each in enclosed) if one is not None]
    if not found:
        raise NotFound
    for document in found:
        tx.policy.require(acting, Permission.ENVELOPE_CREATE, document.resource)
    return tuple(found)


def _seen(tx: Transaction, acting: Acting, document_id: str) -> DocumentRow | None:
    try:
        return documents.for_seeing(tx, acting, document_id)
    except NotFound:
        return None


def _enclosed(tx: Transaction, template_id: str, number: int) -> tuple[Enclosing, ...]:
    chosen = select(template_documents).where(
        template_documents.c.template_id == template_id, template_documents.c.number == number
    )
    return tuple(
        Enclosing(
            row.document_id,
            row.name,
            row.prepared_version_id,
            [(width, height) for width, height in json.loads(row.page_sizes)],
            Arrival.load(row.arrival),
            row.sha256,
        )
        for row in tx.connection.execute(chosen.order_by(template_documents.c.position))
    )


def listed(tx: Transaction, acting: Acting, folder_id: str | None = None) -> list[TemplateSummary]:
    """Return the templates that `acting` may use, last changed first; folder_id: only those in it."""
    may = tx.policy.residual(acting, Permission.ENVELOPE_CREATE, ResourceType.DOCUMENT)
    newest = and_(
        template_versions.c.template_id == templates.c.id, template_versions.c.number == templates.c.version
    )
    enclosed = and_(
        template_documents.c.template_id == templates.c.id,
        template_documents.c.number == templates.c.version,
    )
    chosen = (
        select(
            templates.c.id,
            templates.c.name,
            templates.c.version,
            templates.c.changed_at,
            tables.folders.c.id.label("folder_id"),
            tables.folders.c.name.label("folder_name"),
            organisations.c.name.label("organisation_name"),
            people.c.name.label("changed_by"),
        )
        .join_from(templates, template_versions, newest)
        .join(template_documents, enclosed)
        .join(tables.documents, tables.documents.c.id == template_documents.c.document_id)
        .join(tables.folders, tables.folders.c.id == tables.documents.c.folder_id)
        .join(organisations, organisations.c.id == tables.folders.c.organisation_id)
        .join(people, people.c.id == template_versions.c.changed_by)
        .where(templates.c.retired_at.is_(None), documents.PRESENT, folders.PRESENT)
        .where(residuals.where(may, residuals.DOCUMENTS))
    )
    if folder_id is not None:
        chosen = chosen.where(tables.folders.c.id == folder_id)
    newest_first = (templates.c.changed_at.desc(), templates.c.id, template_documents.c.position)
    chosen = chosen.order_by(*newest_first).limit(PAGE_MOST)
    found = [TemplateSummary(**row) for row in tx.connection.execute(chosen, {"at": acting.at}).mappings()]
    return list({one.id: one for one in reversed(found)}.values())[::-1]  # one of each, by its first document


def history(tx: Transaction, template_id: str) -> list[TemplateVersion]:
    """Return the saved versions, newest first; the caller has asked for the template."""
    chosen = (
        select(
            template_versions.c.number,
            people.c.name.label("changed_by"),
            template_versions.c.changed_at,
            template_versions.c.note,
        )
        .join_from(template_versions, people, people.c.id == template_versions.c.changed_by)
        .where(template_versions.c.template_id == template_id)
        .order_by(template_versions.c.number.desc())
        .limit(PAGE_MOST)
    )
    return [TemplateVersion(**row) for row in tx.connection.execute(chosen).mappings()]


def say_kind(tx: Transaction, template_id: str, kind: str) -> bool:
    """Say what kind of document those versions hold of which nobody has said it; False if there are none."""
    unsaid = and_(template_versions.c.template_id == template_id, template_versions.c.kind.is_(None))
    return tx.connection.execute(update(template_versions).where(unsaid).values(kind=kind)).rowcount > 0


def retire(tx: Transaction, template_id: str, now: datetime) -> bool:
    """Let nobody use a template any more; False if it is so already. Versions stay: envelopes name them."""
    still = update(templates).where(templates.c.id == template_id, templates.c.retired_at.is_(None))
    return tx.connection.execute(still.values(retired_at=now)).rowcount == 1


def note_origin(tx: Transaction, envelope_id: EnvelopeId, template: TemplateRow) -> None:
    """Keep from which version of a template an envelope was made."""
    values = {"envelope_id": envelope_id, "template_id": template.id, "number": template.number}
    tx.connection.execute(insert(envelope_origins).values(values))


@dataclass(frozen=True, slots=True)
class Origin:
    """The template that an envelope was made from, by the name it has now."""

    template_id: str
    name: str
    number: int


def origin_of(tx: Transaction, envelope_id: EnvelopeId) -> Origin | None:
    """Return what an envelope was made from; the caller has asked for the envelope."""
    chosen = (
        select(envelope_origins.c.template_id, templates.c.name, envelope_origins.c.number)
        .join_from(envelope_origins, templates, templates.c.id == envelope_origins.c.template_id)
        .where(envelope_origins.c.envelope_id == envelope_id)
    )
    row = tx.connection.execute(chosen).mappings().one_or_none()
    return Origin(**row) if row else None
