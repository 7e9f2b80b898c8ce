"""One stored version, open for reading: whole or in ranges. Releases nothing that was not authenticated.

Follows "Reading" of docs/formats/file-encryption.md, step by step.
"""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Protocol

from docvault.blobs.store import BlobStore
from docvault.database.versions import STORED, NewVersion, VersionRow
from docvault.encryption.contexts import FILE_ALGORITHM, FileContext, VersionContext
from docvault.encryption.errors import Tampered, UnknownAlgorithm
from docvault.encryption.files import SEGMENT, head_of, open_segment, segment_count, segment_size
from docvault.vault.errors import Destroyed, RangeOutside


@dataclass(frozen=True, slots=True)
class OpenVersion:
    """A version whose key was opened, so that everything its row says is proven. Holds a key: never log or
    keep it.

    Raises, wherever bytes are read: BlobMissing, UnknownAlgorithm or Tampered.
    """

    id: str
    document_id: str
    name: str  # of the document, as the person named it
    purpose: str
    number: int
    media_type: str
    size: int  # plaintext bytes
    sha256: str | None  # hex; None while the version is being received
    heads: str | None  # hex, of how its objects begin; None where that was not kept
    pages: int | None
    findings: str | None  # JSON
    blob: str = field(repr=False)
    place: FileContext = field(repr=False)
    key: bytes = field(repr=False)
    store: BlobStore = field(repr=False)
    ahead: Executor = field(repr=False)

    @property
    def segments(self) -> int:
        return segment_count(self.size)

    def segment(self, index: int) -> bytes:
        """Return the plaintext of one segment, from 0."""
        return self.segment_and_head(index)[0]

    def segment_and_head(self, index: int) -> tuple[bytes, bytes]:
        """Return the plaintext of one segment, from 0, and how its object begins."""
        sealed = self.store.get(object_key(self.blob, index))
        last = index == self.segments - 1
        size = segment_size(self.size, index)
        plaintext = open_segment(self.key, self.place, index, sealed, last=last, size=size)
        return plaintext, head_of(sealed)

    def copy_to(self, target: BinaryIO) -> None:
        """Write the whole plaintext. If this raises, what was written is a part of the file and must be
        dropped.
        """
        target.writelines(self.range(0, self.size))

    def range(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the plaintext bytes from `start` up to but not including `stop`, in pieces of at most 8 MiB.

        The length is proven before the first byte. A range that is the whole file is proven to be the one
        that was kept before its last piece. Raises RangeOutside.
        """
        if not 0 <= start <= stop <= self.size:
            raise RangeOutside
        whole = stop - start == self.size
        if whole and self.heads:
            return self._pieces(start, stop, [_Heads(self.heads)])
        return self._pieces(start, stop, self._hashing() if whole else [])

    def prove(self) -> None:
        """Read all of it and compare everything that is known of it, its SHA-256 as well."""
        heads = [_Heads(self.heads)] if self.heads else []
        for _ in self._pieces(0, self.size, [*heads, *self._hashing()]):
            pass

    def _hashing(self) -> "list[_Proof]":
        return [_Hashed(self.sha256, self.ahead)] if self.sha256 else []

    def _pieces(self, start: int, stop: int, proofs: "Sequence[_Proof]") -> Iterator[bytes]:
        # Only the last segment opens as the last: this proves the length.
        last = self.segment_and_head(self.segments - 1)
        if start == stop and self.size:
            return
        for index, part, head in self._parts(start // SEGMENT, max(stop - 1, 0) // SEGMENT, last):
            for proof in proofs:
                proof.add(part, head)
            if index == self.segments - 1 and not all(proof.holds() for proof in proofs):
                raise Tampered
            first = index * SEGMENT
            yield _cut(part, max(start - first, 0), min(stop - first, len(part)))

    def _parts(self, first: int, final: int, last: tuple[bytes, bytes]) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield the segments `first` to `final`; the next one is fetched and opened while one is used."""
        end = self.segments - 1
        waiting = self.ahead.submit(self.segment_and_head, first) if first < end else None
        for index in range(first, final + 1):
            part, head = waiting.result() if waiting else last
            following = index + 1
            ahead = following <= final and following < end
            waiting = self.ahead.submit(self.segment_and_head, following) if ahead else None
            yield index, part, head


class _Proof(Protocol):
    """Compares a whole file with what was kept, from its segments in their order."""

    def add(self, piece: bytes, head: bytes) -> None: ...

    def holds(self) -> bool:
        """Tell whether everything that was added is what was kept."""


class _Heads:
    """Compares how the objects begin: each is then the one that was kept, sealed once and never again."""

    def __init__(self, kept: str) -> None:
        self._kept = kept
        self._seen = hashlib.sha256()

    def add(self, _piece: bytes, head: bytes) -> None:
        self._seen.update(head)

    def holds(self) -> bool:
        return self._seen.hexdigest() == self._kept


class _Hashed:
    """Compares SHA-256 of the plaintext, beside what the caller does with the piece that was added last."""

    def __init__(self, kept: str, beside: Executor) -> None:
        self._kept = kept
        self._beside = beside
        self._hashed = hashlib.sha256()
        self._under_way: Future[None] | None = None

    def add(self, piece: bytes, _head: bytes) -> None:
        self._wait()
        self._under_way = self._beside.submit(self._hashed.update, piece)

    def holds(self) -> bool:
        self._wait()
        return self._hashed.hexdigest() == self._kept

    def _wait(self) -> None:
        if self._under_way is not None:
            self._under_way.result()


def opened_row(row: VersionRow, key: bytes, store: BlobStore, ahead: Executor) -> OpenVersion:
    """Return the stored version that a row speaks of, opened with its data key."""
    return OpenVersion(
        id=row.id,
        document_id=row.document_id,
        name=row.document_name,
        purpose=row.purpose,
        number=row.number,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        heads=row.heads,
        pages=row.pages,
        findings=row.findings,
        blob=row.blob,
        place=place_of(row),
        key=key,
        store=store,
        ahead=ahead,
    )


def opened_place(
    place: FileContext, size: int, blob: str, key: bytes, store: BlobStore, ahead: Executor
) -> OpenVersion:
    """Return a version whose segments are all there but which is not kept yet."""
    return OpenVersion(
        id=place.version_id,
        document_id=place.document_id,
        name="",
        purpose=place.purpose,
        number=place.number,
        media_type="",
        size=size,
        sha256=None,
        heads=None,
        pages=None,
        findings=None,
        blob=blob,
        place=place,
        key=key,
        store=store,
        ahead=ahead,
    )


def _cut(part: bytes, start: int, stop: int) -> bytes:
    return part if start == 0 and stop == len(part) else part[start:stop]


SHREDDED = "shredded"  # the name of the tombstones among the objects: vault/shredding.py


def object_key(blob: str, index: int) -> str:
    """Return the name of the object that holds segment `index`."""
    return f"{blob}/{index:06d}"


def row_context(row: VersionRow) -> VersionContext:
    """Return what the row's data key must be bound to. Raises Destroyed, UnknownAlgorithm or Tampered, tried
    in that order.
    """
    if not row.wrapped_key:
        raise Destroyed
    if row.algorithm != FILE_ALGORITHM:
        raise UnknownAlgorithm
    if row.segments != segment_count(row.size):
        raise Tampered
    stored = row.state == STORED
    return VersionContext(
        file=place_of(row),
        folder_id=row.folder_id,
        generation=row.generation,
        blob=row.blob,
        state=row.state,
        size=row.size,
        segments=row.segments,
        media_type=row.media_type if stored else None,
        sha256=row.sha256 if stored else None,
        heads=row.heads if stored else None,
    )


def place_of(row: VersionRow) -> FileContext:
    """Return the place that the segments of the row are bound to."""
    return FileContext(
        organisation_id=row.organisation_id,
        folder_id=row.sealed_in or row.folder_id,
        document_id=row.document_id,
        version_id=row.id,
        purpose=row.purpose,
        number=row.number,
    )


def new_row(context: VersionContext, wrapped_key: bytes, created_by: str | None, now: datetime) -> NewVersion:
    """Return the row of a version that is about to be received."""
    return NewVersion(
        id=context.file.version_id,
        document_id=context.file.document_id,
        purpose=context.file.purpose,
        number=context.file.number,
        size=context.size,
        generation=context.generation,
        wrapped_key=wrapped_key,
        blob=context.blob,
        segments=context.segments,
        algorithm=FILE_ALGORITHM,
        created_by=created_by,
        created_at=now,
    )
