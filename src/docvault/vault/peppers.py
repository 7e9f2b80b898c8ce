"""The peppers of passwords, by generation: keys of their own, sealed like every small secret."""

import os
import threading
import time
from datetime import datetime

from docvault.database import keys
from docvault.database.engine import Database, Transaction
from docvault.encryption import records
from docvault.vault.masters import FRESH, PEPPER
from docvault.vault.records import Records


class Peppers:
    """The opened peppers, shared between threads. Holds keys: never log or keep it."""

    def __init__(self, db: Database, own: Records) -> None:
        self._db = db
        self._records = own
        self._keys: dict[int, bytes] = {}
        self._looked = -FRESH
        self._lock = threading.Lock()
        self._load()

    def newest(self) -> int:
        """Return the generation that new passwords are kept under."""
        if time.monotonic() - self._looked >= FRESH:
            self._load()
        return max(self._keys)

    def of(self, generation: int) -> bytes | None:
        """Return one pepper, or None if it was never there or destroyed. Secret."""
        if generation not in self._keys:
            self._load()
        return self._keys.get(generation)

    def __repr__(self) -> str:
        return "Peppers(…)"  # never a key, wherever this is printed

    def _load(self) -> None:
        with self._lock:
            with self._db.aside() as tx:
                rows = [row for row in keys.generations(tx, PEPPER) if row.wrapped]
            self._keys = {
                row.generation: self._keys.get(row.generation) or self._records.open(row.context, row.wrapped)
                for row in rows
            }
            self._looked = time.monotonic()


def add_pepper(tx: Transaction, own: Records, now: datetime) -> int:
    """Make the pepper that follows the newest, or the first, and return its generation."""
    newest = keys.find(tx, PEPPER)
    generation = newest.generation + 1 if newest else keys.FIRST
    sealed = own.seal(keys.context_of(PEPPER, generation), os.urandom(records.KEY))
    keys.put(tx, PEPPER, sealed, b"", now, generation=generation)
    return generation
