"""The keys under which words are hashed, one per folder and generation, within a budget of memory.

Format: docs/formats/search-index.md.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from docvault.database import search_index
from docvault.database.engine import Transaction
from docvault.database.search_index import Place
from docvault.encryption import words as hashing
from docvault.encryption.masters import Keyring
from docvault.values import NotFound
from docvault.vault import keyring as keys

KEYS = 32_768  # search keys kept in memory: some 8 MiB


class SearchKeys:
    """The search keys of folders' generations, within a budget of memory. Shared between threads."""

    def __init__(self, keyring: Keyring, most: int = KEYS) -> None:
        self._keyring = keyring
        self._most = most
        self._kept: OrderedDict[Place, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def hashes(self, tx: Transaction, places: Sequence[Place], words: Sequence[str]) -> list[list[str]]:
        """Return of each word its hashes under the keys of all places.

        Raises UnknownAlgorithm or Tampered.
        """
        found = self._keys(tx, places)
        return [hashing.hashed_under(found, word) for word in words]

    def of(self, tx: Transaction, place: Place) -> bytes:
        """Return the key of one place. Raises NotFound if it is gone, UnknownAlgorithm or Tampered."""
        found = self._keys(tx, [place])
        if not found:
            raise NotFound
        return found[0]

    def _keys(self, tx: Transaction, places: Sequence[Place]) -> list[bytes]:
        with self._lock:
            known = {place: self._kept[place] for place in places if place in self._kept}
        missing = [place for place in places if place not in known]
        if missing:
            rows = list(search_index.keys_of(tx, missing))
            found = keys.open_search_keys(self._keyring, rows)
            opened = {Place(row.folder_id, row.generation): key for row, key in zip(rows, found, strict=True)}
            known |= opened
            self._keep(opened)
        return [known[place] for place in places if place in known]

    def _keep(self, opened: dict[Place, bytes]) -> None:
        with self._lock:
            self._kept.update(opened)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
