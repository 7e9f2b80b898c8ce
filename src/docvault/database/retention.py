"""What rules/retention.py has to know of documents: when they came, were used, signed, binned; what holds.

Asked for a page of documents at a time. Decides nothing and knows no person: reports and jobs ask here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, func, or_, select

from docvault.audit.kinds import Kind
from docvault.database import holds, periods
from docvault.database.engine import Transaction
from docvault.database.periods import AT
from docvault.database.tables import (
    audit_entries,
    documents,
    envelope_documents,
    envelopes,
    folders,
    organisations,
    retention_overrides,
    versions,
)
from docvault.database.versions import STORED
from docvault.rules.retention import Life, earliest_start
from docvault.values import DocumentId, OrganisationId, PersonId

PAGE = 500  # documents looked at in one statement
KINDS = ("rfp", "sow", "contract", "whitepaper", "general")
OPEN = ("draft", "sent", "expired", "completing")  # states of an envelope that keep its document
USES = (  # entries about a document that count as its use
    Kind.DOCUMENT_ADDED,
    Kind.DOCUMENT_READ,
    Kind.DOCUMENT_DOWNLOADED,
    Kind.DOCUMENT_COMPARED,
    Kind.VERSION_RESTORED,
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A document that is kept, and what is known of its life."""

    id: DocumentId
    name: str
    folder_id: str
    folder_name: str
    organisation_id: OrganisationId
    organisation_name: str
    binned_by: PersonId | None
    size: int  # plaintext bytes of all its versions
    life: Life


@dataclass(frozen=True, slots=True)
class Sum:
    """What is kept of one organisation in folders of one kind."""

    organisation_id: OrganisationId
    organisation_name: str
    kind: str
    documents: int
    size: int  # plaintext bytes of all versions
    since: datetime  # when the oldest of them came
    held: int  # documents under a hold
    binned: int


def page(
    tx: Transaction, now: datetime, *, after: str = "", due_by: datetime | None = None, limit: int = PAGE
) -> Sequence[Kept]:
    """Return the next documents by id that are kept.

    due_by: only those that may be due by then; a document that will be is always among them.
    """
    chosen = _QUESTION.where(documents.c.id > after, documents.c.latest > 0)
    if due_by is not None:
        chosen = chosen.where(_may_be_due(tx, due_by))
    rows = tx.connection.execute(chosen.order_by(documents.c.id).limit(limit), {"at": now})
    return [_kept(row) for row in rows]


def of(tx: Transaction, document_ids: Sequence[str], now: datetime) -> Mapping[str, Kept]:
    """Return those of these documents that are kept, by id."""
    rows = tx.connection.execute(_NAMED, {"documents": list(document_ids), "at": now})
    return {row.id: _kept(row) for row in rows}


def sums(tx: Transaction, now: datetime) -> Sequence[Sum]:
    """Return what is kept, by organisation and kind."""
    rows = tx.connection.execute(_SUMS, {"at": now}).mappings()
    return [Sum(**{**row, "size": int(row["size"])}) for row in rows]


def _sums() -> Select[Any]:
    size = select(func.coalesce(func.sum(versions.c.size), 0)).where(
        versions.c.document_id == documents.c.id, versions.c.state == STORED
    )
    one = (
        select(
            folders.c.organisation_id,
            folders.c.kind,
            documents.c.created_at,
            size.scalar_subquery().label("size"),
            case((holds.covers(documents, folders, AT), 1), else_=0).label("held"),
            case((_binned_at().is_not(None), 1), else_=0).label("binned"),
        )
        .join_from(documents, folders, folders.c.id == documents.c.folder_id)
        .where(documents.c.disposed_at.is_(None), documents.c.latest > 0)
        .subquery()
    )
    named = organisations.c.name.label("organisation_name")
    return (
        select(
            one.c.organisation_id,
            named,
            one.c.kind,
            func.count().label("documents"),
            func.sum(one.c.size).label("size"),
            func.min(one.c.created_at).label("since"),
            func.sum(one.c.held).label("held"),
            func.sum(one.c.binned).label("binned"),
        )
        .join_from(one, organisations, organisations.c.id == one.c.organisation_id)
        .group_by(one.c.organisation_id, named, one.c.kind)
        .order_by(named, one.c.kind)
    )


