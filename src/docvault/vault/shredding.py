"""Tombstones: what was destroyed, kept outside the database, so that no older state brings it back.

One per destroyed document, numbered by an epoch that only grows: as an object `shredded/…` in the store, and
as a line of a list beside the root key. Both are sealed under a key of their own, which is as old as the
installation and never renewed: every state of the database has it, under the master of its day.
What this gives and what not: docs/threat-model.md, "What was destroyed stays destroyed".
"""

import base64
import binascii
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, Self

import msgspec

from docvault.blobs.store import BlobExists, BlobMissing, BlobStore
from docvault.database import keys
from docvault.database.engine import Database, Transaction
from docvault.encryption import records
from docvault.encryption.masters import Keyring, SealedKey
from docvault.vault.errors import VaultError
from docvault.vault.reading import SHREDDED
from docvault.vault.records import Records

KEY = "shredded"  # its name in the table of keys
TAIL = 4 * 1024 * 1024  # bytes: longer than any line


class OlderState(VaultError):
    """The database is from before something was destroyed, and what was destroyed cannot be told."""

    def __init__(self, epoch: int) -> None:
        super().__init__(
            f"This database is from before destruction no. {epoch}, whose record is neither in the object "
            "store nor in the list beside the root key. Put the newest list back; docs/operators.md says how."
        )


class Tombstone(msgspec.Struct, frozen=True):
    epoch: int
    document_id: str
    versions: tuple[str, ...]  # ids of all its versions
    rule: str
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class Tombstones:
    """All tombstones of an installation. file: the list beside the root key."""

    keyring: Keyring = field(repr=False)
    key: SealedKey
    blobs: BlobStore
    file: Path

    @classmethod
    def open(cls, db: Database, own: Records, blobs: BlobStore, file: Path) -> Self:
        """Open them. Raises NotFound before there is a key, UnknownAlgorithm, Tampered."""
        with db.reading() as tx:
            row = keys.get(tx, KEY)
        return cls(own.keyring, row.sealed, blobs, file)

    def put(self, stone: Tombstone) -> None:
        """Write a tombstone durably to both places; the same one twice is once. Raises OlderState."""
        sealed = self.keyring.seal_with(self.key, _context(stone.epoch), msgspec.json.encode(stone))
        try:
            self.blobs.put(_key(stone.epoch), sealed)
        except BlobExists:
            if self._from_store(stone.epoch) != stone:  # another history wrote it: ours is the older one
                raise OlderState(stone.epoch) from None
        if stone.epoch > self.newest_listed():  # the list only grows, as destruction goes in order
            _append(self.file, f"{stone.epoch} {base64.b64encode(sealed).decode()}\n")

    def find(self, epoch: int) -> Tombstone | None:
        """Return a tombstone from either place. Raises UnknownAlgorithm, Tampered."""
        return self._from_store(epoch) or self._from_file(epoch)

    def newest_listed(self) -> int:
        """Return the newest epoch of the list beside the root key; 0 without one."""
        if not self.file.exists():
            return 0
        with self.file.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL))
            whole = file.read().rpartition(b"\n")[0]  # a line that a crash cut short was never relied on
        number = whole.rpartition(b"\n")[2].partition(b" ")[0]
        return int(number) if number.isdigit() else max((epoch for epoch, _ in self._lines()), default=0)

    def after(self, epoch: int) -> Iterator[Tombstone]:
        """Yield every tombstone newer than `epoch`, in order, from either place.

        Epochs have no gaps, so nothing is listed: one look tells a database that is up to date that it is.
        Raises OlderState where one is missing that the list or a newer object speaks of; fails closed.
        """
        newest = self.newest_listed()
        while True:
            epoch += 1
            stone = self.find(epoch)
            if stone is not None:
                yield stone
            elif epoch <= newest:
                raise OlderState(epoch)
            else:
                return

    def _from_store(self, epoch: int) -> Tombstone | None:
        try:
            return self._open(epoch, self.blobs.get(_key(epoch)))
        except BlobMissing:
            return None

    def _from_file(self, epoch: int) -> Tombstone | None:
        sealed = next((sealed for number, sealed in self._lines() if number == epoch), None)
        return None if sealed is None else self._open(epoch, sealed)

    def _open(self, epoch: int, sealed: bytes) -> Tombstone:
        plaintext = self.keyring.unseal_with(self.key, _context(epoch), sealed)
        return msgspec.json.decode(plaintext, type=Tombstone)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield the whole lines of the list."""
        if not self.file.exists():
            return
        with self.file.open(encoding="ascii") as file:
            for line in file:
                number, _, text = line.rstrip("\n").partition(" ")
                if line.endswith("\n") and number.isdecimal():
                    try:
                        yield int(number), base64.b64decode(text, validate=True)
                    except binascii.Error:
                        continue


class Unsettled:
    """A store that was away at the start: before it gives anything out, what was destroyed is settled."""

    def __init__(self, blobs: BlobStore, settle: Callable[[], object]) -> None:
        self._blobs = blobs
        self._settle = settle
        self._lock = Lock()
        self._settled = False

    def get(self, key: str) -> bytes:
        """Return the object. Raises BlobMissing, and whatever settling raises: then nothing is given out."""
        with self._lock:
            if not self._settled:
                self._settle()
                self._settled = True
        return self._blobs.get(key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blobs, name)


def add_key(tx: Transaction, own: Records, now: datetime) -> None:
    """Make the key of all tombstones, once for an installation."""
    sealed = own.keyring.seal_key(keys.context_of(KEY, keys.FIRST), os.urandom(records.KEY))
    keys.put(tx, KEY, sealed.wrapped, b"", now)


def _append(file: Path, line: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # the root key may be elsewhere
    made = not file.exists()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and not file.read_bytes().endswith(b"\n")  # by a crash: the next line begins anew
        os.write(descriptor, (b"\n" if torn else b"") + line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if made:
        directory = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _key(epoch: int) -> str:
    return f"{SHREDDED}/{epoch:012d}"


def _context(epoch: int) -> bytes:
    return f"shredded:{epoch}".encode()
