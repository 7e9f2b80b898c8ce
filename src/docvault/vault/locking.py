"""The objects of a version, kept by the store until a day. Which and until when is asked elsewhere."""

from collections.abc import Iterator
from datetime import datetime

from docvault.blobs.store import BlobMissing, BlobStore
from docvault.database.object_locks import Locked
from docvault.vault.reading import object_key


def lock(blobs: BlobStore, one: Locked, until: datetime) -> None:
    """Lock every object of a version; twice is once. Raises BlobMissing, CannotLock, StoreFailed."""
    for key in _keys(one):
        blobs.lock(key, until)


def unlocked(blobs: BlobStore, one: Locked) -> Iterator[str]:
    """Yield the objects of a locked version that the store does not keep until then, or has lost."""
    for key in _keys(one):
        try:
            until = blobs.locked_until(key)
        except BlobMissing:
            until = None
        if until is None or (one.locked_until and until < one.locked_until):
            yield key


def _keys(one: Locked) -> Iterator[str]:
    return (object_key(one.blob, index) for index in range(one.segments))
