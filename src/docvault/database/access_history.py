"""What somebody could see at a past moment, and how rights came and went. Reads periods; decides nothing.

The facts are those of the moment; the rules that judge them are those in force now. Names are today's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)

from docvault.database import periods, residuals, tables
from docvault.database.engine import PAGE, Page, Transaction, before_cursor, cursor_after
from docvault.database.periods import AT
from docvault.database.tables import documents, envelopes, folder_members, folder_paths, folders
from docvault.database.versions import STORED
from docvault.policy.vocabulary import Acting, Permission, ResourceType
from docvault.values import EnvelopeId, FolderId, OrganisationId

MOST = 1_000  # periods of one history; envelopes of one report
ORIGINAL = "original"


@dataclass(frozen=True, slots=True)
class FolderThen:
    """A folder that somebody could see at a moment."""

    id: FolderId
    name: str
    organisation_id: OrganisationId
    organisation_name: str
    created_at: datetime
    documents: int  # that they could see then


@dataclass(frozen=True, slots=True)
class EnvelopeThen:
    """An envelope that somebody could see at a moment."""

    id: EnvelopeId
    title: str
    organisation_name: str
    state: str  # then: draft, sent, completed, declined or voided
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """A right that somebody had for a while. `what`: folder, member, client (looked after) or standing."""

    what: str
    person_id: str
    person_name: str
    subject_id: str | None  # the folder or organisation
    subject_name: str | None
    role: str | None  # of a share or a standing; `denied` for somebody who was kept out
    state: str | None  # of a standing
    starts_at: datetime
    ends_at: datetime | None  # agreed in advance
    ended_at: datetime | None  # by somebody
    started_by: str | None  # names, where the people are still here
    ended_by: str | None


# An envelope's state at a moment, as far as its own times tell; being sealed counts as sent.
STATE_THEN: ColumnElement[str] = case(
    (or_(envelopes.c.sent_at.is_(None), envelopes.c.sent_at > AT), "draft"),
    (envelopes.c.completed_at <= AT, "completed"),
    (
        and_(envelopes.c.state.in_(("declined", "voided", "expired")), envelopes.c.changed_at <= AT),
        envelopes.c.state,
    ),
    else_="sent",
)
_NOT_IN_BIN = or_(folders.c.trashed_at.is_(None), folders.c.trashed_at > AT)
_FOLDERS = residuals.folders(periods.as_of)
_DOCUMENTS = residuals.documents(periods.as_of)
_ENVELOPES = residuals.envelopes(periods.as_of, STATE_THEN)


def folder_page(
    tx: Transaction, then: Acting, *, after: str | None = None, limit: int = PAGE
) -> Page[FolderThen]:
    """Return the folders that `then`, somebody as of a moment, could see; newest first. Raises BadCursor."""
    chosen = select(folders, tables.organisations.c.name.label("organisation_name")).join(
        tables.organisations, tables.organisations.c.id == folders.c.organisation_id
    )
    chosen = chosen.where(_seen(tx, then), folders.c.created_at <= AT, _NOT_IN_BIN)
    older = before_cursor(after, folders.c.created_at, folders.c.id)
    if older is not None:
        chosen = chosen.where(older)
    chosen = chosen.order_by(folders.c.created_at.desc(), folders.c.id.desc()).limit(limit + 1)
    rows = tx.connection.execute(chosen, {"at": then.at}).all()
    counts = _document_counts(tx, then, [row.id for row in rows[:limit]])
    items = [
        FolderThen(
            row.id,
            row.name,
            row.organisation_id,
            row.organisation_name,
            row.created_at,
            counts.get(row.id, 0),
        )
        for row in rows[:limit]
    ]
    more = cursor_after(items[-1].created_at, items[-1].id) if len(rows) > limit else None
    return Page(items, more)


def folder_count(tx: Transaction, then: Acting) -> int:
    """Return how many folders `then` could see."""
    there = (folders.c.created_at <= AT, _NOT_IN_BIN)
    chosen = select(func.count()).select_from(folders).where(_seen(tx, then), *there)
    return int(tx.connection.execute(chosen, {"at": then.at}).scalar_one())


def envelope_list(tx: Transaction, then: Acting) -> list[EnvelopeThen]:
    """Return the newest envelopes that `then` could see, MOST of them at most."""
    seen = tx.policy.residual(then, Permission.ENVELOPE_SEE, ResourceType.ENVELOPE)
    chosen = (
        select(
            envelopes.c.id,
            envelopes.c.title,
            envelopes.c.created_at,
            tables.organisations.c.name.label("organisation_name"),
            STATE_THEN.label("state_then"),
        )
        .join(tables.organisations, tables.organisations.c.id == envelopes.c.organisation_id)
        .where(residuals.where(seen, _ENVELOPES), envelopes.c.created_at <= AT)
        .order_by(envelopes.c.created_at.desc(), envelopes.c.id.desc())
        .limit(MOST)
    )
    return [
        EnvelopeThen(row.id, row.title, row.organisation_name, row.state_then, row.created_at)
        for row in tx.connection.execute(chosen, {"at": then.at})
    ]


def existed(tx: Transaction, folder_id: str, at: datetime) -> bool:
    """Return whether a folder had been made by then."""
    chosen = select(folders.c.id).where(folders.c.id == folder_id, folders.c.created_at <= at)
    return tx.connection.execute(chosen).one_or_none() is not None


def glasses(tx: Transaction, folder_id: str, at: datetime) -> Mapping[str, int]:
    """Return of how many documents in the folder each person's glass was broken then."""
    broken = tables.break_glass
    chosen = (
        select(broken.c.person_id, func.count())
        .join(documents, documents.c.id == broken.c.document_id)
        .where(documents.c.folder_id == folder_id, periods.as_of(broken, at))
        .group_by(broken.c.person_id)
    )
    return {person_id: int(count) for person_id, count in tx.connection.execute(chosen)}


