"""What every object store promises; tests/blobs/contract.py holds all of them to it. Knows only bytes.

Keys are made by DocVault: lower-case letters, digits and `/`. What a person typed is never part of one
(promise 33).
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
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


class BlobLocked(BlobError):
    """The store keeps the object until a day that has not come; it was not removed."""

    def __init__(self) -> None:
        super().__init__("This file is locked in the store until its retention ends. It was not removed.")


class CannotLock(BlobError):
    """The store has no way to keep an object from being removed."""

    def __init__(self) -> None:
        super().__init__(
            "The store for files cannot lock them. DocVault itself still keeps to the retention."
        )


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a trial of the store found, in sentences for whoever runs it."""

    place: str  # where the objects are; never with credentials
    lacks: tuple[str, ...] = ()  # what it should do and does not; each with what follows from it
    notes: tuple[str, ...] = ()  # what is good to know
    locks: bool = False  # it can keep objects until a day


class BlobStore(Protocol):
    """Objects of a few MiB, written once, read whole, removed. All methods may raise StoreFailed."""

    def put(self, key: str, data: Octets) -> None:
        """Store `data` durably under `key`, whole or not at all. Raises BlobExists or StorageFull."""

    def get(self, key: str) -> bytes:
        """Return the object. Raises BlobMissing."""

    def delete(self, key: str) -> None:
        """Remove the object; one that is not there is removed already. Raises BlobLocked."""

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that start with `prefix`; half-written objects are never among them."""

    def lock(self, key: str, until: datetime) -> None:
        """Keep the object from being removed before `until`; a later day that it has already stays.

        Returns only after the store was seen to do so. Raises CannotLock or BlobMissing.
        """

    def can_lock(self) -> bool:
        """Tell whether `lock` works here."""

    def locked_until(self, key: str) -> datetime | None:
        """Return until when the store keeps the object; None without a lock. Raises BlobMissing."""

    def sweep(self, before: datetime) -> int:
        """Remove what writers that died before then left half-written; return how many that were."""

    def probe(self) -> Abilities:
        """Write, read and remove small objects, and say what the store can do."""

    def answers(self) -> bool:
        """Tell whether the store can be reached, within a few seconds; why not stands in the log."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One version of an object of the log; `hides`: a mark of deletion instead, which hides the others."""

    path: str
    version: str  # empty in a bucket without versions
    hides: bool = False


class PublishedOtherwise(BlobError):
    """Something else lies where a part of the log is to be published."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"The log's bucket has another {path} than this log. Either this log was changed after it was "
            "published, or somebody else writes to the bucket. `docvault audit check` says which."
        )


class LogStore(Protocol):
    """Where the log is published, outside of the portal. All methods may raise StoreFailed."""

    @property
    def place(self) -> str:
        """Where that is, in words; never with credentials."""

    def keep(self, path: str, data: bytes, until: datetime) -> None:
        """Store an object once, and lock it until then where that is possible; twice is once.

        Returns only after it was read back. Raises PublishedOtherwise.
        """

    def copies(self, prefix: str) -> Iterator[Copy]:
        """Yield every version of every object whose path begins so; of each path the newest first."""

    def read(self, copy: Copy) -> bytes:
        """Return one version. Raises BlobMissing."""

    def can_lock(self) -> bool:
        """Tell whether what is kept is locked as well."""


def checked(key: str) -> str:
    """Return `key` if it is one that we make. Anything else is a mistake of ours and raises ValueError."""
    if not KEY.fullmatch(key):
        raise ValueError("a blob's key is name/part in lower-case letters and digits")
    return key


def trial() -> tuple[str, bytes]:
    """Return a key that is nobody's and some bytes, to try a store with."""
    return f"{secrets.token_hex(16)}/trial", secrets.token_bytes(1024)
