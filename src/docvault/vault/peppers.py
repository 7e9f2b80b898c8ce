"""The peppers of passwords, by generation: keys of their own, sealed like every small secret."""

import os
import threading
import time
from datetime import datetime

from docvault.database import keys
from docvault.database.engine import Database, Transaction
from docvault.encryption import records
from docvault.encryption.masters import SealedKey
from docvault.vault.masters import FRESH, PEPPER
from docvault.vault.records import Records


class Peppers:
    """The peppers by generation, each used where it is held. Shared between threads."""

    def __init__(self, db: Database, own: Records) -> None:
        self._db = db
        self._keyring = own.keyring
        self._keys: dict[int, SealedKey] = {}
        self._looked = -FRESH
        self._lock = threading.Lock()
        self._load()

    def newest(self) -> int:
        """Return the generation that new passwords are kept under."""
        if time.monotonic() - self._looked >= FRESH:
            self._load()
        return max(self._keys)

    def mac(self, generation: int, message: bytes) -> bytes | None:
        """Return the HMAC of `message` under one pepper, or None if it was never there or destroyed."""
        if generation not in self._keys:
            self._load()
        key = self._keys.get(generation)
        return None if key is None else self._keyring.mac(key, message)

    def _load(self) -> None:
        with self._lock:
            with self._db.aside() as tx:
                rows = [row for row in keys.generations(tx, PEPPER) if row.wrapped]
            self._keys = {row.generation: row.sealed for row in rows}
            self._looked = time.monotonic()


def add_pepper(tx: Transaction, own: Records, now: datetime) -> int:
    """Make the pepper that follows the newest, or the first, and return its generation."""
    newest = keys.find(tx, PEPPER)
    generation = newest.generation + 1 if newest else keys.FIRST
    sealed = own.keyring.seal_key(keys.context_of(PEPPER, generation), os.urandom(records.KEY))
    keys.put(tx, PEPPER, sealed.wrapped, b"", now, generation=generation)
    return generation
