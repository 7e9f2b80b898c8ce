"""Folders, who they are shared with, and the questions asked of them. Every question names who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, insert, or_, select, union
from sqlalchemy.dialects import postgresql, sqlite

from docvault.database import residuals
from docvault.database.engine import PAGE, PAGE_MOST, Page, Transaction, before_cursor, cursor_after
from docvault.database.tables import documents, folder_members, folders, organisations, people, portfolios
from docvault.policy.residuals import Residual, alternatives
from docvault.policy.vocabulary import Acting, Permission, Resource, ResourceType, Role
from docvault.values import FolderId, NotFound, OrganisationId, PersonId, new_id

WAYS = 40  # to see a folder that are asked for one by one, such as the clients of an account manager
FIRST_PAGES = 256  # questions kept built, one for everybody with the same rights; about 100 KiB each


@dataclass(frozen=True, slots=True)
class FolderSummary:
    """A folder as a list shows it."""

    id: FolderId
    name: str
    kind: str  # rfp | sow | contract | whitepaper | general
    organisation_id: OrganisationId
    organisation_name: str
    documents: int
    changed_at: datetime  # when the newest document came, or the folder was made


@dataclass(frozen=True, slots=True)
class FolderRow:
    """One folder that the person who asked may see, with what the policies need to know about it."""

    id: FolderId
    name: str
    kind: str
    organisation_id: OrganisationId
    resource: Resource

    def document(self, document_id: str) -> Resource:
        """Return a document of this folder as the policies see it."""
        return Resource(ResourceType.DOCUMENT, document_id, self.resource.attributes)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person who may have a way to see a folder; whether they do is for the policies to say."""

    person_id: PersonId
    name: str
    email: str
    role: Role
    organisation_id: OrganisationId
    organisation_name: str
    shared_as: str | None  # viewer | contributor | manager
    looks_after: bool  # the folder's organisation is in their portfolio


def add(
    tx: Transaction, acting: Acting, *, organisation_id: OrganisationId, name: str, kind: str, now: datetime
) -> FolderId:
    """Add a folder. Raises NotFound if there is no such organisation."""
    known = select(organisations.c.id).where(organisations.c.id == organisation_id)
    if tx.connection.execute(known).one_or_none() is None:
        raise NotFound
    folder_id = FolderId(new_id())
    tx.connection.execute(
        insert(folders).values(
            id=folder_id,
            organisation_id=organisation_id,
            name=name,
            kind=kind,
            created_by=acting.person_id,
            created_at=now,
        )
    )
    return folder_id


def for_seeing(tx: Transaction, acting: Acting, folder_id: str) -> FolderRow:
    """Return a folder that `acting` may see. Raises NotFound."""
    row = tx.connection.execute(select(folders).where(folders.c.id == folder_id)).one_or_none()
    if row is None:
        raise NotFound
    found = FolderRow(row.id, row.name, row.kind, row.organisation_id, _resource(tx, row))
    if not tx.policy.decide(acting, Permission.FOLDER_SEE, found.resource).allowed:
        raise NotFound
    return found


def page(
    tx: Transaction,
    acting: Acting,
    *,
    search: str | None = None,
    kind: str | None = None,
    organisation_id: str | None = None,
    after: str | None = None,
    limit: int = PAGE,
) -> Page[FolderSummary]:
    """Return the folders that `acting` may see, newest first, in one statement. Raises BadCursor."""
    seen = tx.policy.residual(acting, Permission.FOLDER_SEE, ResourceType.FOLDER)
    conditions = []
    if search:
        conditions.append(folders.c.name.icontains(search, autoescape=True))
    if kind:
        conditions.append(folders.c.kind == kind)
    if organisation_id:
        conditions.append(folders.c.organisation_id == organisation_id)
    older = before_cursor(after, folders.c.created_at, folders.c.id)
    if older is not None:
        conditions.append(older)
    limit = min(limit, PAGE_MOST)
    chosen = _page(seen, conditions, limit + 1) if conditions else _first_page(seen, limit + 1)
    rows = tx.connection.execute(chosen).all()
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    return Page(
        [_summary(row) for row in rows[:limit]], cursor_after(last.created_at, last.id) if last else None
    )


def summary(tx: Transaction, folder: FolderRow) -> FolderSummary:
    """Return the summary of a folder that was found by `for_seeing`."""
    return _summary(tx.connection.execute(_summaries().where(folders.c.id == folder.id)).one())


def candidates(tx: Transaction, folder: FolderRow) -> Sequence[Candidate]:
    """Return everybody active who may have a way to see the folder, by name."""
    shared = folder_members.c.role
    watching = (Role.COMPLIANCE_OFFICER,)
    conditions = or_(
        shared.is_not(None),
        people.c.organisation_id == folder.organisation_id,
        portfolios.c.person_id.is_not(None),
        people.c.role.in_(watching),
    )
    return _candidates(tx, folder, conditions)


def possible_members(tx: Transaction, acting: Acting, folder: FolderRow) -> Sequence[Candidate]:
    """Return the people `acting` knows, that the folder could be shared with and is not yet, by name."""
    known = [acting.organisation_id, folder.organisation_id, *sorted(acting.clients)]
    return _candidates(
        tx,
        folder,
        people.c.organisation_id.in_(known)
        & people.c.role.in_((Role.CLIENT, Role.ACCOUNT_MANAGER))
        & (people.c.id != acting.person_id)
        & folder_members.c.role.is_(None),
    )


