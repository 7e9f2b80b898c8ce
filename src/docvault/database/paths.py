"""Folders and documents by where they lie and what they are called, for doors that speak in paths.

Every question names who asks. A folder whose parent they may not see stands at the top of its organisation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, select

from docvault.database import residuals
from docvault.database.engine import Transaction
from docvault.database.tables import documents, folders, organisations, versions
from docvault.policy.vocabulary import Acting, Permission, ResourceType
from docvault.values import DocumentId, FolderId, OrganisationId

ORIGINAL = "original"


@dataclass(frozen=True, slots=True)
class OrganisationAt:
    id: OrganisationId
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FolderAt:
    id: FolderId
    name: str
    kind: str  # rfp | sow | contract | whitepaper | general
    organisation_id: OrganisationId
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DocumentAt:
    """A document and its newest version."""

    id: DocumentId
    name: str
    folder_id: FolderId
    created_at: datetime
    number: int
    size: int  # plaintext bytes
    sha256: str  # hex
    media_type: str
    changed_at: datetime


def organisations_seen(tx: Transaction, acting: Acting) -> list[OrganisationAt]:
    """Return the organisations of which `acting` may see a folder, in the order they came."""
    inside = select(folders.c.organisation_id).where(_seen_folders(tx, acting))
    chosen = select(organisations).where(organisations.c.id.in_(inside))
    rows = tx.connection.execute(
        chosen.order_by(organisations.c.created_at, organisations.c.id), {"at": acting.at}
    )
    return [OrganisationAt(row.id, row.name, row.created_at) for row in rows]


def folders_at(
    tx: Transaction,
    acting: Acting,
    organisation_id: OrganisationId,
    parent_id: FolderId | None,
    *,
    name: str | None = None,
    id_start: str | None = None,
) -> list[FolderAt]:
    """Return the folders in a folder, or at the top of an organisation, that `acting` may see, oldest first.

    name, id_start: only those of this name, or whose id starts like that.
    """
    conditions = [folders.c.organisation_id == organisation_id, _seen_folders(tx, acting)]
    if parent_id is not None:
        conditions.append(folders.c.parent_id == parent_id)
    else:
        seen = select(folders.c.id).where(_seen_folders(tx, acting)).subquery()
        above = folders.c.parent_id.in_(select(seen.c.id))
        conditions.append(folders.c.parent_id.is_(None) | ~above)
    conditions.extend(_called(folders, name, id_start))
    chosen = select(folders).where(*conditions).order_by(folders.c.created_at, folders.c.id)
    rows = tx.connection.execute(chosen, {"at": acting.at})
    return [FolderAt(row.id, row.name, row.kind, row.organisation_id, row.created_at) for row in rows]


def documents_at(
    tx: Transaction,
    acting: Acting,
    folder_id: FolderId,
    *,
    name: str | None = None,
    id_start: str | None = None,
    most: int,
) -> list[DocumentAt]:
    """Return at most `most` + 1 documents in a folder that `acting` may see, oldest first."""
    seen = tx.policy.residual(acting, Permission.DOCUMENT_SEE, ResourceType.DOCUMENT)
    chosen = (
        _documents()
        .where(
            documents.c.folder_id == folder_id,
            residuals.where(seen, residuals.DOCUMENTS),
            documents.c.trashed_at.is_(None),
            documents.c.disposed_at.is_(None),
            folders.c.trashed_at.is_(None),
            *_called(documents, name, id_start),
        )
        .order_by(documents.c.created_at, documents.c.id)
        .limit(most + 1)
    )
    return [_document(row) for row in tx.connection.execute(chosen, {"at": acting.at})]


def _seen_folders(tx: Transaction, acting: Acting) -> ColumnElement[bool]:
    seen = tx.policy.residual(acting, Permission.FOLDER_SEE, ResourceType.FOLDER)
    return and_(residuals.where(seen, residuals.FOLDERS), folders.c.trashed_at.is_(None))


def _called(table: Any, name: str | None, id_start: str | None) -> Sequence[ColumnElement[bool]]:
    conditions = []
    if name is not None:
        conditions.append(table.c.name == name)
    if id_start is not None:
        conditions.append(table.c.id.startswith(id_start, autoescape=True))
    return conditions


def _documents() -> Select[Any]:
    newest = and_(
        versions.c.document_id == documents.c.id,
        versions.c.purpose == ORIGINAL,
        versions.c.number == documents.c.latest,
    )
    return (
        select(
            documents.c.id,
            documents.c.name,
            documents.c.folder_id,
            documents.c.created_at,
            versions.c.number,
            versions.c.size,
            versions.c.sha256,
            versions.c.media_type,
            versions.c.created_at.label("changed_at"),
        )
        .join_from(documents, versions, newest)
        .join(folders, folders.c.id == documents.c.folder_id)
    )


def _document(row: Row[Any]) -> DocumentAt:
    return DocumentAt(**row._mapping)  # noqa: SLF001 - the public name of a row's values by column
