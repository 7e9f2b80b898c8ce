"""What goes into an archive: documents of a folder and of those inside, as far as whoever asks sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, select

from docvault.database import residuals
from docvault.database.documents import ORIGINAL, PRESENT, DocumentRow
from docvault.database.engine import Transaction
from docvault.database.folders import PRESENT as FOLDER_PRESENT
from docvault.database.folders import FolderRow
from docvault.database.tables import documents, folder_paths, folders, versions
from docvault.database.versions import STORED
from docvault.policy.vocabulary import Acting, Permission, ResourceType
from docvault.rules.scans import is_open


@dataclass(frozen=True, slots=True)
class Wanted:
    """The newest version of a document that somebody wants to take away."""

    document_id: str
    name: str
    folder_id: str
    organisation_id: str
    version_id: str
    number: int
    size: int  # plaintext bytes
    sha256: str
    created_at: datetime
    may: bool  # whoever asked may take the file away
    held_back: bool  # by the malware scan


@dataclass(frozen=True, slots=True)
class InnerFolder:
    id: str
    name: str
    parent_id: str | None


def tree(tx: Transaction, acting: Acting, folder: FolderRow) -> Sequence[InnerFolder]:
    """Return a folder and those inside that `acting` may see, each after the one that it lies in."""
    seen = tx.policy.residual(acting, Permission.FOLDER_SEE, ResourceType.FOLDER)
    inside = select(folder_paths.c.folder_id).where(folder_paths.c.ancestor_id == folder.id)
    chosen = select(folders.c.id, folders.c.name, folders.c.parent_id).where(
        folders.c.id.in_(inside), FOLDER_PRESENT, residuals.where(seen, residuals.FOLDERS)
    )
    rows = tx.connection.execute(chosen.order_by(folders.c.name, folders.c.id), {"at": acting.at}).all()
    children: dict[str | None, list[InnerFolder]] = {}
    for row in rows:
        children.setdefault(row.parent_id, []).append(InnerFolder(row.id, row.name, row.parent_id))
    found = [InnerFolder(folder.id, folder.name, folder.parent_id)]
    for each in found:  # grows while it is walked: level by level
        found.extend(children.get(each.id, ()))
    return found


def of_folders(tx: Transaction, acting: Acting, folder_ids: Sequence[str], most: int) -> list[Wanted]:
    """Return the documents of these folders that `acting` may see, by name; at most one more than `most`."""
    seen = tx.policy.residual(acting, Permission.DOCUMENT_SEE, ResourceType.DOCUMENT)
    chosen = _wanted(tx, acting).where(
        documents.c.folder_id.in_(folder_ids), residuals.where(seen, residuals.DOCUMENTS)
    )
    return _rows(tx, acting, chosen.limit(most + 1))


def of_documents(tx: Transaction, acting: Acting, found: Sequence[DocumentRow]) -> list[Wanted]:
    """Return these documents, which were found by `documents.for_seeing`, by name."""
    ids = [one.id for one in found]
    return _rows(tx, acting, _wanted(tx, acting).where(documents.c.id.in_(ids)))


def _wanted(tx: Transaction, acting: Acting) -> Select[Any]:
    may = tx.policy.residual(acting, Permission.DOCUMENT_DOWNLOAD, ResourceType.DOCUMENT)
    newest = and_(
        versions.c.document_id == documents.c.id,
        versions.c.purpose == ORIGINAL,
        versions.c.number == documents.c.latest,
        versions.c.state == STORED,
    )
    return (
        select(
            documents.c.id.label("document_id"),
            documents.c.name,
            documents.c.folder_id,
            folders.c.organisation_id,
            versions.c.id.label("version_id"),
            versions.c.number,
            versions.c.size,
            versions.c.sha256,
            versions.c.created_at,
            case((residuals.where(may, residuals.DOCUMENTS), 1), else_=0).label("may"),
            versions.c.scan,
        )
        .join_from(documents, folders, folders.c.id == documents.c.folder_id)
        .join(versions, newest)
        .where(PRESENT, FOLDER_PRESENT)
        .order_by(documents.c.name, documents.c.id)
    )


def _rows(tx: Transaction, acting: Acting, chosen: Select[Any]) -> list[Wanted]:
    rows = tx.connection.execute(chosen, {"at": acting.at}).mappings()
    found = []
    for row in rows:
        values = dict(row)
        held_back = not is_open(values.pop("scan"))
        found.append(Wanted(**{**values, "may": bool(values["may"])}, held_back=held_back))
    return found
