"""The wrapped keys of folders, by generation. Opens none of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, select

from docvault.database.engine import Transaction
from docvault.database.tables import documents, folder_keys, folders
from docvault.values import NotFound


@dataclass(frozen=True, slots=True)
class FolderKeyRow:
    organisation_id: str
    folder_id: str
    generation: int  # from 1
    wrapped: bytes
    audience: str = ""  # whom it was made for, as audiences.fingerprint says it; empty: nobody knows


def add(tx: Transaction, row: FolderKeyRow, now: datetime) -> None:
    """Keep the wrapped key of one generation."""
    tx.connection.execute(
        insert(folder_keys).values(
            folder_id=row.folder_id,
            generation=row.generation,
            wrapped=row.wrapped,
            audience=row.audience,
            created_at=now,
        )
    )


def organisation_of(tx: Transaction, folder_id: str) -> str:
    """Return the organisation whose folder this is: part of what its key is bound to. Raises NotFound."""
    chosen = select(folders.c.organisation_id).where(folders.c.id == folder_id)
    organisation: str | None = tx.connection.execute(chosen).scalar_one_or_none()
    if organisation is None:
        raise NotFound
    return organisation


def newest_of(tx: Transaction, folder_id: str) -> FolderKeyRow:
    """Return the newest key of a folder. Raises NotFound."""
    return _one(tx, _newest().where(folders.c.id == folder_id))


def newest_for_document(tx: Transaction, document_id: str) -> FolderKeyRow:
    """Return the newest key of the folder that holds the document. Raises NotFound."""
    chosen = _newest().join(documents, documents.c.folder_id == folders.c.id)
    return _one(tx, chosen.where(documents.c.id == document_id))


def locked(tx: Transaction, folder_id: str) -> FolderKeyRow:
    """Return the newest key of a folder; until the end of the transaction nobody else gives it another one.

    Raises NotFound.
    """
    lock = select(folders.c.id).where(folders.c.id == folder_id).with_for_update(key_share=True)
    tx.connection.execute(lock)
    return newest_of(tx, folder_id)


def name_of(tx: Transaction, folder_id: str) -> str:
    """Return what people call the folder, for the audit log."""
    return str(tx.connection.execute(select(folders.c.name).where(folders.c.id == folder_id)).scalar_one())


def _newest() -> Select[Any]:
    return (
        select(folders.c.organisation_id, folder_keys)
        .join_from(folders, folder_keys, folder_keys.c.folder_id == folders.c.id)
        .order_by(folder_keys.c.generation.desc())
        .limit(1)
    )


def _one(tx: Transaction, chosen: Select[Any]) -> FolderKeyRow:
    row = tx.connection.execute(chosen).one_or_none()
    if row is None:
        raise NotFound
    return FolderKeyRow(row.organisation_id, row.folder_id, row.generation, row.wrapped, row.audience)
