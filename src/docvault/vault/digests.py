"""SHA-256 of files that arrive in segments, carried in memory between them. Forgetting one costs time, never
truth.

A process that did not see every segment, because it was restarted or another one took over, continues from
what it saw: the missing segments are read back from the store.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from docvault.encryption.files import Octets

KEPT = 4096  # uploads at hand; one is well under 1 KiB


@dataclass(frozen=True, slots=True)
class Progress:
    """The hash of the segments before `index`."""

    index: int
    hashed: "hashlib._Hash"


class Digests:
    """Running hashes by version; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._progress: OrderedDict[str, Progress] = OrderedDict()

    def advanced(self, version_id: str, index: int, plaintext: Octets) -> Progress | None:
        """Return the hash with segment `index` added, or None if the segments before it were not all seen
        here.
        """
        progress = self._at(version_id)
        if progress.index != index:
            return None
        hashed = progress.hashed.copy()
        hashed.update(plaintext)
        return Progress(index + 1, hashed)

    def keep(self, version_id: str, progress: Progress | None) -> None:
        """Remember the hash once its segment is stored; None is what `advanced` says when there is nothing to
        keep.
        """
        if progress is None:
            return
        with self._lock:
            self._progress[version_id] = progress
            self._progress.move_to_end(version_id)
            while len(self._progress) > KEPT:
                self._progress.popitem(last=False)

    def finish(self, version_id: str, segments: int, read: Callable[[int], bytes]) -> str:
        """Return the hex digest of all segments; `read` gives a stored one that was not seen here."""
        progress = self._at(version_id)
        hashed = progress.hashed.copy()
        for index in range(progress.index, segments):
            hashed.update(read(index))
        self.keep(version_id, Progress(segments, hashed))
        return hashed.hexdigest()

    def forget(self, version_id: str) -> None:
        with self._lock:
            self._progress.pop(version_id, None)

    def _at(self, version_id: str) -> Progress:
        with self._lock:
            return self._progress.get(version_id) or Progress(0, hashlib.sha256())
