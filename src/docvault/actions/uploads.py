"""Files coming in: announced, sent in whole segments, finished or abandoned. No transaction is open while
bytes move.

A segment is a part of the deed that `begin_upload` and `finish_upload` note in the audit log; it has no entry
of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.database import (
    audit,
    documents,
    folder_keys,
    folders,
    quota_notices,
    search_index,
    uploads,
    versions,
)
from docvault.database.documents import DocumentView
from docvault.database.engine import Database, Transaction
from docvault.database.folders import FolderRow
from docvault.database.uploads import UploadRow
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules import names, sizes
from docvault.values import DocumentId, DocVaultError, FolderId, UploadId
from docvault.vault import intake
from docvault.vault.files import SEGMENT, Staged, Vault

ORIGINAL = "original"


class UploadRefused(DocVaultError):
    """The upload was not begun, or a part of it not kept; the message says why."""


class TooLarge(UploadRefused):
    """The file is larger than the policy allows. `most` is in bytes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"This file is too large. Files can have up to {sizes.words(most)}.")
        self.most = most


class UploadIncomplete(UploadRefused):
    """It was to be finished before all of it had arrived."""

    def __init__(self) -> None:
        super().__init__("This file has not arrived completely. Please send the rest of it first.")


@dataclass(frozen=True, slots=True)
class UploadState:
    id: UploadId
    document_id: DocumentId
    version_id: str
    size: int  # plaintext bytes announced
    received: int  # plaintext bytes stored; the next segment starts here
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An upload of one's own that can go on."""

    id: UploadId
    filename: str
    folder_id: FolderId
    folder_name: str
    size: int  # plaintext bytes announced
    received: int
    started_at: datetime
    expires_at: datetime


class OffsetConflict(UploadRefused):
    """The segment does not continue where the stored ones end; `state` says where that is."""

    def __init__(self, state: UploadState) -> None:
        super().__init__(f"The upload continues at byte {state.received}.")
        self.state = state


def begin_upload(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    folder_id: str,
    filename: str,
    size: int,
    document_id: str | None = None,
    comment: str = "",
    now: datetime,
) -> UploadState:
    """Announce a file of `size` bytes, as a new document or as the next version of one.

    comment: what changed, for the list of versions. An empty file needs no segment to be finished.
    Raises NotFound, Forbidden, BadName, TooLarge or QuotaReached, tried in that order.
    """
    with db.transaction() as tx:
        folder = _folder_for_upload(tx, acting, folder_id)
        name, said = names.file_name(filename), names.comment(comment)
        _check_size(size, tx.policy.numbers.uploads.max_bytes)
        if document_id is None:
            target = documents.add(tx, acting, folder, name, now)
        else:
            target = documents.in_folder(tx, acting, folder, document_id).id
        receiving = vault.reserve(
            tx,
            document_id=target,
            purpose=ORIGINAL,
            size=size,
            created_by=acting.person_id,
            now=now,
            comment=said,
        )
        row = uploads.add(
            tx,
            acting,
            folder_id=folder.id,
            document_id=target,
            version_id=receiving.version_id,
            filename=name,
            size=size,
            now=now,
            expires_at=_expiry(tx, now),
        )
        quota_notices.tell_when_nearly_full(tx, vault.records, folder.organisation_id, now)
        _note_start(tx, row, acting=acting, folder=folder, number=receiving.number, now=now)
        return _state(row)


def same_names(
    db: Database, *, acting: Acting, folder_id: str, wanted: Sequence[str]
) -> dict[str, DocumentId]:
    """Return the documents of a folder that have one of these names, by name. Raises NotFound, Forbidden."""
    with db.reading() as tx:
        folder = _folder_for_upload(tx, acting, folder_id)
        return documents.named(tx, acting, folder, [names.normal(each) for each in wanted])


def list_unfinished(db: Database, *, acting: Acting, now: datetime) -> list[Unfinished]:
    """Return one's own uploads that can go on, newest first, each where one may still upload."""
    with db.reading() as tx:
        return [
            Unfinished(
                id=row.id,
                filename=row.filename,
                folder_id=row.folder_id,
                folder_name=folder.name,
                size=row.size,
                received=row.received,
                started_at=row.created_at,
                expires_at=row.expires_at,
            )
            for row in uploads.unfinished(tx, acting, now)
            if (folder := folders.seen_or_none(tx, acting, row.folder_id))
            and tx.policy.decide(acting, Permission.FOLDER_UPLOAD, folder.resource).allowed
        ]


def upload_state(db: Database, *, acting: Acting, upload_id: str, now: datetime) -> UploadState:
    """Return how far the upload has come. Raises NotFound."""
    with db.reading() as tx:
        return _state(uploads.for_sending(tx, acting, upload_id, now))


