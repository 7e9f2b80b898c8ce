"""A file in, a stored encrypted version out. The only place where keys, blobs and rows meet; decides no
rights.

A version is reserved in one transaction, its bytes move while none is open, and it is kept in another one.
What was reserved and never kept is invisible, and collected. Format: docs/formats/file-encryption.md.
"""

import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from typing import BinaryIO

from docvault.blobs.store import BlobExists, BlobLocked, BlobStore
from docvault.database import object_locks, scans, versions
from docvault.database.engine import Database, Transaction
from docvault.database.folder_keys import FolderKeyRow
from docvault.database.versions import RECEIVING, STORED, VersionRow
from docvault.encryption import files, records
from docvault.encryption.contexts import FileContext, VersionContext
from docvault.encryption.masters import Workshop
from docvault.pdf.cache import PageCache, SourceCache
from docvault.values import NotFound, new_id
from docvault.vault import keyring as keys
from docvault.vault.digests import Digests
from docvault.vault.errors import SegmentConflict, SegmentWrong
from docvault.vault.gate import pass_gate
from docvault.vault.reading import (
    SHREDDED,
    OpenVersion,
    new_row,
    object_key,
    opened_place,
    opened_row,
    row_context,
)
from docvault.vault.records import Records
from docvault.vault.search_keys import SearchKeys

ORIGINAL = "original"
BROUGHT = frozenset({"attachment", "paper"})  # people bring them too: scanned, and nothing is made of them
SEGMENT = files.SEGMENT  # plaintext bytes of every segment but the last: 8 MiB
Octets = files.Octets
PICTURES = 48 * 1024 * 1024  # bytes of page pictures kept in memory: some 300 pages
SOURCES = 96 * 1024 * 1024  # bytes of decrypted PDFs kept in memory
NAMES_AT_ONCE = 500  # asked about in one statement
HALF_WRITTEN = timedelta(days=1)  # no writer takes that long for one object
THREADS = 4  # for hashing while sealing, and for reading ahead; they wait more than they work


@dataclass(frozen=True, slots=True)
class Receiving:
    """A reserved version whose bytes are arriving. Holds keys: never log or keep it."""

    version_id: str
    context: VersionContext
    key: bytes = field(repr=False)

    @property
    def segments(self) -> int:
        return self.context.segments

    @property
    def number(self) -> int:
        return self.context.file.number


@dataclass(frozen=True, slots=True)
class Staged:
    """A version whose bytes are all stored; `Vault.keep` makes it visible, `Vault.discard` removes it."""

    receiving: Receiving
    media_type: str
    sha256: str
    heads: str
    pages: int | None
    findings: str | None  # JSON
    db: Database | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        return self.receiving.version_id


@dataclass(frozen=True, slots=True)
class StoredVersion:
    id: str
    number: int
    size: int  # plaintext bytes
    sha256: str


