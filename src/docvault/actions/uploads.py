"""Files coming in: announced, sent in whole segments, finished or abandoned. No transaction is open while
bytes move.

A segment is a part of the deed that `begin_upload` and `finish_upload` note in the audit log; it has no entry
of its own.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.database import (
    audit,
    documents,
    file_requests,
    folder_keys,
    guest_notices,
    quota_notices,
    search_index,
    upload_places,
    uploads,
    versions,
)
from docvault.database.documents import DocumentView
from docvault.database.engine import Database, Transaction
from docvault.database.folders import FolderRow
from docvault.database.uploads import UploadRow
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting, Guest
from docvault.rules import names, sizes
from docvault.rules.quotas import QuotaReached
from docvault.rules.requests import RequestFull
from docvault.values import DocumentId, DocVaultError, UploadId
from docvault.vault import intake
from docvault.vault.files import SEGMENT, Receiving, Staged, Vault

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


class OffsetConflict(UploadRefused):
    """The segment does not continue where the stored ones end; `state` says where that is."""

    def __init__(self, state: UploadState) -> None:
        super().__init__(f"The upload continues at byte {state.received}.")
        self.state = state


def begin_upload(
    db: Database,
    vault: Vault,
    *,
    acting: Acting | Guest,
    folder_id: str = "",
    filename: str,
    size: int,
    document_id: str | None = None,
    comment: str = "",
    now: datetime,
) -> UploadState:
    """Announce a file of `size` bytes, as a new document or as the next version of one.

    comment: what changed, for the list of versions. An empty file needs no segment to be finished.
    A guest sends into the folder of the request, and always a document of its own.
    Raises NotFound, Forbidden, LinkRefused, BadName, TooLarge, QuotaReached or RequestFull, in that order.
    """
    with db.transaction() as tx:
        folder, lender = upload_places.place(tx, acting, folder_id, now)
        name, said = names.file_name(filename), names.comment(comment)
        _check_size(size, tx.policy.numbers.uploads.max_bytes)
        if document_id is None or isinstance(acting, Guest):
            target = documents.add(tx, lender, folder, name, now)
        else:
            target = documents.in_folder(tx, acting, folder, document_id).id
        receiving = _reserved(tx, vault, acting, target, size, said, now)
        row = uploads.add(
            tx,
            acting,
            person_id=lender.person_id,
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


def upload_state(db: Database, *, acting: Acting | Guest, upload_id: str, now: datetime) -> UploadState:
    """Return how far the upload has come. Raises NotFound."""
    with db.reading() as tx:
        return _state(uploads.for_sending(tx, acting, upload_id, now))


def store_segment(
    db: Database,
    vault: Vault,
    *,
    acting: Acting | Guest,
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
        upload_places.place(tx, acting, upload.folder_id, now)
        if upload.finished_at or offset != upload.received or upload.received == upload.size:
            raise OffsetConflict(_state(upload))
        receiving = vault.receiving(tx, upload.version_id)
    vault.store_segment(receiving, offset // SEGMENT, plaintext)
    received = offset + memoryview(plaintext).nbytes
    with db.transaction() as tx:
        advanced = replace(upload, received=received, expires_at=_expiry(tx, now))
        if not uploads.advance(tx, upload, received, advanced.expires_at):
            raise OffsetConflict(_state(uploads.for_sending(tx, acting, upload_id, now)))
    return _state(advanced)


def finish_upload(
    db: Database, vault: Vault, pdf: Workers, *, acting: Acting, upload_id: str, now: datetime
) -> DocumentView:
    """Make a whole upload a stored version, and look into it if it is a PDF; the bytes stay as they came.

    Finishing twice is once. Raises NotFound, Forbidden, UploadIncomplete or WorkersBusy; it can be tried
    again.
    """
    upload = _finish(db, vault, pdf, acting, upload_id, now)
    with db.reading() as tx:
        return documents.view(tx, acting, documents.for_seeing(tx, acting, upload.document_id))


def finish_guest_upload(
    db: Database, vault: Vault, pdf: Workers, *, acting: Guest, upload_id: str, now: datetime
) -> str:
    """Do as `finish_upload` and return the SHA-256 of what was kept: a guest sees no document.

    The requester is told once in a visit. Raises NotFound, LinkRefused, UploadIncomplete or WorkersBusy.
    """
    upload = _finish(db, vault, pdf, acting, upload_id, now)
    with db.reading() as tx:
        return versions.digest(tx, upload.version_id)


def _finish(
    db: Database, vault: Vault, pdf: Workers, acting: Acting | Guest, upload_id: str, now: datetime
) -> UploadRow:
    with db.reading() as tx:
        upload = uploads.for_sending(tx, acting, upload_id, now)
        folder, _lender = upload_places.place(tx, acting, upload.folder_id, now)
        if upload.finished_at:
            return upload
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
            if isinstance(acting, Guest):
                guest_notices.tell_requester(tx, vault.records, acting, folder.id, now)
    return upload


def abandon_upload(
    db: Database, vault: Vault, *, acting: Acting | Guest, upload_id: str, now: datetime
) -> None:
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


def _reserved(
    tx: Transaction,
    vault: Vault,
    acting: Acting | Guest,
    document_id: DocumentId,
    size: int,
    comment: str | None,
    now: datetime,
) -> Receiving:
    """Reserve the version and the room for it. What a guest may not know of the room is not told to them."""
    created_by = None if isinstance(acting, Guest) else acting.person_id
    try:
        receiving = vault.reserve(
            tx,
            document_id=document_id,
            purpose=ORIGINAL,
            size=size,
            created_by=created_by,
            now=now,
            comment=comment,
        )
    except QuotaReached:
        if isinstance(acting, Acting):
            raise
        words = "There is no room for this file right now. Please tell whoever asked you for it."
        raise RequestFull(words) from None
    if isinstance(acting, Guest):
        file_requests.take(tx, acting.request_id, size)
        versions.brought_in(tx, receiving.version_id, acting.visit_id)
    return receiving


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise TooLarge(most)


def _expiry(tx: Transaction, now: datetime) -> datetime:
    return now + timedelta(hours=tx.policy.numbers.uploads.unfinished_hours)


def _note_start(
    tx: Transaction,
    upload: UploadRow,
    *,
    acting: Acting | Guest,
    folder: FolderRow,
    number: int,
    now: datetime,
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
    acting: Acting | Guest,
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


def _remove(
    tx: Transaction, upload: UploadRow, *, acting: Acting | Guest | None, now: datetime
) -> str | None:
    """Remove the rows of an unfinished upload; return the blob whose objects are to go, or None."""
    if not uploads.remove(tx, upload):
        return None
    blob = versions.remove_unfinished(tx, upload.version_id)
    documents.remove_empty(tx, upload.document_id)
    if upload.visit_id is not None:
        file_requests.give_back(tx, upload.visit_id, upload.size)
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
