"""One stored version, open for reading: whole or in ranges. Releases nothing that was not authenticated.

Follows "Reading" of docs/formats/file-encryption.md, step by step.
"""

import hashlib
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from docvault.blobs.store import BlobStore
from docvault.database.versions import STORED, NewVersion, VersionRow
from docvault.encryption.contexts import FILE_ALGORITHM, FileContext, VersionContext
from docvault.encryption.errors import Tampered, UnknownAlgorithm
from docvault.encryption.files import SEGMENT, open_segment, segment_count, segment_size
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
        sealed = self.store.get(object_key(self.blob, index))
        last = index == self.segments - 1
        return open_segment(
            self.key, self.place, index, sealed, last=last, size=segment_size(self.size, index)
        )

    def copy_to(self, target: BinaryIO) -> None:
        """Write the whole plaintext. If this raises, what was written is a part of the file and must be
        dropped.
        """
        target.writelines(self.range(0, self.size))

    def range(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the plaintext bytes from `start` up to but not including `stop`, in pieces of at most 8 MiB.

        The length is proven before the first byte. A range that is the whole file ends with the comparison of
        its SHA-256, before its last piece. Raises RangeOutside, at the first piece.
        """
        if not 0 <= start <= stop <= self.size:
            raise RangeOutside
        last = self.segment(
            self.segments - 1
        )  # only the last segment opens as the last: this proves the length
        if start == stop:
            return
        hashing = _Hashing(self.ahead) if stop - start == self.size and self.sha256 else None
        for index, part in self._parts(start // SEGMENT, (stop - 1) // SEGMENT, last):
            if hashing is not None:
                hashing.add(part)
                if index == self.segments - 1 and hashing.hexdigest() != self.sha256:
                    raise Tampered
            first = index * SEGMENT
            yield _cut(part, max(start - first, 0), min(stop - first, len(part)))

    def _parts(self, first: int, final: int, last: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the segments `first` to `final`; the next one is fetched and opened while one is used."""
        end = self.segments - 1
        waiting = self.ahead.submit(self.segment, first) if first < end else None
        for index in range(first, final + 1):
            part = waiting.result() if waiting else last
            following = index + 1
            waiting = (
                self.ahead.submit(self.segment, following) if following <= final and following < end else None
            )
            yield index, part


class _Hashing:
    """SHA-256 of pieces in their order, beside what the caller does with the piece that was added last."""

    def __init__(self, beside: Executor) -> None:
        self._beside = beside
        self._hashed = hashlib.sha256()
        self._under_way: Future[None] | None = None

    def add(self, piece: bytes) -> None:
        self._wait()
        self._under_way = self._beside.submit(self._hashed.update, piece)

    def hexdigest(self) -> str:
        self._wait()
        return self._hashed.hexdigest()

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
