"""Sums of files that arrive in segments, carried in memory between them. Forgetting one costs time, never
truth.

A process that did not see every segment, because it was restarted or another one took over, continues from
what it saw: the missing segments are read back from the store.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock

from docvault.encryption.files import Octets

KEPT = 4096  # uploads at hand; one is well under 1 KiB


@dataclass(frozen=True, slots=True)
class Sums:
    """Of all segments of a version, in lower-case hex. heads: of how their objects begin."""

    sha256: str
    heads: str


@dataclass(frozen=True, slots=True)
class Progress:
    """The hashes of the segments before `index`, and of how their objects begin. Never changed in place."""

    index: int = 0
    hashed: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    heads: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def with_segment(self, plaintext: Octets) -> "Progress":
        """Return it with the next segment added, whose head is still to come."""
        return Progress(self.index + 1, _advanced(self.hashed, plaintext), self.heads)

    def with_head(self, head: bytes) -> "Progress":
        """Return it with how the object of the newest segment begins."""
        return replace(self, heads=_advanced(self.heads, head))


class Digests:
    """Progress by version; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._progress: OrderedDict[str, Progress] = OrderedDict()

    def advanced(self, version_id: str, index: int, plaintext: Octets) -> Progress | None:
        """Return the progress with segment `index` added, or None if the segments before it were not all seen
        here.
        """
        progress = self._at(version_id)
        return progress.with_segment(plaintext) if progress.index == index else None

    def keep(self, version_id: str, progress: Progress) -> None:
        """Remember the progress once its newest segment is stored and its head added."""
        with self._lock:
            self._progress[version_id] = progress
            self._progress.move_to_end(version_id)
            while len(self._progress) > KEPT:
                self._progress.popitem(last=False)

    def finish(self, version_id: str, segments: int, read: Callable[[int], tuple[bytes, bytes]]) -> Sums:
        """Return the sums of all segments; `read` gives a stored one, not seen here, and its head."""
        progress = self._at(version_id)
        for index in range(progress.index, segments):
            plaintext, head = read(index)
            progress = progress.with_segment(plaintext).with_head(head)
        self.keep(version_id, progress)
        return Sums(progress.hashed.hexdigest(), progress.heads.hexdigest())

    def forget(self, version_id: str) -> None:
        with self._lock:
            self._progress.pop(version_id, None)

    def _at(self, version_id: str) -> Progress:
        with self._lock:
            return self._progress.get(version_id) or Progress()


def _advanced(before: "hashlib._Hash", data: Octets) -> "hashlib._Hash":
    after = before.copy()
    after.update(data)
    return after