class Vault:
    """All files and small secrets of an installation, for a keyring and an object store. Shared between
    threads.
    """

    def __init__(self, keyring: Workshop, blobs: BlobStore, *, scanning: bool = False) -> None:
        """scanning: what people bring stays closed until a malware scanner has seen it."""
        self.records = Records(keyring)
        self.search_keys = SearchKeys(keyring)  # used by vault/search.py and by actions
        self.pictures = PageCache(PICTURES)  # used by vault/pages.py
        self.sources = SourceCache(SOURCES)  # the same
        self.keyring = keyring
        self.blobs = blobs
        self._scanning = scanning
        self._digests = Digests()
        self._beside = ThreadPoolExecutor(THREADS, thread_name_prefix="vault")

    def close(self) -> None:
        """Wait for what is under way and give all memory back; nobody may be reading."""
        self._beside.shutdown()
        self.sources.close()

    # --- keys -----------------------------------------------------------------------------------------------

    def prove_keyring(self, tx: Transaction, now: datetime) -> None:
        """Check that the root key is this database's; an empty one is bound to it. Raises WrongKeyring."""
        keys.prove(tx, self.records, now)

    def create_folder_key(self, tx: Transaction, folder_id: str, now: datetime) -> None:
        """Make the key of a folder that was just added, in its transaction. Raises NotFound."""
        keys.create_folder_key(tx, self.keyring, folder_id, now)

    def rewrapped(self, row: VersionRow, becomes: VersionRow) -> bytes:
        """Return the key of a version, wrapped for the row that it becomes. Raises Tampered."""
        return keys.wrap_data_key(self._wrapping(becomes), row_context(becomes), self._open_key(row))

    def key_for_moving(self, tx: Transaction, folder_id: str, now: datetime) -> FolderKeyRow:
        """Return the key that versions get which come into a folder. Raises NotFound."""
        return keys.folder_key_for_moving(tx, self.keyring, folder_id, now)

    # --- receiving ------------------------------------------------------------------------------------------

    def reserve(
        self,
        tx: Transaction,
        *,
        document_id: str,
        purpose: str,
        size: int,
        created_by: str | None,
        now: datetime,
        comment: str | None = None,
        restored_from: int | None = None,
    ) -> Receiving:
        """Reserve the next version of a document, `size` plaintext bytes long. Raises NotFound.

        comment: what changed, from `rules.names.comment`. restored_from: the older version it repeats.
        """
        number = versions.next_number(tx, document_id, purpose)
        folder = keys.folder_key_for_writing(tx, self.keyring, document_id, now)
        place = FileContext(folder.organisation_id, folder.folder_id, document_id, new_id(), purpose, number)
        context = VersionContext(
            file=place,
            folder_id=folder.folder_id,
            generation=folder.generation,
            blob=secrets.token_hex(16),  # random: the name of a file is never part of a path (promise 33)
            state=RECEIVING,
            size=size,
            segments=files.segment_count(size),
            media_type=None,
            sha256=None,
        )
        receiving = Receiving(place.version_id, context, os.urandom(records.KEY))
        wrapping = keys.open_folder_key(self.keyring, folder)
        row = new_row(context, keys.wrap_data_key(wrapping, context, receiving.key), created_by, now)
        versions.reserve(tx, replace(row, comment=comment, restored_from=restored_from))
        return receiving

    def receiving(self, tx: Transaction, version_id: str) -> Receiving:
        """Return a reserved version again. Raises NotFound once it is kept or removed, Tampered."""
        row = versions.for_opening(tx, version_id)
        if row.state != RECEIVING:
            raise NotFound
        return Receiving(row.id, row_context(row), self._open_key(row))

    def store_segment(self, receiving: Receiving, index: int, plaintext: Octets) -> None:
        """Seal and store one segment durably; the same segment twice is once. No transaction may be open.

        Raises SegmentWrong, SegmentConflict or StorageFull.
        """
        context = receiving.context
        wanted = files.segment_size(context.size, index)
        if not 0 <= index < context.segments or memoryview(plaintext).nbytes != wanted:
            raise SegmentWrong
        hashing = self._beside.submit(self._digests.advanced, receiving.version_id, index, plaintext)
        try:
            last = index == context.segments - 1
            sealed = files.seal_segment(receiving.key, context.file, index, plaintext, last=last)
            head = self._put(receiving, index, sealed, plaintext)
        finally:
            progress = hashing.result()  # it reads `plaintext`, so it must end before the caller reuses that
        if progress is not None:
            self._digests.keep(receiving.version_id, progress.with_head(head))

    def whole(
        self, receiving: Receiving, *, media_type: str, pages: int | None = None, findings: str | None = None
    ) -> Staged:
        """Return what `keep` needs once every segment is stored. Reads back what this process did not see
        arrive.
        """
        read = self.open_receiving(receiving).segment_and_head
        sums = self._digests.finish(receiving.version_id, receiving.segments, read)
        return Staged(receiving, media_type, sums.sha256, sums.heads, pages, findings)

    def keep(self, tx: Transaction, staged: Staged, *, now: datetime) -> StoredVersion:
        """Make the version a stored one in the caller's transaction. Raises NotFound if it was collected
        meanwhile.

        Its document may have been moved since it was reserved, and people may have left: the key is wrapped
        under the newest of where it lies now.
        """
        receiving = staged.receiving
        document_id = receiving.context.file.document_id
        versions.lock_document(tx, document_id)
        row = versions.for_opening(tx, receiving.version_id)
        folder = keys.folder_key_for_writing(tx, self.keyring, document_id, now)
        kept = replace(
            row,
            generation=folder.generation,
            wrapped_folder_key=folder.wrapped,
            state=STORED,
            media_type=staged.media_type,
            sha256=staged.sha256,
            heads=staged.heads,
        )
        versions.complete(
            tx,
            receiving.version_id,
            generation=folder.generation,
            wrapped_key=self.rewrapped(row, kept),
            media_type=staged.media_type,
            sha256=staged.sha256,
            heads=staged.heads,
            pages=staged.pages,
            findings=staged.findings,
        )
        if receiving.context.file.purpose == ORIGINAL:
            scans.arrived(tx, receiving.version_id, scanning=self._scanning)
        elif receiving.context.file.purpose in BROUGHT and self._scanning:
            scans.arrived(tx, receiving.version_id, scanning=True)
        self._digests.forget(receiving.version_id)
        return StoredVersion(receiving.version_id, receiving.number, receiving.context.size, staged.sha256)

    # --- versions that DocVault makes itself ---------------------------------------------------------------

    def stage(
        self,
        db: Database,
        *,
        document_id: str,
        purpose: str,
        media_type: str,
        created_by: str | None,
        source: BinaryIO,
        now: datetime,
        pages: int | None = None,
        findings: str | None = None,
    ) -> Staged:
        """Store all of the seekable `source` from its start; `keep` makes it visible. Raises NotFound,
        StorageFull.
        """
        size = source.seek(0, os.SEEK_END)
        source.seek(0)
        with db.transaction() as tx:
            receiving = self.reserve(
                tx, document_id=document_id, purpose=purpose, size=size, created_by=created_by, now=now
            )
        try:
            for index in range(receiving.segments):
                self.store_segment(receiving, index, source.read(files.segment_size(size, index)))
            staged = self.whole(receiving, media_type=media_type, pages=pages, findings=findings)
        except BaseException:
            self.remove_unfinished(db, receiving.version_id)
            raise
        return replace(staged, db=db)

    def discard(self, staged: Staged) -> None:
        """Remove a staged version that was not kept; one that was kept stays."""
        if staged.db is None:
            raise ValueError("only what stage() made can be discarded; an upload is abandoned")
        self.remove_unfinished(staged.db, staged.id)

    def store(
        self,
        db: Database,
        *,
        document_id: str,
        purpose: str,
        media_type: str,
        created_by: str | None,
        source: BinaryIO,
        now: datetime,
        pages: int | None = None,
        findings: str | None = None,
    ) -> StoredVersion:
        """Stage and keep in one go, for versions that stand alone. Raises NotFound, StorageFull."""
        staged = self.stage(
            db,
            document_id=document_id,
            purpose=purpose,
            media_type=media_type,
            created_by=created_by,
            source=source,
            now=now,
            pages=pages,
            findings=findings,
        )
        with db.transaction() as tx:
            return self.keep(tx, staged, now=now)

    # --- reading -------------------------------------------------------------------------------------------

    def open_version(self, db: Database, version_id: str) -> OpenVersion:
        """Open a stored version; who may was asked before. Raises NotFound, NotScanned, Quarantined,
        UnknownAlgorithm, Tampered.
        """
        return self._opened(pass_gate(db, version_id))

    def open_for_scanning(self, db: Database, version_id: str) -> OpenVersion:
        """Open a stored version, a closed one too: for the scanner and the proof of a restore."""
        with db.reading() as tx:
            return self._opened(versions.for_opening(tx, version_id))

    def _opened(self, row: VersionRow) -> OpenVersion:
        if row.state != STORED:
            raise NotFound
        return opened_row(row, self._open_key(row), self.blobs, self._beside)

    def open_receiving(self, receiving: Receiving) -> OpenVersion:
        """Open a version whose segments are all stored but which is not kept yet, to look at its content."""
        place, size = receiving.context.file, receiving.context.size
        return opened_place(place, size, receiving.context.blob, receiving.key, self.blobs, self._beside)

    # --- removing ------------------------------------------------------------------------------------------

    def remove_objects(self, blob: str) -> bool:
        """Remove the objects of a version whose key is gone; False if the store keeps them until a day."""
        try:
            for key in list(self.blobs.list(f"{blob}/")):
                self.blobs.delete(key)
        except BlobLocked:  # they are collected after it
            return False
        return True

    def forget(self, version_id: str) -> None:
        """Drop what is remembered of an upload that was given up."""
        self._digests.forget(version_id)

    def remove_waste(self, db: Database) -> int:
        """Remove objects that no row speaks of, and return how many names they had.

        A row is committed before its first object is written, so an object without one is never about to get
        it. What was never finished and is a day old goes as well. The store's own clock dated it, and locks.
        """
        now = datetime.now(UTC)
        self.blobs.sweep(now - HALF_WRITTEN)
        removed = 0
        everything = (name for name, _ in groupby(self.blobs.list(""), lambda key: key.partition("/")[0]))
        while names := list(islice(everything, NAMES_AT_ONCE)):
            with db.reading() as tx:
                stay = versions.blob_is_known(tx, names) | object_locks.kept_blobs(tx, names, now)
            for blob in set(names) - stay - {SHREDDED}:
                removed += self.remove_objects(blob)
        return removed

    def remove_unfinished(self, db: Database, version_id: str) -> None:
        """Remove a version that was not kept, with its objects; one that was kept stays."""
        with db.transaction() as tx:
            blob = versions.remove_unfinished(tx, version_id)
        self._digests.forget(version_id)
        if blob is not None:
            self.remove_objects(blob)

    def _put(self, receiving: Receiving, index: int, sealed: Octets, plaintext: Octets) -> bytes:
        """Store an object and return how the one that is there begins."""
        try:
            self.blobs.put(object_key(receiving.context.blob, index), sealed)
        except BlobExists:
            # Stored before the answer got lost, or by a second transfer: equal bytes are fine, others are
            # refused.
            stored, head = self.open_receiving(receiving).segment_and_head(index)
            if stored != plaintext:
                raise SegmentConflict from None
            return head
        return files.head_of(sealed)

    def _open_key(self, row: VersionRow) -> bytes:
        """Return the version's data key."""
        return keys.open_data_key(self._wrapping(row), row_context(row), row.wrapped_key)

    def _wrapping(self, row: VersionRow) -> bytes:
        folder = FolderKeyRow(row.organisation_id, row.folder_id, row.generation, row.wrapped_folder_key)
        return keys.open_folder_key(self.keyring, folder)
