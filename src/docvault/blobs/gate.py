"""Keeps a store that is slow or away from holding every thread of ours. Knows nothing about objects."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from docvault.blobs.store import StoreFailed

WAIT = 5  # seconds somebody waits for a place


class StoreAway(StoreFailed):
    """The store did not answer, although it was asked more than once."""


class Gate:
    """Lets `places` in at the same time. After StoreAway everybody is refused for `pause` seconds."""

    def __init__(self, places: int, pause: float) -> None:
        self._places = threading.BoundedSemaphore(places)
        self._pause = pause
        self._closed_until = 0.0

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Hold a place. Raises StoreFailed at once while the gate is closed, or after WAIT seconds."""
        if time.monotonic() < self._closed_until or not self._places.acquire(timeout=WAIT):
            raise StoreFailed
        try:
            yield
        except StoreAway:
            self._closed_until = time.monotonic() + self._pause
            raise
        finally:
            self._places.release()
