"""The recycle bin: what lies in it for whoever may bring it back. No other questions reach what is here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, and_, exists, select

from docvault.database import break_glass, folder_members, residuals
from docvault.database.documents import DocumentRow
from docvault.database.engine import PAGE, PAGE_MOST, Page, Transaction, before_cursor, cursor_after
from docvault.database.folders import FolderRow
from docvault.database.tables import disposals, documents, folders, organisations, people
from docvault.policy.vocabulary import Acting, Permission, ResourceType
from docvault.values import NotFound

Row = TypeVar("Row")

places = folders.alias("places")  # the folder that something lies in


@dataclass(frozen=True, slots=True)
class BinItem:
    """A document, or a folder with all that went into the bin with it."""

    kind: str  # document | folder
    id: str
    name: str
    organisation_name: str
    place_name: str | None  # the folder it lies in; None at the top, or where that may not be seen
    place_is_there: bool  # so that it can go back; otherwise another folder must be chosen
    trashed_at: datetime
    by: str | None  # the name of who put it there


@dataclass(frozen=True, slots=True)
class Binned(Generic[Row]):
    """One thing in the bin that whoever asked may bring back."""

    row: Row
    place_is_there: bool


def page(tx: Transaction, acting: Acting, *, after: str | None = None, limit: int = PAGE) -> Page[BinItem]:
    """Return what `acting` may bring back, the newest in the bin first. Raises BadCursor."""
    limit = min(limit, PAGE_MOST)
    found = [
        *_items(tx, acting, _documents(tx, acting), documents, "document", after, limit),
        *_items(tx, acting, _folders(tx, acting), folders, "folder", after, limit),
    ]
    found.sort(key=lambda item: (item.trashed_at, item.id), reverse=True)
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return Page(shown, cursor_after(last.trashed_at, last.id) if last else None)


def document(tx: Transaction, acting: Acting, document_id: str) -> Binned[DocumentRow]:
    """Return a document in the bin that `acting` may change. Raises NotFound."""
    chosen = select(documents).where(documents.c.id == document_id, _BINNED_DOCUMENT)
    row = tx.connection.execute(chosen).one_or_none()
    if row is None:
        raise NotFound
    place = tx.connection.execute(select(folders).where(folders.c.id == row.folder_id)).one()
    folder = _folder(tx, acting, place)
    resource = folder.document(row.id, break_glass.opened_by(tx, row.id, acting.at))
    if not tx.policy.decide(acting, Permission.DOCUMENT_CHANGE, resource).allowed:
        raise NotFound
    return Binned(DocumentRow(row.id, row.name, folder, row.latest, resource), place.trashed_at is None)


def folder(tx: Transaction, acting: Acting, folder_id: str) -> Binned[FolderRow]:
    """Return a folder that was put there, not taken along, and that `acting` may arrange. Raises NotFound."""
    chosen = (
        select(folders, places.c.trashed_at.label("place_trashed_at"))
        .outerjoin(places, places.c.id == folders.c.parent_id)
        .where(folders.c.id == folder_id, _BINNED_FOLDER)
    )
    row = tx.connection.execute(chosen).one_or_none()
    if row is None:
        raise NotFound
    found = _folder(tx, acting, row)
    if not tx.policy.decide(acting, Permission.FOLDER_ARRANGE, found.resource).allowed:
        raise NotFound
    return Binned(found, row.place_trashed_at is None)


_BINNED_DOCUMENT = and_(
    documents.c.trashed_at.is_not(None),
    documents.c.disposed_at.is_(None),
    documents.c.latest > 0,
    ~exists().where(disposals.c.document_id == documents.c.id),  # its destruction has begun
)
_BINNED_FOLDER = folders.c.trashed_with == folders.c.id


def _folder(tx: Transaction, acting: Acting, row: Any) -> FolderRow:
    resource = folder_members.resource(tx, row.id, row.organisation_id, acting.at)
    return FolderRow(row.id, row.name, row.kind, row.organisation_id, row.parent_id, resource)


def _documents(tx: Transaction, acting: Acting) -> Select[Any]:
    may = tx.policy.residual(acting, Permission.DOCUMENT_CHANGE, ResourceType.DOCUMENT)
    return (
        select(documents.c.folder_id.label("place_id"), folders.c.trashed_at.label("place_trashed_at"))
        .join_from(documents, folders, folders.c.id == documents.c.folder_id)
        .outerjoin(people, people.c.id == documents.c.trashed_by)
        .where(_BINNED_DOCUMENT, residuals.where(may, residuals.DOCUMENTS))
    )


def _folders(tx: Transaction, acting: Acting) -> Select[Any]:
    may = tx.policy.residual(acting, Permission.FOLDER_ARRANGE, ResourceType.FOLDER)
    return (
        select(folders.c.parent_id.label("place_id"), places.c.trashed_at.label("place_trashed_at"))
        .outerjoin_from(folders, places, places.c.id == folders.c.parent_id)
        .outerjoin(people, people.c.id == folders.c.trashed_by)
        .where(_BINNED_FOLDER, residuals.where(may, residuals.FOLDERS))
    )


def _items(
    tx: Transaction,
    acting: Acting,
    chosen: Select[Any],
    table: Any,
    kind: str,
    after: str | None,
    limit: int,
) -> list[BinItem]:
    """Return one more than `limit` of one kind, so that the page knows whether there are more."""
    chosen = chosen.join(organisations, organisations.c.id == folders.c.organisation_id).add_columns(
        table.c.id,
        table.c.name,
        table.c.trashed_at,
        organisations.c.name.label("organisation"),
        people.c.name.label("by"),
    )
    older = before_cursor(after, table.c.trashed_at, table.c.id)
    if older is not None:
        chosen = chosen.where(older)
    chosen = chosen.order_by(table.c.trashed_at.desc(), table.c.id.desc()).limit(limit + 1)
    rows = tx.connection.execute(chosen, {"at": acting.at}).all()
    names = _place_names(tx, acting, {row.place_id for row in rows} - {None})
    return [
        BinItem(
            kind=kind,
            id=row.id,
            name=row.name,
            organisation_name=row.organisation,
            place_name=names.get(row.place_id),
            place_is_there=row.place_trashed_at is None,
            trashed_at=row.trashed_at,
            by=row.by,
        )
        for row in rows
    ]


def _place_names(tx: Transaction, acting: Acting, ids: set[str]) -> dict[str, str]:
    """Return the names of those folders that `acting` may see, in the bin or not."""
    if not ids:
        return {}
    seen = tx.policy.residual(acting, Permission.FOLDER_SEE, ResourceType.FOLDER)
    chosen = select(folders.c.id, folders.c.name).where(
        folders.c.id.in_(sorted(ids)), residuals.where(seen, residuals.FOLDERS)
    )
    return {row.id: row.name for row in tx.connection.execute(chosen, {"at": acting.at})}
