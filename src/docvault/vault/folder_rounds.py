"""Gives every folder a new key, and moves the keys of its versions to it, while others read and write."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from docvault.database import audiences, folder_key_rounds, folder_keys, search_index, versions
from docvault.database.engine import Database, Transaction
from docvault.encryption.errors import EncryptionError
from docvault.values import NotFound
from docvault.vault import keyring as keys
from docvault.vault.files import Vault
from docvault.vault.reseal import Step

BATCH = 100  # in one transaction: a writer waits some milliseconds for it


def renew(db: Database, vault: Vault, since: datetime, clock: Callable[[], datetime]) -> Iterator[Step]:
    """Give every folder whose key is from before `since` the next one; each step is committed."""
    while True:
        with db.transaction() as tx:
            found = folder_key_rounds.waiting(tx, since, BATCH)
            for folder_id in found:
                now = clock()
                audience = audiences.fingerprint(tx, folder_id, now)
                keys.next_folder_key(tx, vault.keyring, folder_keys.locked(tx, folder_id), audience, now)
        if not found:
            return
        yield Step(len(found), ())


def rewrap(db: Database, vault: Vault, clock: Callable[[], datetime]) -> Iterator[Step]:
    """Move the key of every version to the newest of its folder; each step is committed.

    Words of a document are kept under the key of its version, so they are taken anew with it.
    """
    after = None
    while True:
        with db.transaction() as tx:
            found = folder_key_rounds.behind(tx, after, BATCH)
            stuck = [
                version_id
                for document_id, version_id in found
                if not _move(tx, vault, document_id, version_id)
            ]
            for document_id in sorted({document_id for document_id, _ in found}):
                search_index.ask(tx, document_id, clock())
        if not found:
            return
        after = found[-1]
        yield Step(len(found) - len(stuck), tuple("versions.wrapped_key" for _ in stuck))


def _move(tx: Transaction, vault: Vault, document_id: str, version_id: str) -> bool:
    try:
        versions.lock_document(tx, document_id)
        row = versions.for_opening(tx, version_id)
    except NotFound:
        return True  # removed meanwhile: nothing is left to move
    newest = folder_keys.newest_of(tx, row.folder_id)
    becomes = replace(row, generation=newest.generation, wrapped_folder_key=newest.wrapped)
    try:
        wrapped = vault.rewrapped(row, becomes)
    except EncryptionError:
        return False  # counted and named; its folder's old key stays for as long as it is there
    versions.rebind(tx, row.id, generation=newest.generation, wrapped_key=wrapped, sealed_in=row.sealed_in)
    return True
