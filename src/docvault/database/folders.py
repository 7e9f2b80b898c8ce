"""Folders, and the questions asked of them. Every question names who asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    func,
    insert,
    literal,
    select,
    union,
    update,
)

from docvault.database import folder_members, residuals
from docvault.database.engine import PAGE, PAGE_MOST, Page, Transaction, before_cursor, cursor_after
from docvault.database.tables import documents, folder_paths, folders, organisations
from docvault.policy.residuals import Residual, alternatives
from docvault.policy.vocabulary import Acting, Permission, Resource, ResourceType
from docvault.values import FolderId, NotFound, OrganisationId, new_id

COUNTED = 1000  # documents of a folder; beyond that a list says that there are more
WAYS = 40  # to see a folder that are asked for one by one, such as the clients of an account manager
PRESENT = folders.c.trashed_at.is_(None)  # not in the bin: all that anybody's questions are about
FIRST_PAGES = 256  # questions kept built, one for everybody with the same rights; about 100 KiB each

# Questions that every page about a folder asks: built once, because building costs more than asking.
_BY_ID = folders.c.id == bindparam("folder")
_SEEING = select(folders).where(_BY_ID, PRESENT)
_DEPTH = select(func.count()).select_from(folder_paths).where(folder_paths.c.folder_id == bindparam("folder"))
_SHOWN = ("id", "organisation_id", "parent_id", "name", "kind", "created_at")  # of a folder in a list
# How a list can be narrowed, beside the words of a search.
_NARROWED: Mapping[str, ColumnElement[bool]] = {
    "kind": folders.c.kind == bindparam("kind"),
    "organisation": folders.c.organisation_id == bindparam("organisation"),
    "parent": folders.c.parent_id == bindparam("parent"),
}


@dataclass(frozen=True, slots=True)
class FolderSummary:
    """A folder as a list shows it."""

    id: FolderId
    name: str
    kind: str  # rfp | sow | contract | whitepaper | general
    organisation_id: OrganisationId
    organisation_name: str
    documents: int  # at most COUNTED: counting a million rows for a number nobody reads would not stay quick
    more_documents: bool  # than that
    changed_at: datetime  # when the newest document came, or the folder was made
    parent_id: FolderId | None  # None at the top, and where whoever asked may not see it
    parent_name: str | None


@dataclass(frozen=True, slots=True)
class FolderName:
    """A folder on the way to another one."""

    id: FolderId
    name: str


@dataclass(frozen=True, slots=True)
class FolderRow:
    """One folder that the person who asked may see, with what the policies need to know about it."""

    id: FolderId
    name: str
    kind: str
    organisation_id: OrganisationId
    parent_id: FolderId | None  # None at the top
    resource: Resource

    def document(self, document_id: str, opened: frozenset[str]) -> Resource:
        """Return a document of this folder as the policies see it. opened: who broke its glass."""
        return Resource(ResourceType.DOCUMENT, document_id, {**self.resource.attributes, "opened": opened})


def add(
    tx: Transaction,
    acting: Acting,
    *,
    organisation_id: OrganisationId,
    name: str,
    kind: str,
    now: datetime,
    parent_id: FolderId | None = None,
) -> FolderId:
    """Add a folder, inside another one or at the top. Raises NotFound if there is no such organisation."""
    known = select(organisations.c.id).where(organisations.c.id == organisation_id)
    if tx.connection.execute(known).one_or_none() is None:
        raise NotFound
    folder_id = FolderId(new_id())
    tx.connection.execute(
        insert(folders).values(
            id=folder_id,
            organisation_id=organisation_id,
            parent_id=parent_id,
            name=name,
            kind=kind,
            created_by=acting.person_id,
            created_at=now,
        )
    )
    inherited = select(literal(folder_id), folder_paths.c.ancestor_id).where(
        folder_paths.c.folder_id == parent_id
    )
    columns = ["folder_id", "ancestor_id"]
    tx.connection.execute(insert(folder_paths).values(folder_id=folder_id, ancestor_id=folder_id))
    tx.connection.execute(insert(folder_paths).from_select(columns, inherited))
    return folder_id


def for_seeing(tx: Transaction, acting: Acting, folder_id: str) -> FolderRow:
    """Return a folder that `acting` may see. Raises NotFound."""
    row = tx.connection.execute(_SEEING, {"folder": folder_id}).one_or_none()
    if row is None:
        raise NotFound
    resource = folder_members.resource(tx, row.id, row.organisation_id, acting.at)
    found = FolderRow(row.id, row.name, row.kind, row.organisation_id, row.parent_id, resource)
    if not tx.policy.decide(acting, Permission.FOLDER_SEE, found.resource).allowed:
        raise NotFound
    return found


def rename(tx: Transaction, folder: FolderRow, name: str) -> None:
    """Give a folder another name."""
    tx.connection.execute(update(folders).where(folders.c.id == folder.id).values(name=name))


def seen_or_none(tx: Transaction, acting: Acting, folder_id: str) -> FolderRow | None:
    """Return a folder that `acting` may see, or None."""
    try:
        return for_seeing(tx, acting, folder_id)
    except NotFound:
        return None


def page(
    tx: Transaction,
    acting: Acting,
    *,
    search: str | None = None,
    kind: str | None = None,
    organisation_id: str | None = None,
    parent_id: str | None = None,
    after: str | None = None,
    limit: int = PAGE,
) -> Page[FolderSummary]:
    """Return the folders that `acting` may see, newest first. Raises BadCursor.

    One statement finds them, and one more names the folders they lie in, where there are any.
    """
    seen = tx.policy.residual(acting, Permission.FOLDER_SEE, ResourceType.FOLDER)
    given = {"kind": kind, "organisation": organisation_id, "parent": parent_id}
    narrowed = {name: value for name, value in given.items() if value}
    conditions = [folders.c.name.icontains(search, autoescape=True)] if search else []
    older = before_cursor(after, folders.c.created_at, folders.c.id)
    if older is not None:
        conditions.append(older)
    limit = min(limit, PAGE_MOST)
    chosen = (
        _page(seen, tuple(narrowed), conditions, limit + 1)
        if conditions
        else _first_page(seen, tuple(narrowed), limit + 1)
    )
    rows = tx.connection.execute(chosen, {"at": acting.at, **narrowed}).all()
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    found = _summarised(tx, acting, rows[:limit])
    return Page(found, cursor_after(last.created_at, last.id) if last else None)


def summary(tx: Transaction, acting: Acting, folder: FolderRow) -> FolderSummary:
    """Return the summary of a folder that was found by `for_seeing`."""
    row = tx.connection.execute(_ONE_SUMMARY, {"folder": folder.id}).one()
    return _summarised(tx, acting, [row])[0]


def above(tx: Transaction, acting: Acting, folder: FolderRow) -> list[FolderName]:
    """Return the folders that this one lies in, from the top, as far as `acting` may see them."""
    if folder.parent_id is None:
        return []
    seen = tx.policy.residual(acting, Permission.FOLDER_SEE, ResourceType.FOLDER)
    rows = tx.connection.execute(_above(seen), {"folder": folder.id, "at": acting.at})
    return [FolderName(row.id, row.name) for row in rows]


@lru_cache(maxsize=FIRST_PAGES)
def _above(seen: Residual) -> Select[Any]:
    ancestors = select(folder_paths.c.ancestor_id).where(folder_paths.c.folder_id == bindparam("folder"))
    paths = folder_paths.alias()
    depth = select(func.count()).select_from(paths).where(paths.c.folder_id == folders.c.id).scalar_subquery()
    chosen = _names(seen).where(folders.c.id.in_(ancestors), folders.c.id != bindparam("folder"))
    return chosen.order_by(depth)


def depth(tx: Transaction, folder: FolderRow) -> int:
    """Return how deep a folder lies; one at the top counts as 1."""
    return int(tx.connection.execute(_DEPTH, {"folder": folder.id}).scalar_one())


def _names(seen: Residual) -> Select[Any]:
    return select(folders.c.id, folders.c.name).where(_way(seen))


def _summarised(tx: Transaction, acting: Acting, rows: Sequence[Row[Any]]) -> list[FolderSummary]:
    """Say where each folder lies only to whoever may see that folder: its name and id are its own."""
    wanted = {row.parent_id for row in rows} - {None}
    names: dict[str, str] = {}
    if wanted:
        seen = tx.policy.residual(acting, Permission.FOLDER_SEE, ResourceType.FOLDER)
        chosen = _names(seen).where(folders.c.id.in_(wanted))
        names = {row.id: row.name for row in tx.connection.execute(chosen, {"at": acting.at})}
    return [_summary(row, names) for row in rows]


def _page(
    seen: Residual, narrowed: Sequence[str], conditions: Sequence[ColumnElement[bool]], count: int
) -> Select[Any]:
    """Return the question for the `count` newest folders: of the newest of every way to see one.

    Asked in one OR, a client with very many folders would have all of them sorted for one page; asked way by
    way, each is the end of an index.
    """
    conditions = [*(_NARROWED[each] for each in narrowed), *conditions]
    ways = [
        _newest(select(folders.c.id, folders.c.created_at).where(_way(way), *conditions), count).subquery()
        for way in alternatives(seen, WAYS)
    ]
    # Without UNION's own removal of duplicates, a folder that is seen in two ways would take two places.
    found = union(*(select(each) for each in ways)).subquery()
    newest = select(found.c.id).order_by(found.c.created_at.desc(), found.c.id.desc()).limit(count)
    return _newest(_SUMMARIES.where(folders.c.id.in_(newest)), count)


# Building the question costs several times what asking it does, and this is the one that is asked most.
@lru_cache(maxsize=FIRST_PAGES)
def _first_page(seen: Residual, narrowed: tuple[str, ...], count: int) -> Select[Any]:
    return _page(seen, narrowed, (), count)


def _way(seen: Residual) -> ColumnElement[bool]:
    return and_(PRESENT, residuals.where(seen, residuals.FOLDERS))


def _newest(chosen: Select[Any], count: int) -> Select[Any]:
    return chosen.order_by(folders.c.created_at.desc(), folders.c.id.desc()).limit(count)


def _summaries() -> Select[Any]:
    # A range of one: with an equation PostgreSQL takes the folder out of the order, and then a small folder
    # beside a huge one for a common one. It would go through the newest documents of all until it meets one
    # of this folder, which is at the very end.
    inside = and_(documents.c.folder_id >= folders.c.id, documents.c.folder_id <= folders.c.id)
    whole = and_(
        documents.c.latest > 0, documents.c.trashed_at.is_(None), documents.c.disposed_at.is_(None)
    )  # as documents.PRESENT, which stands above this module
    along = (documents.c.folder_id, documents.c.created_at, documents.c.id)  # an index
    some = (
        select(literal(1))
        .where(inside, whole)
        .correlate(folders)
        .order_by(*along)
        .limit(COUNTED + 1)
        .subquery()
    )
    count = select(func.count()).select_from(some).scalar_subquery()
    newest = (
        select(documents.c.created_at)
        .where(inside, whole)
        .order_by(*(column.desc() for column in along))
        .limit(1)
        .scalar_subquery()
    )
    return select(
        *(folders.c[name] for name in _SHOWN),
        organisations.c.name.label("organisation_name"),
        count.label("documents"),
        newest.label("newest"),
    ).join_from(folders, organisations, folders.c.organisation_id == organisations.c.id)


_SUMMARIES = _summaries()
_ONE_SUMMARY = _SUMMARIES.where(_BY_ID)


def _summary(row: Any, parents: Mapping[str, str]) -> FolderSummary:
    folder_id, organisation_id, parent_id, name, kind, created_at, organisation_name, count, newest = row
    parent_name = parents.get(parent_id)
    return FolderSummary(
        id=folder_id,
        name=name,
        kind=kind,
        organisation_id=organisation_id,
        organisation_name=organisation_name,
        documents=min(count, COUNTED),
        more_documents=count > COUNTED,
        changed_at=newest or created_at,
        parent_id=None if parent_name is None else parent_id,
        parent_name=parent_name,
    )
