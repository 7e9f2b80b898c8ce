"""The versions of documents: rows that hold a wrapped key and say what it opens. Never the bytes themselves.

The vault asks here after an action has asked who may; the questions that name a person are in documents.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, case, delete, func, insert, select, update

from docvault.database import quotas
from docvault.database.engine import Transaction
from docvault.database.tables import (
    documents,
    file_requests,
    folder_keys,
    folders,
    people,
    renditions,
    uploads,
    versions,
    visits,
)
from docvault.rules.scans import Scan
from docvault.values import NotFound

RECEIVING = "receiving"
STORED = "stored"
READABLE = frozenset({Scan.UNSCANNED.value, Scan.CLEAN.value})  # for everybody but the scanner


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version with what it needs to be opened: its place, its wrapped key and its folder's."""

    id: str
    organisation_id: str
    folder_id: str
    document_id: str
    document_name: str
    purpose: (
        str  # original | prepared | working | signed | certificate | attachment | preview | thumbnail | text
    )
    number: int  # from 1, within document and purpose
    state: str  # receiving | stored
    media_type: str  # empty while receiving
    size: int  # plaintext bytes
    sha256: str | None  # hex of the plaintext; None while receiving
    heads: str | None  # hex, of how its objects begin; None while receiving, and of older versions
    pages: int | None
    findings: str | None  # JSON
    generation: int
    wrapped_key: bytes
    wrapped_folder_key: bytes
    blob: str
    segments: int
    algorithm: str
    scan: str  # a rendition has that of the version it was made of
    scan_note: str | None
    sealed_in: str | None = None  # the folder its segments are bound to; None: the document's own


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A row to reserve, before its first byte."""

    id: str
    document_id: str
    purpose: str
    number: int
    size: int
    generation: int
    wrapped_key: bytes
    blob: str
    segments: int
    algorithm: str
    created_by: str | None  # None: made by DocVault itself
    created_at: datetime
    comment: str | None = None  # what changed
    restored_from: int | None = None  # the number of the older version it repeats


@dataclass(frozen=True, slots=True)
class Described:
    """A stored version as people see it."""

    id: str
    number: int
    size: int
    sha256: str
    media_type: str
    created_at: datetime
    by: str | None  # who brought it: a name, or a guest and through which request
    pages: int | None
    findings: str | None  # JSON
    scan: str
    scanned_at: datetime | None
    scan_note: str | None
    comment: str | None  # what changed, in the words of who brought it
    restored_from: int | None  # the number of the older version it repeats


_SOURCE = versions.alias("source")  # of a rendition: what its scan said counts for both (promise 42)
_OPENED = (
    select(
        versions.c.id,
        folders.c.organisation_id,
        documents.c.folder_id,
        versions.c.document_id,
        documents.c.name.label("document_name"),
        versions.c.purpose,
        versions.c.number,
        versions.c.state,
        versions.c.media_type,
        versions.c.size,
        versions.c.sha256,
        versions.c.heads,
        versions.c.pages,
        versions.c.findings,
        versions.c.key_generation.label("generation"),
        versions.c.wrapped_key,
        folder_keys.c.wrapped.label("wrapped_folder_key"),
        versions.c.blob,
        versions.c.segments,
        versions.c.algorithm,
        versions.c.sealed_in,
        func.coalesce(_SOURCE.c.scan, versions.c.scan).label("scan"),
        func.coalesce(_SOURCE.c.scan_note, versions.c.scan_note).label("scan_note"),
    )
    .join_from(versions, documents, versions.c.document_id == documents.c.id)
    .outerjoin(renditions, renditions.c.rendition_id == versions.c.id)
    .outerjoin(_SOURCE, _SOURCE.c.id == renditions.c.version_id)
    .join(folders, documents.c.folder_id == folders.c.id)
    .join(
        folder_keys,
        (folder_keys.c.folder_id == folders.c.id) & (folder_keys.c.generation == versions.c.key_generation),
    )
)
_OPENED_BY_ID = _OPENED.where(versions.c.id == bindparam("version"))


def lock_document(tx: Transaction, document_id: str) -> None:
    """Hold a document still until the end of the transaction: its place, its versions, their keys.

    Raises NotFound.
    """
    locked = select(documents.c.id).where(documents.c.id == document_id).with_for_update(key_share=True)
    if tx.connection.execute(locked).one_or_none() is None:
        raise NotFound


def next_number(tx: Transaction, document_id: str, purpose: str) -> int:
    """Return the number of the next version. Locks the document, so that two never get the same. Raises
    NotFound.
    """
    lock_document(tx, document_id)
    newest = select(func.max(versions.c.number)).where(
        versions.c.document_id == document_id, versions.c.purpose == purpose
    )
    return (tx.connection.execute(newest).scalar_one() or 0) + 1


def reserve(tx: Transaction, row: NewVersion) -> None:
    """Add a version that is being received; nobody sees it before `complete`.

    An original counts for its organisation and for who brings it from here on. Raises QuotaReached.
    """
    if row.purpose == quotas.ORIGINAL:
        quotas.take(tx, row.document_id, row.created_by, row.size)
    tx.connection.execute(
        insert(versions).values(
            id=row.id,
            document_id=row.document_id,
            purpose=row.purpose,
            number=row.number,
            state=RECEIVING,
            media_type="",
            size=row.size,
            key_generation=row.generation,
            wrapped_key=row.wrapped_key,
            blob=row.blob,
            segments=row.segments,
            algorithm=row.algorithm,
            scan=Scan.UNSCANNED.value,
            created_by=row.created_by,
            created_at=row.created_at,
            comment=row.comment,
            restored_from=row.restored_from,
        )
    )


def complete(
    tx: Transaction,
    version_id: str,
    *,
    generation: int,
    wrapped_key: bytes,
    media_type: str,
    sha256: str,
    heads: str,
    pages: int | None,
    findings: str | None,
) -> None:
    """Mark a reserved version stored, once. Raises NotFound if it is not being received any more."""
    changed = tx.connection.execute(
        update(versions)
        .where(versions.c.id == version_id, versions.c.state == RECEIVING)
        .values(
            state=STORED,
            key_generation=generation,
            wrapped_key=wrapped_key,
            media_type=media_type,
            sha256=sha256,
            heads=heads,
            pages=pages,
            findings=findings,
        )
    )
    if changed.rowcount != 1:
        raise NotFound


def for_opening(tx: Transaction, version_id: str) -> VersionRow:
    """Return one version with its wrapped keys; who may was asked before. Raises NotFound."""
    row = tx.connection.execute(_OPENED_BY_ID, {"version": version_id}).mappings().one_or_none()
    if row is None:
        raise NotFound
    return VersionRow(**row)


def all_of(tx: Transaction, document_id: str) -> list[VersionRow]:
    """Return every version of a document, of any purpose and state, with its wrapped keys."""
    chosen = _OPENED.where(versions.c.document_id == document_id).order_by(versions.c.id)
    return [VersionRow(**row) for row in tx.connection.execute(chosen).mappings()]


def rebind(
    tx: Transaction, version_id: str, *, generation: int, wrapped_key: bytes, sealed_in: str | None
) -> None:
    """Keep the key of a version as it is wrapped for the folder that its document was moved to."""
    changed = update(versions).where(versions.c.id == version_id)
    tx.connection.execute(
        changed.values(key_generation=generation, wrapped_key=wrapped_key, sealed_in=sealed_in)
    )


def brought_in(tx: Transaction, version_id: str, visit_id: str) -> None:
    """Say of a reserved version that a guest brings it, in which visit."""
    tx.connection.execute(update(versions).where(versions.c.id == version_id).values(visit_id=visit_id))


def digest(tx: Transaction, version_id: str) -> str:
    """Return the SHA-256 of a stored version, in hex; who may know it was asked before. Raises NotFound."""
    chosen = select(versions.c.sha256).where(versions.c.id == version_id, versions.c.state == STORED)
    found: str | None = tx.connection.execute(chosen).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def made_from(tx: Transaction, prepared_id: str) -> str:
    """Return the SHA-256 of the version that a prepared one was made from: the newest that was there.

    Raises NotFound.
    """
    prepared = versions.alias()
    chosen = (
        select(versions.c.sha256)
        .join_from(versions, prepared, prepared.c.document_id == versions.c.document_id)
        .where(prepared.c.id == prepared_id, versions.c.purpose == "original", versions.c.state == STORED)
        .where(versions.c.created_at <= prepared.c.created_at)
        .order_by(versions.c.number.desc())
    )
    found: str | None = tx.connection.execute(chosen.limit(1)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def originals(tx: Transaction, document_id: str) -> Sequence[Described]:
    """Return the stored versions that people brought, newest first; who may see them was asked before."""
    rows = tx.connection.execute(_ORIGINALS, {"document": document_id}).mappings()
    return [Described(**row) for row in rows]


def brought_by() -> ColumnElement[str | None]:
    """Return the column `by`, of a question that has outer joins to people, visits and file_requests."""
    guest = visits.c.name + " (guest, through the request “" + file_requests.c.title + "”)"
    return case((visits.c.id.is_not(None), guest), else_=people.c.name).label("by")


_ORIGINALS = (
    select(
        versions.c.id,
        versions.c.number,
        versions.c.size,
        versions.c.sha256,
        versions.c.media_type,
        versions.c.created_at,
        brought_by(),
        versions.c.pages,
        versions.c.findings,
        versions.c.scan,
        versions.c.scanned_at,
        versions.c.scan_note,
        versions.c.comment,
        versions.c.restored_from,
    )
    .join_from(versions, people, versions.c.created_by == people.c.id, isouter=True)
    .outerjoin(visits, versions.c.visit_id == visits.c.id)
    .outerjoin(file_requests, visits.c.request_id == file_requests.c.id)
    .where(
        versions.c.document_id == bindparam("document"),
        versions.c.purpose == "original",
        versions.c.state == STORED,
    )
    .order_by(versions.c.number.desc())
)


def remove_unfinished(tx: Transaction, version_id: str) -> str | None:
    """Remove a version that is still being received; return its blob, or None if there is none to remove."""
    chosen = select(versions.c.document_id).where(versions.c.id == version_id)
    # The document is locked before the counter, as where one is reserved: two never wait for each other.
    locked = select(documents.c.id).where(documents.c.id.in_(chosen)).with_for_update()
    tx.connection.execute(locked)
    removed = (
        delete(versions)
        .where(versions.c.id == version_id, versions.c.state == RECEIVING)
        .returning(
            versions.c.blob,
            versions.c.document_id,
            versions.c.purpose,
            versions.c.size,
            versions.c.created_by,
        )
    )
    row = tx.connection.execute(removed).one_or_none()
    if row is None:
        return None
    if row.purpose == quotas.ORIGINAL:
        quotas.give_back(tx, row.document_id, {row.created_by: row.size})
    return str(row.blob)


def unfinished_since(tx: Transaction, before: datetime) -> Sequence[str]:
    """Return versions without an upload that have been receiving since before `before`: their maker died."""
    chosen = (
        select(versions.c.id)
        .outerjoin(uploads, uploads.c.version_id == versions.c.id)
        .where(versions.c.state == RECEIVING, versions.c.created_at < before, uploads.c.id.is_(None))
    )
    return tx.connection.execute(chosen).scalars().all()


def blob_is_known(tx: Transaction, blobs: Sequence[str]) -> frozenset[str]:
    """Return those of `blobs` that a version row speaks of; those of a destroyed document are waste."""
    chosen = (
        select(versions.c.blob)
        .join_from(versions, documents, versions.c.document_id == documents.c.id)
        .where(versions.c.blob.in_(blobs), documents.c.disposed_at.is_(None))
    )
    return frozenset(tx.connection.execute(chosen).scalars())