def store_segment(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    upload_id: str,
    offset: int,
    plaintext: bytes | bytearray | memoryview,
    now: datetime,
) -> UploadState:
    """Store the segment that starts at `offset`: 8 MiB, or the shorter rest at the end.

    It is on the disk when this returns. Raises NotFound, Forbidden, OffsetConflict, SegmentWrong,
    SegmentConflict or StorageFull, tried in that order; the upload can go on from the same place.
    """
    with db.reading() as tx:
        upload = uploads.for_sending(tx, acting, upload_id, now)
        _folder_for_upload(tx, acting, upload.folder_id)
        if upload.finished_at or offset != upload.received or upload.received == upload.size:
            raise OffsetConflict(_state(upload))
        receiving = vault.receiving(tx, upload.version_id)
    vault.store_segment(receiving, offset // SEGMENT, plaintext)
    received = offset + memoryview(plaintext).nbytes
    with db.transaction() as tx:
        if not uploads.advance(tx, upload, received, _expiry(tx, now)):
            raise OffsetConflict(_state(uploads.for_sending(tx, acting, upload_id, now)))
        return _state(uploads.for_sending(tx, acting, upload_id, now))


def finish_upload(
    db: Database, vault: Vault, pdf: Workers, *, acting: Acting, upload_id: str, now: datetime
) -> DocumentView:
    """Make a whole upload a stored version, and look into it if it is a PDF; the bytes stay as they came.

    Finishing twice is once. Raises NotFound, Forbidden, UploadIncomplete or WorkersBusy; it can be tried
    again.
    """
    with db.reading() as tx:
        upload = uploads.for_sending(tx, acting, upload_id, now)
        folder = _folder_for_upload(tx, acting, upload.folder_id)
        if upload.finished_at:
            return documents.view(tx, acting, documents.for_seeing(tx, acting, upload.document_id))
        if upload.received != upload.size:
            raise UploadIncomplete
        receiving = vault.receiving(tx, upload.version_id)
        most = tx.policy.numbers.uploads
    if upload.size == 0:
        vault.store_segment(receiving, 0, b"")  # nobody sends it: there is nothing to send
    staged = intake.looked_into(vault, pdf, receiving, upload.filename, most)
    with db.transaction() as tx:
        if uploads.finish(tx, upload, now):
            _keep(tx, vault, staged, acting=acting, folder=folder, upload=upload, now=now)
        return documents.view(tx, acting, documents.for_seeing(tx, acting, upload.document_id))


def abandon_upload(db: Database, vault: Vault, *, acting: Acting, upload_id: str, now: datetime) -> None:
    """Give up one's own upload and remove what has arrived. Raises NotFound, also once it is finished."""
    with db.transaction() as tx:
        upload = uploads.for_sending(tx, acting, upload_id, now)
        blob = _remove(tx, upload, acting=acting, now=now)
    _forget(vault, upload, blob)


def collect_abandoned(db: Database, vault: Vault, now: datetime) -> int:
    """Remove uploads that rested too long and what others left behind; return how many uploads that were."""
    with db.reading() as tx:
        late = uploads.expired(tx, now)
        since = now - timedelta(hours=tx.policy.numbers.uploads.unfinished_hours)
        lost = versions.unfinished_since(tx, since)
    for upload in late:
        with db.transaction() as tx:
            blob = _remove(tx, upload, acting=None, now=now)
        _forget(vault, upload, blob)
    for version_id in lost:  # a worker died while it made this version; nobody was told of it, so no entry
        with db.transaction() as tx:
            blob = versions.remove_unfinished(tx, version_id)
        if blob is not None:
            vault.remove_objects(blob)
    vault.remove_waste(db)
    return len(late)


def _folder_for_upload(tx: Transaction, acting: Acting, folder_id: str) -> FolderRow:
    folder = folders.for_seeing(tx, acting, folder_id)
    tx.policy.require(acting, Permission.FOLDER_UPLOAD, folder.resource)
    return folder


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise TooLarge(most)


def _expiry(tx: Transaction, now: datetime) -> datetime:
    return now + timedelta(hours=tx.policy.numbers.uploads.unfinished_hours)


def _note_start(
    tx: Transaction, upload: UploadRow, *, acting: Acting, folder: FolderRow, number: int, now: datetime
) -> None:
    audit.append(
        tx,
        Kind.UPLOAD_STARTED,
        at=now,
        acting=acting,
        object_type="document",
        object_id=upload.document_id,
        organisation_id=folder.organisation_id,
        facts={"folder": folder.id, "number": number, "size": upload.size},
        private={"name": upload.filename},
    )


def _keep(
    tx: Transaction,
    vault: Vault,
    staged: Staged,
    *,
    acting: Acting,
    folder: FolderRow,
    upload: UploadRow,
    now: datetime,
) -> None:
    stored = vault.keep(tx, staged, now=now)
    documents.newest_is(tx, upload.document_id, stored.number)
    search_index.ask(tx, upload.document_id, now)
    # The number and the digest in the log are what an older state of the database is found out by (promise
    # 50).
    audit.append(
        tx,
        Kind.DOCUMENT_ADDED,
        at=now,
        acting=acting,
        object_type="document",
        object_id=upload.document_id,
        organisation_id=folder.organisation_id,
        facts={
            "folder": folder.id,
            "media_type": staged.media_type,
            "number": stored.number,
            "purpose": ORIGINAL,
            "sha256": stored.sha256,
            "size": stored.size,
        },
        private={"name": upload.filename},
    )


def _remove(tx: Transaction, upload: UploadRow, *, acting: Acting | None, now: datetime) -> str | None:
    """Remove the rows of an unfinished upload; return the blob whose objects are to go, or None."""
    if not uploads.remove(tx, upload):
        return None
    blob = versions.remove_unfinished(tx, upload.version_id)
    documents.remove_empty(tx, upload.document_id)
    audit.append(
        tx,
        Kind.UPLOAD_ABANDONED,
        at=now,
        acting=acting,
        object_type="document",
        object_id=upload.document_id,
        organisation_id=folder_keys.organisation_of(tx, upload.folder_id),
        facts={"folder": upload.folder_id, "received": upload.received, "size": upload.size},
        private={"name": upload.filename},
    )
    return blob


def _forget(vault: Vault, upload: UploadRow, blob: str | None) -> None:
    vault.forget(upload.version_id)
    if blob is not None:
        vault.remove_objects(blob)


def _state(upload: UploadRow) -> UploadState:
    return UploadState(
        id=upload.id,
        document_id=upload.document_id,
        version_id=upload.version_id,
        size=upload.size,
        received=upload.received,
        expires_at=upload.expires_at,
    )