def of_folder(tx: Transaction, folder_id: str) -> list[Period]:
    """Return how the folder, and those it lies in, were shared and who was kept out; newest first."""
    ancestors = select(folder_paths.c.ancestor_id).where(folder_paths.c.folder_id == folder_id)
    return list(_told(tx, _shares().where(folder_members.c.folder_id.in_(ancestors))))


def of_person(tx: Transaction, person_id: str) -> list[Period]:
    """Return every share, membership, client and standing of a person; newest first."""
    asked = [
        _shares().where(folder_members.c.person_id == person_id),
        _places("member", tables.memberships).where(tables.memberships.c.person_id == person_id),
        _places("client", tables.portfolios).where(tables.portfolios.c.person_id == person_id),
        _standings().where(tables.standings.c.person_id == person_id),
    ]
    return list(_told(tx, *asked))


def _seen(tx: Transaction, then: Acting) -> ColumnElement[bool]:
    return residuals.where(tx.policy.residual(then, Permission.FOLDER_SEE, ResourceType.FOLDER), _FOLDERS)


def _document_counts(tx: Transaction, then: Acting, folder_ids: list[str]) -> dict[str, int]:
    seen = tx.policy.residual(then, Permission.DOCUMENT_SEE, ResourceType.DOCUMENT)
    first = tables.versions
    chosen = (
        select(documents.c.folder_id, func.count())
        .join_from(documents, folders, folders.c.id == documents.c.folder_id)
        .join(first, and_(first.c.document_id == documents.c.id, first.c.purpose == ORIGINAL))
        .where(
            first.c.number == 1,
            first.c.state == STORED,
            first.c.created_at <= AT,
            documents.c.folder_id.in_(folder_ids),
            or_(documents.c.trashed_at.is_(None), documents.c.trashed_at > AT),
            residuals.where(seen, _DOCUMENTS),
        )
        .group_by(documents.c.folder_id)
    )
    rows = tx.connection.execute(chosen, {"at": then.at})
    return {folder_id: int(count) for folder_id, count in rows}


def _period(table: Any, what: str, subject: Any, role: Any, state: Any) -> Select[Any]:
    none = cast(literal(None), String)
    return select(
        literal(what).label("what"),
        table.c.person_id,
        (none if subject is None else subject.c.id).label("subject_id"),
        (none if subject is None else subject.c.name).label("subject_name"),
        (none if role is None else role).label("role"),
        (none if state is None else state).label("state"),
        table.c.starts_at,
        table.c.ends_at,
        table.c.ended_at,
        table.c.started_by,
        table.c.ended_by,
    )


def _shares() -> Select[Any]:
    chosen = _period(folder_members, "folder", folders, folder_members.c.role, None)
    return chosen.join_from(folder_members, folders, folders.c.id == folder_members.c.folder_id)


def _places(what: str, table: Any) -> Select[Any]:
    organisations = tables.organisations
    chosen = _period(table, what, organisations, None, None)
    return chosen.join_from(table, organisations, organisations.c.id == table.c.organisation_id)


def _standings() -> Select[Any]:
    return _period(tables.standings, "standing", None, tables.standings.c.role, tables.standings.c.state)


def _told(tx: Transaction, *asked: Select[Any]) -> Iterator[Period]:
    """Yield the periods with the names of those who had, gave and took the rights."""
    found = union_all(*asked).subquery()
    who, giver, taker = (tables.people.alias(name) for name in ("who", "giver", "taker"))
    chosen = (
        select(
            found,
            who.c.name.label("person_name"),
            giver.c.name.label("giver"),
            taker.c.name.label("taker"),
        )
        .join(who, who.c.id == found.c.person_id)
        .outerjoin(giver, giver.c.id == found.c.started_by)
        .outerjoin(taker, taker.c.id == found.c.ended_by)
        .order_by(found.c.starts_at.desc(), found.c.subject_id, found.c.what)
        .limit(MOST)
    )
    for row in tx.connection.execute(chosen):
        yield Period(
            what=row.what,
            person_id=row.person_id,
            person_name=row.person_name,
            subject_id=row.subject_id,
            subject_name=row.subject_name,
            role=row.role,
            state=row.state,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            ended_at=row.ended_at,
            started_by=row.giver or row.started_by,
            ended_by=row.taker or row.ended_by,
        )