def add_member(tx: Transaction, folder: FolderRow, person_id: str, role: str, now: datetime) -> None:
    """Share the folder with a person it is not shared with yet. Raises NotFound if somebody was faster."""
    make = postgresql.insert if tx.connection.dialect.name == "postgresql" else sqlite.insert
    row = make(folder_members).values(folder_id=folder.id, person_id=person_id, role=role, added_at=now)
    new = row.on_conflict_do_nothing().returning(folder_members.c.person_id)
    if tx.connection.execute(new).one_or_none() is None:
        raise NotFound


def remove_member(tx: Transaction, folder: FolderRow, person_id: str) -> str:
    """End the sharing and return the role the person had. Raises NotFound if there was none."""
    removed = delete(folder_members).where(
        folder_members.c.folder_id == folder.id, folder_members.c.person_id == person_id
    )
    role: str | None = tx.connection.execute(removed.returning(folder_members.c.role)).scalar_one_or_none()
    if role is None:
        raise NotFound
    return role


def clients_of(tx: Transaction, person_id: str) -> frozenset[OrganisationId]:
    """Return the organisations a person looks after."""
    chosen = select(portfolios.c.organisation_id).where(portfolios.c.person_id == person_id)
    return frozenset(tx.connection.execute(chosen).scalars())


def _resource(tx: Transaction, row: Row[Any]) -> Resource:
    chosen = select(folder_members.c.person_id, folder_members.c.role).where(
        folder_members.c.folder_id == row.id
    )
    members = tx.connection.execute(chosen).all()

    def with_role(role: str) -> frozenset[str]:
        return frozenset(member.person_id for member in members if member.role == role)

    return Resource(
        ResourceType.FOLDER,
        row.id,
        {
            "organisation": row.organisation_id,
            "members": frozenset(member.person_id for member in members),
            "contributors": with_role("contributor"),
            "managers": with_role("manager"),
        },
    )


def _page(seen: Residual, conditions: Sequence[ColumnElement[bool]], count: int) -> Select[Any]:
    """Return the question for the `count` newest folders: of the newest of every way to see one.

    Asked in one OR, a client with very many folders would have all of them sorted for one page; asked way by
    way, each is the end of an index.
    """
    ways = [
        _newest(select(folders.c.id, folders.c.created_at).where(_way(way), *conditions), count).subquery()
        for way in alternatives(seen, WAYS)
    ]
    # Without UNION's own removal of duplicates, a folder that is seen in two ways would take two places.
    found = union(*(select(each) for each in ways)).subquery()
    newest = select(found.c.id).order_by(found.c.created_at.desc(), found.c.id.desc()).limit(count)
    return _newest(_summaries().where(folders.c.id.in_(newest)), count)


# Building the question costs several times what asking it does, and this is the one that is asked most.
@lru_cache(maxsize=FIRST_PAGES)
def _first_page(seen: Residual, count: int) -> Select[Any]:
    return _page(seen, (), count)


def _way(seen: Residual) -> ColumnElement[bool]:
    return residuals.where(seen, residuals.FOLDERS)


def _newest(chosen: Select[Any], count: int) -> Select[Any]:
    return chosen.order_by(folders.c.created_at.desc(), folders.c.id.desc()).limit(count)


def _summaries() -> Select[Any]:
    inside = documents.c.folder_id == folders.c.id
    whole = documents.c.latest > 0
    count = select(func.count()).select_from(documents).where(inside, whole).scalar_subquery()
    newest = select(func.max(documents.c.created_at)).where(inside, whole).scalar_subquery()
    return select(
        folders,
        organisations.c.name.label("organisation_name"),
        count.label("documents"),
        newest.label("newest"),
    ).join_from(folders, organisations, folders.c.organisation_id == organisations.c.id)


def _summary(row: Row[Any]) -> FolderSummary:
    return FolderSummary(
        id=row.id,
        name=row.name,
        kind=row.kind,
        organisation_id=row.organisation_id,
        organisation_name=row.organisation_name,
        documents=row.documents,
        changed_at=row.newest or row.created_at,
    )


def _candidates(tx: Transaction, folder: FolderRow, condition: ColumnElement[bool]) -> Sequence[Candidate]:
    chosen = (
        select(
            people.c.id.label("person_id"),
            people.c.name,
            people.c.email,
            people.c.role,
            people.c.organisation_id,
            organisations.c.name.label("organisation_name"),
            folder_members.c.role.label("shared_as"),
            portfolios.c.person_id.is_not(None).label("looks_after"),
        )
        .join_from(people, organisations, people.c.organisation_id == organisations.c.id)
        .outerjoin(
            folder_members,
            (folder_members.c.person_id == people.c.id) & (folder_members.c.folder_id == folder.id),
        )
        .outerjoin(
            portfolios,
            (portfolios.c.person_id == people.c.id)
            & (portfolios.c.organisation_id == folder.organisation_id),
        )
        .where(people.c.state == "active", condition)
        .order_by(people.c.name, people.c.id)
    )
    rows = tx.connection.execute(chosen).mappings()
    return [
        Candidate(**{**row, "role": Role(row["role"]), "looks_after": bool(row["looks_after"])})
        for row in rows
    ]
