"""The wrapped keys of folders, by generation. Opens none of them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from docvault.database.engine import Transaction
from docvault.database.tables import documents, folder_keys, folders
from docvault.values import NotFound


@dataclass(frozen=True, slots=True)
class FolderKeyRow:
    organisation_id: str
    folder_id: str
    generation: int  # from 1
    wrapped: bytes


def add(tx: Transaction, row: FolderKeyRow, now: datetime) -> None:
    """Keep the wrapped key of one generation."""
    tx.connection.execute(
        insert(folder_keys).values(
            folder_id=row.folder_id, generation=row.generation, wrapped=row.wrapped, created_at=now
        )
    )


def organisation_of(tx: Transaction, folder_id: str) -> str:
    """Return the organisation whose folder this is: part of what its key is bound to. Raises NotFound."""
    chosen = select(folders.c.organisation_id).where(folders.c.id == folder_id)
    organisation: str | None = tx.connection.execute(chosen).scalar_one_or_none()
    if organisation is None:
        raise NotFound
    return organisation


def newest_for_document(tx: Transaction, document_id: str) -> FolderKeyRow:
    """Return the newest key of the folder that holds the document. Raises NotFound."""
    chosen = (
        select(folders.c.organisation_id, folder_keys)
        .join_from(documents, folders, documents.c.folder_id == folders.c.id)
        .join(folder_keys, folder_keys.c.folder_id == folders.c.id)
        .where(documents.c.id == document_id)
        .order_by(folder_keys.c.generation.desc())
        .limit(1)
    )
    row = tx.connection.execute(chosen).one_or_none()
    if row is None:
        raise NotFound
    return FolderKeyRow(row.organisation_id, row.folder_id, row.generation, row.wrapped)