def override(tx: Transaction, document_id: str, until: datetime, *, by: PersonId, now: datetime) -> None:
    """Keep a document until another day than its schedule says; the day before it ends as a period."""
    periods.change(tx, retention_overrides, {"document_id": document_id}, by=by, now=now, keep_until=until)


def _may_be_due(tx: Transaction, now: datetime) -> ColumnElement[bool]:
    numbers = tx.policy.numbers.retention
    old = [
        and_(folders.c.kind == kind, documents.c.created_at <= earliest_start(numbers, kind, now))
        for kind in KINDS
    ]
    unknown = and_(folders.c.kind.not_in(KINDS), documents.c.created_at <= earliest_start(numbers, "", now))
    binned = _binned_at() <= now - timedelta(days=numbers.bin_days)
    return or_(*old, unknown, binned, retention_overrides.c.keep_until <= now)


def _binned_at() -> ColumnElement[Any]:
    """Return since when a document or the folder it lies in has been in the bin: the earlier of both."""
    own, taken = documents.c.trashed_at, folders.c.trashed_at
    return case(
        (and_(own.is_not(None), taken.is_not(None)), case((own < taken, own), else_=taken)),
        else_=func.coalesce(own, taken),
    )


_MINE = and_(  # the envelopes of a document
    envelope_documents.c.envelope_id == envelopes.c.id,
    envelope_documents.c.document_id == documents.c.id,
)


def _question() -> Select[Any]:
    whole = and_(versions.c.document_id == documents.c.id, versions.c.state == STORED)
    newest = select(func.max(versions.c.created_at)).where(whole, versions.c.purpose == "original")
    size = select(func.coalesce(func.sum(versions.c.size), 0)).where(whole)
    used = select(func.max(audit_entries.c.at)).where(
        audit_entries.c.object_id == documents.c.id, audit_entries.c.kind.in_([kind.value for kind in USES])
    )
    completed = select(func.max(envelopes.c.completed_at)).where(_MINE, envelopes.c.state == "completed")
    override = and_(
        retention_overrides.c.document_id == documents.c.id, retention_overrides.c.ended_at.is_(None)
    )
    return (
        select(
            documents.c.id,
            documents.c.name,
            documents.c.created_at,
            documents.c.trashed_by,
            documents.c.trashed_at,
            folders.c.trashed_by.label("folder_trashed_by"),
            folders.c.trashed_at.label("folder_trashed_at"),
            folders.c.id.label("folder_id"),
            folders.c.name.label("folder_name"),
            folders.c.kind,
            organisations.c.id.label("organisation_id"),
            organisations.c.name.label("organisation_name"),
            newest.scalar_subquery().label("last_version_at"),
            used.scalar_subquery().label("last_used_at"),
            completed.scalar_subquery().label("completed_at"),
            size.scalar_subquery().label("size"),
            exists().where(_MINE, envelopes.c.state.in_(OPEN)).label("open_envelope"),
            holds.covers(documents, folders, AT).label("held"),
            retention_overrides.c.keep_until,
        )
        .join_from(documents, folders, folders.c.id == documents.c.folder_id)
        .join(organisations, organisations.c.id == folders.c.organisation_id)
        .outerjoin(retention_overrides, override)
        .where(documents.c.disposed_at.is_(None))
    )


def _kept(row: Any) -> Kept:
    binned = [
        (at, by)
        for at, by in ((row.trashed_at, row.trashed_by), (row.folder_trashed_at, row.folder_trashed_by))
        if at is not None
    ]
    binned_at, binned_by = min(binned, key=lambda one: one[0]) if binned else (None, None)
    life = Life(
        kind=row.kind,
        created_at=row.created_at,
        last_version_at=row.last_version_at or row.created_at,
        last_used_at=row.last_used_at or row.created_at,
        completed_at=row.completed_at,
        open_envelope=bool(row.open_envelope),
        binned_at=binned_at,
        override=row.keep_until,
        held=bool(row.held),
    )
    return Kept(
        id=row.id,
        name=row.name,
        folder_id=row.folder_id,
        folder_name=row.folder_name,
        organisation_id=row.organisation_id,
        organisation_name=row.organisation_name,
        binned_by=binned_by,
        size=int(row.size),
        life=life,
    )


# Every page of a document asks for its own: built once, because building costs ten times what asking does.
_QUESTION = _question()
_NAMED = _QUESTION.where(documents.c.id.in_(bindparam("documents", expanding=True)))
_SUMS = _sums()
