"""A document goes to another folder of its client: its bytes stay, its keys are wrapped
anew.

Format: "A document that was moved" of docs/formats/file-encryption.md. Who may was asked before.
"""

from dataclasses import replace
from datetime import datetime

from docvault.database import documents, versions
from docvault.database.engine import Transaction
from docvault.database.folder_keys import FolderKeyRow
from docvault.database.versions import VersionRow
from docvault.vault.files import Vault


def move_document(tx: Transaction, vault: Vault, document_id: str, folder_id: str, now: datetime) -> int:
    """Place a document in another folder, in one go with the keys of its versions; return how many these are.

    Versions on their way in are among them. Raises NotFound, UnknownAlgorithm or Tampered.
    """
    versions.lock_document(tx, document_id)
    target = vault.key_for_moving(tx, folder_id, now)
    rows = versions.all_of(tx, document_id)
    for row in rows:
        moved = _in_folder(row, target)
        versions.rebind(
            tx,
            row.id,
            generation=moved.generation,
            wrapped_key=vault.rewrapped(row, moved),
            sealed_in=moved.sealed_in,
        )
    documents.place(tx, document_id, folder_id)
    return len(rows)


def _in_folder(row: VersionRow, target: FolderKeyRow) -> VersionRow:
    """Return the row as it stands in the other folder; its segments stay bound to where they were sealed."""
    sealed_in = row.sealed_in or row.folder_id
    return replace(
        row,
        folder_id=target.folder_id,
        generation=target.generation,
        wrapped_folder_key=target.wrapped,
        sealed_in=None if sealed_in == target.folder_id else sealed_in,
    )
