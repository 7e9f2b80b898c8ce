"""Documents in folders, and the questions asked of them. Every question names who asks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, delete, exists, func, insert, select, update

from docvault.database import break_glass, folders, residuals, tables
from docvault.database import versions as versions_of
from docvault.database.document_order import NEWEST, ORDERS, cursor_at, read_cursor
from docvault.database.engine import PAGE, PAGE_MOST, Page, Transaction
from docvault.database.folders import FolderRow
from docvault.database.tables import documents, file_requests, people, renditions, uploads, versions, visits
from docvault.database.versions import STORED, Described
from docvault.policy.residuals import Residual
from docvault.policy.vocabulary import Acting, Permission, Resource, ResourceType
from docvault.values import DocumentId, FolderId, NotFound, OrganisationId, new_id

ORIGINAL = "original"
_MAY = (
    Permission.DOCUMENT_SEE,
    Permission.DOCUMENT_READ,
    Permission.DOCUMENT_DOWNLOAD,
    Permission.DOCUMENT_CHANGE,
    Permission.DOCUMENT_BREAK_GLASS,
    Permission.ENVELOPE_CREATE,
)
# What everybody's questions are about: not in the bin, not destroyed, and with a version that is whole.
PRESENT = and_(documents.c.latest > 0, documents.c.trashed_at.is_(None), documents.c.disposed_at.is_(None))
PAGES = 256  # questions kept built, one for everybody with the same rights; about 100 KiB each
_SEEING = select(documents).where(documents.c.id == bindparam("document"), PRESENT)


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A document as its folder's list shows it; the figures are those of its newest version."""

    id: DocumentId
    name: str
    size: int  # plaintext bytes
    media_type: str
    versions: int
    created_at: datetime  # of the newest version
    by: str | None  # the name of who brought it
    signed: bool  # an envelope of this document was completed
    folder_name: str
    latest: int  # the number of the newest version
    scan: str  # of the newest version: see rules/scans.py
    thumbnail: bool  # one is there


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version as people see it."""

    id: str
    number: int
    size: int  # plaintext bytes
    sha256: str  # lower-case hex
    media_type: str
    created_at: datetime
    by: str | None  # the name of who brought it
    pages: int | None
    findings: Mapping[str, Any] | None  # what intake found in it: see docvault.pdf.intake.Findings
    scan: str  # see rules/scans.py
    scanned_at: datetime | None
    scan_note: str | None
    comment: str | None  # what changed, in the words of who brought it
    restored_from: int | None  # the number of the older version it repeats


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document and its versions, newest first, with what the person who asked may do."""

    id: DocumentId
    name: str
    folder_id: FolderId
    folder_name: str
    organisation_id: OrganisationId
    versions: Sequence[VersionView]
    may: frozenset[Permission]
    open_until: datetime | None  # while whoever asked has broken its glass


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One document that the person who asked may see."""

    id: DocumentId
    name: str
    folder: FolderRow
    latest: int  # the number of the newest whole version
    resource: Resource

    @property
    def folder_id(self) -> FolderId:
        return self.folder.id

    @property
    def organisation_id(self) -> OrganisationId:
        return self.folder.organisation_id


def add(tx: Transaction, acting: Acting, folder: FolderRow, name: str, now: datetime) -> DocumentId:
    """Add a document without a version: nobody sees it before its first one is whole."""
    document_id = DocumentId(new_id())
    tx.connection.execute(
        insert(documents).values(
            id=document_id,
            folder_id=folder.id,
            name=name,
            created_by=acting.person_id,
            created_at=now,
            latest=0,
        )
    )
    return document_id


def for_seeing(tx: Transaction, acting: Acting, document_id: str) -> DocumentRow:
    """Return a document with a whole version that `acting` may see. Raises NotFound."""
    row = tx.connection.execute(_SEEING, {"document": document_id}).one_or_none()
    if row is None:
        raise NotFound
    folder = folders.for_seeing(tx, acting, row.folder_id)
    resource = folder.document(row.id, break_glass.opened_by(tx, row.id, acting.at))
    if not tx.policy.decide(acting, Permission.DOCUMENT_SEE, resource).allowed:
        raise NotFound
    return DocumentRow(row.id, row.name, folder, row.latest, resource)


def for_reading(tx: Transaction, acting: Acting, document_id: str) -> DocumentRow:
    """Return a document whose body `acting` may read. Raises NotFound or Forbidden, tried in that order."""
    found = for_seeing(tx, acting, document_id)
    tx.policy.require(acting, Permission.DOCUMENT_READ, found.resource)
    return found


def for_downloading(tx: Transaction, acting: Acting, document_id: str) -> DocumentRow:
    """Return a document whose file `acting` may take away. Raises NotFound, Forbidden."""
    found = for_seeing(tx, acting, document_id)
    tx.policy.require(acting, Permission.DOCUMENT_DOWNLOAD, found.resource)
    return found


def in_folder(tx: Transaction, acting: Acting, folder: FolderRow, document_id: str) -> DocumentRow:
    """Return a document of this folder that `acting` may see. Raises NotFound."""
    found = for_seeing(tx, acting, document_id)
    if found.folder_id != folder.id:
        raise NotFound
    return found


def view(tx: Transaction, acting: Acting, document: DocumentRow) -> DocumentView:
    """Return all there is to show of a document that was found by `for_seeing`."""
    return DocumentView(
        id=document.id,
        name=document.name,
        folder_id=document.folder_id,
        folder_name=document.folder.name,
        organisation_id=document.organisation_id,
        versions=[_version(row) for row in versions_of.originals(tx, document.id)],
        may=tx.policy.allowed(acting, document.resource, _MAY),
        open_until=break_glass.open_until(tx, acting, document.id),
    )


def version(tx: Transaction, document: DocumentRow, number: int | None = None) -> VersionView:
    """Return the stored original version of that number, or the newest. Raises NotFound."""
    wanted = document.latest if number is None else number
    found = next((row for row in versions_of.originals(tx, document.id) if row.number == wanted), None)
    if found is None:
        raise NotFound
    return _version(found)


def version_id(tx: Transaction, document: DocumentRow, number: int | None = None) -> str:
    """Return the stored original version of that number, or the newest. Raises NotFound."""
    chosen = select(versions.c.id).where(
        versions.c.document_id == document.id,
        versions.c.purpose == ORIGINAL,
        versions.c.number == (document.latest if number is None else number),
        versions.c.state == STORED,
    )
    found: str | None = tx.connection.execute(chosen).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def newest_is(tx: Transaction, document_id: str, number: int) -> None:
    """Say that version `number` is whole; an older one that arrives late does not become the newest."""
    size = select(versions.c.size).where(
        versions.c.document_id == document_id, versions.c.purpose == ORIGINAL, versions.c.number == number
    )
    tx.connection.execute(
        update(documents)
        .where(documents.c.id == document_id, documents.c.latest < number)
        .values(latest=number, size=size.scalar_subquery())
    )


def rename(tx: Transaction, document: DocumentRow, name: str) -> None:
    """Give a document another name."""
    changed = update(documents).where(documents.c.id == document.id)
    tx.connection.execute(changed.values(name=name))


def place(tx: Transaction, document_id: str, folder_id: str) -> None:
    """Say that a document lies in another folder, and so do its envelopes; the vault moves its keys along."""
    tx.connection.execute(update(documents).where(documents.c.id == document_id).values(folder_id=folder_id))
    made, enclosed = tables.envelopes, tables.envelope_documents
    its_own = select(enclosed.c.envelope_id).where(enclosed.c.document_id == document_id)
    tx.connection.execute(update(made).where(made.c.id.in_(its_own)).values(folder_id=folder_id))


def remove_empty(tx: Transaction, document_id: str) -> None:
    """Remove a document that has no version and that no upload is on its way to."""
    # The lock comes first, in a statement of its own: on PostgreSQL the next one then sees what is there now.
    locked = select(documents.c.id).where(documents.c.id == document_id).with_for_update()
    tx.connection.execute(locked)
    some_version = exists().where(versions.c.document_id == documents.c.id)
    some_upload = exists().where(uploads.c.document_id == documents.c.id)
    tx.connection.execute(
        delete(documents).where(
            documents.c.id == document_id, documents.c.latest == 0, ~some_version, ~some_upload
        )
    )


def named(tx: Transaction, acting: Acting, folder: FolderRow, names: Sequence[str]) -> dict[str, DocumentId]:
    """Return the documents of a folder with one of these names, by name; the newest of several."""
    seen = tx.policy.residual(acting, Permission.DOCUMENT_SEE, ResourceType.DOCUMENT)
    chosen = (
        select(documents.c.name, documents.c.id)
        .join_from(documents, tables.folders, tables.folders.c.id == documents.c.folder_id)
        .where(
            documents.c.folder_id == folder.id,
            documents.c.latest > 0,
            documents.c.name.in_(names),
            residuals.where(seen, residuals.DOCUMENTS),
        )
        .order_by(documents.c.created_at, documents.c.id)
    )
    return {row.name: DocumentId(row.id) for row in tx.connection.execute(chosen, {"at": acting.at})}


def page(
    tx: Transaction,
    acting: Acting,
    folder: FolderRow,
    *,
    sort: str = NEWEST,
    after: str | None = None,
    limit: int = PAGE,
) -> Page[DocumentSummary]:
    """Return the documents of a folder that `acting` may see, in the order `sort` names. Raises BadCursor.

    folder: found by `folders.for_seeing`. A token may see folders and no documents.
    """
    seen = tx.policy.residual(acting, Permission.DOCUMENT_SEE, ResourceType.DOCUMENT)
    values: dict[str, Any] = {"folder": folder.id, "at": acting.at}
    if after is not None:
        values["place"], values["last"] = read_cursor(sort, after)
    limit = min(limit, PAGE_MOST)
    chosen = _page(seen, sort, limit + 1, further=after is not None)
    rows = tx.connection.execute(chosen, values).mappings().all()
    more = len(rows) > limit
    cursor = cursor_at(sort, rows[limit - 1]["place"], rows[limit - 1]["id"]) if more else None
    return Page([_summary(dict(row)) for row in rows[:limit]], cursor)


# Building the question costs several times what asking it does.
@lru_cache(maxsize=PAGES)
def _page(seen: Residual, sort: str, count: int, *, further: bool) -> Select[Any]:
    """Return the question for `count` documents of a folder. further: behind a place and an id.

    The rows of the page first, and only then what is told of each: PostgreSQL, which takes a small folder
    beside a huge one for a common one, would read the versions of every document there is.
    """
    order = ORDERS[sort]
    conditions = [documents.c.folder_id == bindparam("folder"), PRESENT]
    conditions.append(residuals.where(seen, residuals.DOCUMENTS))
    if further:
        conditions.append(order.behind(bindparam("place", type_=order.column.type), bindparam("last")))
    on_page = (
        select(documents.c.id)
        .join(tables.folders, tables.folders.c.id == documents.c.folder_id)
        .where(*conditions)
        .order_by(*order.by())
        .limit(count)
        .subquery()
    )
    told = _summaries().add_columns(order.column.label("place")).join(on_page, on_page.c.id == documents.c.id)
    return told.order_by(*order.by())


def newest(tx: Transaction, acting: Acting, limit: int) -> list[DocumentSummary]:
    """Return the newest documents that `acting` may see, from all folders."""
    seen = tx.policy.residual(acting, Permission.DOCUMENT_SEE, ResourceType.DOCUMENT)
    rows = tx.connection.execute(_newest(seen, limit), {"at": acting.at}).mappings()
    return [_summary(dict(row)) for row in rows]


@lru_cache(maxsize=PAGES)
def _newest(seen: Residual, count: int) -> Select[Any]:
    return (
        _summaries()
        .where(residuals.where(seen, residuals.DOCUMENTS), PRESENT, folders.PRESENT)
        .order_by(documents.c.created_at.desc(), documents.c.id.desc())
        .limit(count)
    )


def _summaries() -> Select[Any]:
    newest = and_(
        versions.c.document_id == documents.c.id,
        versions.c.purpose == ORIGINAL,
        versions.c.number == documents.c.latest,
    )
    other = versions.alias("other")
    of_document = and_(other.c.document_id == documents.c.id, other.c.state == STORED)
    count = (
        select(func.count())
        .select_from(other)
        .where(of_document, other.c.purpose == ORIGINAL)
        .scalar_subquery()
    )
    signed = exists().where(of_document, other.c.purpose == "signed")
    small = renditions.c.purpose == "thumbnail"
    thumbnail = exists().where(
        renditions.c.version_id == versions.c.id, small, renditions.c.rendition_id.is_not(None)
    )
    return (
        select(
            documents.c.id,
            documents.c.name,
            versions.c.size,
            versions.c.media_type,
            versions.c.created_at,
            versions_of.brought_by(),
            tables.folders.c.name.label("folder_name"),
            count.label("versions"),
            signed.label("signed"),
            documents.c.latest,
            versions.c.scan,
            thumbnail.label("thumbnail"),
        )
        .join_from(documents, versions, newest)
        .join(tables.folders, tables.folders.c.id == documents.c.folder_id)
        .outerjoin(people, versions.c.created_by == people.c.id)
        .outerjoin(visits, versions.c.visit_id == visits.c.id)
        .outerjoin(file_requests, visits.c.request_id == file_requests.c.id)
    )


def _version(row: Described) -> VersionView:
    findings = None if row.findings is None else json.loads(row.findings)
    return VersionView(**{**asdict(row), "findings": findings})


def _summary(row: dict[str, Any]) -> DocumentSummary:
    row.pop("place", None)
    return DocumentSummary(**{**row, "signed": bool(row["signed"]), "thumbnail": bool(row["thumbnail"])})
