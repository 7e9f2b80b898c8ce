"""What must be true of the rows whatever happened before: asked by `docvault doctor --deep` and by tests.

Knows rows only; what must be true of keys and objects is vault/invariants.py's. Changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from docvault.database import file_requests, quotas
from docvault.database.engine import Transaction
from docvault.database.tables import (
    documents,
    folder_keys,
    folder_paths,
    folders,
    search_documents,
    uploads,
    versions,
)
from docvault.database.versions import RECEIVING, STORED

PAGE = 500  # ids fetched in one statement
NO_KEY = b""  # in place of a wrapped key that was destroyed


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that must not be. `rule` is one word for programs, `words` say it to a person."""

    rule: str
    subject: str  # the id of what it is about
    words: str


def of_rows(tx: Transaction) -> Iterator[Fault]:
    """Yield what is wrong between rows. tx: a snapshot, so that a deed under way is not taken for a fault."""
    for rule, words, question in _questions():
        for subject in tx.connection.execute(question).scalars():
            yield Fault(rule, subject, words)
    for one in quotas.differences(tx):
        words = f"The counter says {one.counted} bytes, the versions are {one.stored}."
        yield Fault("quota", one.owner_id, words)
    for request_id in file_requests.miscounted(tx):
        yield Fault("request-count", request_id, "The counters of the request are not those of its uploads.")


def stored_after(tx: Transaction, version_id: str) -> Sequence[str]:
    """Return the next stored versions by id that must open; disposed ones do not."""
    chosen = (
        select(versions.c.id)
        .join_from(versions, documents, versions.c.document_id == documents.c.id)
        .where(versions.c.state == STORED, versions.c.id > version_id, documents.c.disposed_at.is_(None))
        .order_by(versions.c.id)
    )
    return tx.connection.execute(chosen.limit(PAGE)).scalars().all()


def is_stored(tx: Transaction, version_id: str) -> bool:
    """Return whether a version is there now and must open: it may have gone since it was listed."""
    chosen = (
        select(versions.c.id)
        .join_from(versions, documents, versions.c.document_id == documents.c.id)
        .where(versions.c.id == version_id, versions.c.state == STORED, documents.c.disposed_at.is_(None))
    )
    return tx.connection.execute(chosen).first() is not None


def is_receiving(tx: Transaction, version_id: str) -> bool:
    """Return whether a version is still being received."""
    chosen = select(versions.c.id).where(versions.c.id == version_id, versions.c.state == RECEIVING)
    return tx.connection.execute(chosen).first() is not None


def arriving_after(tx: Transaction, upload_id: str) -> Sequence[tuple[str, str, int, int]]:
    """Return the next unfinished uploads by id: upload, version, size and bytes received."""
    chosen = (
        select(uploads.c.id, uploads.c.version_id, uploads.c.size, uploads.c.received)
        .where(uploads.c.finished_at.is_(None), uploads.c.id > upload_id)
        .order_by(uploads.c.id)
    )
    return [
        (row.id, row.version_id, row.size, row.received) for row in tx.connection.execute(chosen.limit(PAGE))
    ]


def segments_of(tx: Transaction, blobs: Sequence[str]) -> Mapping[str, int]:
    """Return how many objects each of `blobs` may have at most: none once its document was disposed of."""
    chosen = (
        select(versions.c.blob, versions.c.segments, documents.c.disposed_at)
        .join_from(versions, documents, versions.c.document_id == documents.c.id)
        .where(versions.c.blob.in_(blobs))
    )
    return {row.blob: 0 if row.disposed_at else row.segments for row in tx.connection.execute(chosen)}


def _questions() -> Iterator[tuple[str, str, Select[Any]]]:
    yield from _of_documents()
    yield from _of_versions()
    yield from _of_folders()
    yield from _of_uploads()


def _of_documents() -> Iterator[tuple[str, str, Select[Any]]]:
    mine = versions.c.document_id == documents.c.id
    newest = select(func.coalesce(func.max(versions.c.number), 0)).where(
        mine, versions.c.purpose == "original", versions.c.state == STORED
    )
    yield (
        "latest",
        "The newest version that the document names is not the newest one stored.",
        select(documents.c.id).where(documents.c.latest != newest.scalar_subquery()),
    )
    yield (
        "empty-document",
        "The document has no version, and no upload is on its way to it.",
        select(documents.c.id).where(
            ~exists().where(mine), ~exists().where(uploads.c.document_id == documents.c.id)
        ),
    )


