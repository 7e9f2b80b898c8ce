"""Keys of folders and versions: made, wrapped and opened. Plain keys live only in memory, inside a call of
the vault.

Format: "The keys" of docs/formats/file-encryption.md.
"""

import os
from collections.abc import Sequence
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audiences, audit, folder_keys, keys
from docvault.database.engine import Transaction
from docvault.database.folder_keys import FolderKeyRow
from docvault.encryption import records
from docvault.encryption.contexts import FolderContext, VersionContext
from docvault.encryption.errors import EncryptionError
from docvault.encryption.keyring import WrongKeyring
from docvault.encryption.masters import FOLDER_KEY, Keyring
from docvault.encryption.words import search_key
from docvault.vault.records import Records

PROOF = "root-key"  # the name of the row that only the right keyring opens
PROOF_CONTEXT = "proof:root-key"
FIRST_GENERATION = 1


def prove(tx: Transaction, own: Records, now: datetime) -> None:
    """Check that the keyring belongs to this database; an empty one is bound to it. Raises WrongKeyring."""
    found = keys.find(tx, PROOF)
    if found is None:
        keys.put(tx, PROOF, own.seal(PROOF_CONTEXT, os.urandom(records.KEY)), b"", now)
        return
    try:
        own.open(PROOF_CONTEXT, found.wrapped)
    except EncryptionError:
        raise WrongKeyring from None


def create_folder_key(tx: Transaction, keyring: Keyring, folder_id: str, now: datetime) -> None:
    """Make the first key of a folder. Raises NotFound if there is no such folder."""
    organisation_id = folder_keys.organisation_of(tx, folder_id)
    audience = audiences.fingerprint(tx, folder_id, now)
    _add_folder_key(tx, keyring, FolderContext(organisation_id, folder_id, FIRST_GENERATION), audience, now)


def folder_key_for_writing(
    tx: Transaction, keyring: Keyring, document_id: str, now: datetime
) -> FolderKeyRow:
    """Return the folder key under which a version may be written now: one that nobody had who left since.

    Makes the next one in the caller's transaction where somebody did (promise 54). Raises NotFound.
    """
    return _fresh(tx, keyring, folder_keys.newest_for_document(tx, document_id), now)


def folder_key_for_moving(tx: Transaction, keyring: Keyring, folder_id: str, now: datetime) -> FolderKeyRow:
    """Return the same for what is moved into a folder. Raises NotFound."""
    return _fresh(tx, keyring, folder_keys.newest_of(tx, folder_id), now)


def _fresh(tx: Transaction, keyring: Keyring, newest: FolderKeyRow, now: datetime) -> FolderKeyRow:
    if newest.audience == audiences.fingerprint(tx, newest.folder_id, now):
        return newest
    newest = folder_keys.locked(tx, newest.folder_id)
    audience = audiences.fingerprint(tx, newest.folder_id, now)
    if newest.audience == audience:  # another writer was faster
        return newest
    return next_folder_key(tx, keyring, newest, audience, now)


def next_folder_key(
    tx: Transaction, keyring: Keyring, newest: FolderKeyRow, audience: str, now: datetime
) -> FolderKeyRow:
    """Make the key that follows `newest`, whose folder is locked, and record it."""
    place = FolderContext(newest.organisation_id, newest.folder_id, newest.generation + 1)
    made = _add_folder_key(tx, keyring, place, audience, now)
    audit.append(
        tx,
        Kind.FOLDER_KEY_ROTATED,
        at=now,
        object_type="folder",
        object_id=made.folder_id,
        organisation_id=made.organisation_id,
        facts={"generation": made.generation},
        private={"folder": folder_keys.name_of(tx, made.folder_id)},
    )
    return made


def _add_folder_key(
    tx: Transaction, keyring: Keyring, place: FolderContext, audience: str, now: datetime
) -> FolderKeyRow:
    wrapped = keyring.seal(FOLDER_KEY, place.encode(), os.urandom(records.KEY))
    row = FolderKeyRow(place.organisation_id, place.folder_id, place.generation, wrapped, audience)
    folder_keys.add(tx, row, now)
    return row


def open_folder_key(keyring: Keyring, row: FolderKeyRow) -> bytes:
    """Return the folder's key that wraps data keys. Secret. Raises UnknownAlgorithm or Tampered."""
    return records.derive(_folder_key(keyring, row), "data-key")


def open_search_keys(keyring: Keyring, rows: Sequence[FolderKeyRow]) -> list[bytes]:
    """Return the folders' keys for words. Secret. Raises UnknownAlgorithm or Tampered."""
    sealed = [(_place(row).encode(), row.wrapped) for row in rows]
    return [search_key(each) for each in keyring.unseal_all(FOLDER_KEY, sealed)]


def wrap_data_key(wrapping: bytes, row: VersionContext, data_key: bytes) -> bytes:
    """Bind the key of a version to its whole row; `wrapping` is the folder's, from `open_folder_key`."""
    return records.seal(wrapping, row.encode(), data_key)


def open_data_key(wrapping: bytes, row: VersionContext, wrapped: bytes) -> bytes:
    """Return the key of a version: proof that its row is as it was written. Raises UnknownAlgorithm or
    Tampered.
    """
    return records.unseal(wrapping, row.encode(), wrapped)


def _folder_key(keyring: Keyring, row: FolderKeyRow) -> bytes:
    return keyring.unseal(FOLDER_KEY, _place(row).encode(), row.wrapped)


def _place(row: FolderKeyRow) -> FolderContext:
    return FolderContext(row.organisation_id, row.folder_id, row.generation)
