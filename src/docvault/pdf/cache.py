"""Rendered pages and decrypted sources kept in memory for the next reader. Never on disk, never beyond its
budget.

Whoever asks has already been allowed to see the version: a cache key is a version id, and a version never
changes.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from docvault.pdf.scratch import Scratch

Image = tuple[bytes, str]  # bytes and media type


class PageCache:
    """Page images, the least recently used dropped first. Safe to use from many threads."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._size = 0
        self._images: OrderedDict[tuple[str, int, int], Image] = OrderedDict()
        self._lock = threading.Lock()

    def image(self, version_id: str, page: int, width: int, draw: Callable[[], Image]) -> Image:
        """The image of that page at that width; `draw` makes it when it is not kept."""
        key = (version_id, page, width)
        with self._lock:
            if kept := self._images.get(key):
                self._images.move_to_end(key)
                return kept
        drawn = draw()
        with self._lock:
            self._size += len(drawn[0]) - len(self._images.pop(key, (b"", ""))[0])
            self._images[key] = drawn
            while self._size > self._max:
                self._size -= len(self._images.popitem(last=False)[1][0])
        return drawn


class _Source:
    """One decrypted file, and how many are reading it."""

    def __init__(self) -> None:
        self.loading = threading.Lock()
        self.scratch: Scratch | None = None
        self.size = 0  # bytes
        self.readers = 0


class SourceCache:
    """Decrypted sources by version id; those nobody reads are dropped, the least recently used first."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._sources: OrderedDict[str, _Source] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def holding(self, version_id: str, load: Callable[[], Scratch]) -> Iterator[Scratch]:
        """Lend the version's bytes for the block; `load` decrypts them once, however many wait. Do not close
        them.
        """
        with self._lock:
            source = self._sources.setdefault(version_id, _Source())
            self._sources.move_to_end(version_id)
            source.readers += 1
        try:
            with source.loading:
                if source.scratch is None:
                    source.scratch = load()
                    source.scratch.seal()
                    source.size = source.scratch.size()
            yield source.scratch
        finally:
            with self._lock:
                source.readers -= 1
                self._drop()

    def _drop(self) -> None:
        size = sum(source.size for source in self._sources.values())
        for version_id, source in list(self._sources.items()):
            idle = source.readers == 0
            if idle and (size > self._max or source.scratch is None):
                del self._sources[version_id]
                size -= source.size
                if source.scratch is not None:
                    source.scratch.close()

    def close(self) -> None:
        """Give all memory back; nobody may be reading."""
        with self._lock:
            self._max = -1
            self._drop()