def _of_versions() -> Iterator[tuple[str, str, Select[Any]]]:
    mine = versions.c.document_id == documents.c.id
    keys = and_(
        folder_keys.c.folder_id == documents.c.folder_id,
        folder_keys.c.generation == versions.c.key_generation,
    )
    of_document = select(versions.c.id).join_from(versions, documents, mine)
    yield (
        "generation",
        "The version is wrapped under a generation of its folder's key that is not there.",
        of_document.where(documents.c.disposed_at.is_(None), ~exists().where(keys)),
    )
    yield (
        "shredded",
        "The document was disposed of, but a wrapped key of it is still there.",
        of_document.where(documents.c.disposed_at.is_not(None), versions.c.wrapped_key != NO_KEY),
    )
    yield (
        "shredded-words",
        "The document was disposed of, but words of it can still be searched for.",
        select(search_documents.c.document_id)
        .join_from(search_documents, documents, documents.c.id == search_documents.c.document_id)
        .where(documents.c.disposed_at.is_not(None)),
    )
    yield (
        "keyless",
        "The version lost its key although its document was not disposed of.",
        of_document.where(documents.c.disposed_at.is_(None), versions.c.wrapped_key == NO_KEY),
    )
    yield (
        "shared-blob",
        "Two versions name the same objects.",
        select(func.min(versions.c.id)).group_by(versions.c.blob).having(func.count() > 1),
    )


def _of_folders() -> Iterator[tuple[str, str, Select[Any]]]:
    """Yield the questions whether folder_paths is exactly what the parents say, step by step."""
    way, above = folder_paths.alias("way"), folder_paths.alias("above")

    def has(folder: ColumnElement[Any], ancestor: ColumnElement[Any]) -> ColumnElement[bool]:
        return exists().where(above.c.folder_id == folder, above.c.ancestor_id == ancestor)

    yield (
        "own-path",
        "The folder is not on its own path.",
        select(folders.c.id).where(~has(folders.c.id, folders.c.id)),
    )
    parents = select(folders.c.id).join_from(folders, way, way.c.folder_id == folders.c.parent_id)
    yield (
        "path-missing",
        "A folder that this one lies in is missing from its path.",
        parents.where(~has(folders.c.id, way.c.ancestor_id)).distinct(),
    )
    own = select(folders.c.id).join_from(folders, way, way.c.folder_id == folders.c.id)
    from_parent = has(folders.c.parent_id, way.c.ancestor_id)
    yield (
        "path-extra",
        "The folder's path names a folder that it does not lie in.",
        own.where(
            way.c.ancestor_id != folders.c.id, or_(folders.c.parent_id.is_(None), ~from_parent)
        ).distinct(),
    )
    yield (
        "circle",
        "The folder lies in itself.",
        own.where(way.c.ancestor_id != folders.c.id, has(way.c.ancestor_id, folders.c.id)).distinct(),
    )
    yield (
        "folder-key",
        "The folder has no key.",
        select(folders.c.id).where(~exists().where(folder_keys.c.folder_id == folders.c.id)),
    )


def _of_uploads() -> Iterator[tuple[str, str, Select[Any]]]:
    of_version = select(uploads.c.id).join_from(uploads, versions, uploads.c.version_id == versions.c.id)
    wanted = and_(versions.c.size == uploads.c.size, versions.c.document_id == uploads.c.document_id)
    yield (
        "upload-version",
        "The upload and the version it fills do not fit each other.",
        of_version.where(or_(~wanted, uploads.c.received > uploads.c.size)),
    )
    unfinished = uploads.c.finished_at.is_(None)
    yield (
        "upload-state",
        "The upload is finished and its version is not, or the other way round.",
        of_version.where(
            or_(
                and_(unfinished, versions.c.state != RECEIVING),
                and_(~unfinished, versions.c.state != STORED),
            )
        ),
    )
