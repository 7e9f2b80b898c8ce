"""What every object store promises; tests/blobs/contract.py holds all of them to it. Knows only bytes.

Keys are made by DocVault: lower-case letters, digits and `/`. What a person typed is never part of one
(promise 33).
"""

import re
from collections.abc import Iterator
from typing import Protocol

from docvault.values import DocVaultError

Octets = bytes | bytearray | memoryview
KEY = re.compile(r"[a-z0-9]{2,64}/[a-z0-9]{1,64}")


class BlobError(DocVaultError):
    """The root error of this room."""


class BlobMissing(BlobError):
    """There is no such object."""

    def __init__(self) -> None:
        super().__init__("A part of this file is missing from the store. Please tell an administrator.")


class BlobExists(BlobError):
    """An object of this name is stored already; objects are written once."""

    def __init__(self) -> None:
        super().__init__("This part of the file is stored already.")


class StorageFull(BlobError):
    """There was no room for the object; nothing of it was kept."""

    def __init__(self) -> None:
        super().__init__(
            "There is no room left to store this file. Nothing of this part was kept. "
            "Please tell an administrator."
        )


class StoreFailed(BlobError):
    """The store itself is in trouble: not there, read-only, broken. The cause is for the log."""

    def __init__(self) -> None:
        super().__init__(
            "Stored files cannot be reached right now. Please try again, or tell an administrator."
        )


class BlobStore(Protocol):
    """Objects of a few MiB, written once, read whole, removed. All methods may raise StoreFailed."""

    def put(self, key: str, data: Octets) -> None:
        """Store `data` durably under `key`, whole or not at all. Raises BlobExists or StorageFull."""

    def get(self, key: str) -> bytes:
        """Return the object. Raises BlobMissing."""

    def delete(self, key: str) -> None:
        """Remove the object; one that is not there is removed already."""

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that start with `prefix`; half-written objects are never among them."""


def checked(key: str) -> str:
    """Return `key` if it is one that we make. Anything else is a mistake of ours and raises ValueError."""
    if not KEY.fullmatch(key):
        raise ValueError("a blob's key is name/part in lower-case letters and digits")
    return key
