"""Files on their way in: how much has arrived, and whose they are. Every question names who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, insert, select, update

from docvault.database.engine import PAGE_MOST, Transaction
from docvault.database.tables import documents, uploads
from docvault.policy.vocabulary import Acting, Guest
from docvault.values import DocumentId, FolderId, NotFound, UploadId, new_id


@dataclass(frozen=True, slots=True)
class UploadRow:
    id: UploadId
    person_id: str
    visit_id: str | None  # of the guest who sends it, by the request of that person
    folder_id: FolderId  # where the document lies now: it may have been moved meanwhile
    document_id: DocumentId
    version_id: str
    filename: str
    size: int  # plaintext bytes announced
    received: int  # plaintext bytes stored, in whole segments
    created_at: datetime
    expires_at: datetime
    finished_at: datetime | None


_ROW = select(
    uploads.c.id,
    uploads.c.person_id,
    uploads.c.visit_id,
    documents.c.folder_id,
    uploads.c.document_id,
    uploads.c.version_id,
    uploads.c.filename,
    uploads.c.size,
    uploads.c.received,
    uploads.c.created_at,
    uploads.c.expires_at,
    uploads.c.finished_at,
).join_from(uploads, documents, uploads.c.document_id == documents.c.id)


def add(
    tx: Transaction,
    acting: Acting | Guest,
    *,
    person_id: str,
    folder_id: str,
    document_id: str,
    version_id: str,
    filename: str,
    size: int,
    now: datetime,
    expires_at: datetime,
) -> UploadRow:
    """Add an upload of nothing yet. person_id: who acts, or who lends a guest the right."""
    upload_id = UploadId(new_id())
    tx.connection.execute(
        insert(uploads).values(
            id=upload_id,
            person_id=person_id,
            visit_id=acting.visit_id if isinstance(acting, Guest) else None,
            folder_id=folder_id,
            document_id=document_id,
            version_id=version_id,
            filename=filename,
            size=size,
            received=0,
            created_at=now,
            expires_at=expires_at,
        )
    )
    return _one(tx, upload_id)


def for_sending(tx: Transaction, acting: Acting | Guest, upload_id: str, now: datetime) -> UploadRow:
    """Return an upload that `acting` began and that has not expired; it may be finished. Raises NotFound.

    What a guest sends is the guest's, not that of the person whose request it answers.
    """
    found = _one(tx, upload_id)
    if isinstance(acting, Guest):
        own = found.visit_id == acting.visit_id
    else:
        own = found.visit_id is None and found.person_id == acting.person_id
    if not own or found.expires_at <= now:
        raise NotFound
    return found


def unfinished(tx: Transaction, acting: Acting | Guest, now: datetime) -> Sequence[UploadRow]:
    """Return the uploads that `acting` began and that can go on, newest first."""
    if isinstance(acting, Guest):
        own = uploads.c.visit_id == acting.visit_id
    else:
        own = and_(uploads.c.person_id == acting.person_id, uploads.c.visit_id.is_(None))
    chosen = (
        _ROW.where(
            own,
            uploads.c.finished_at.is_(None),
            uploads.c.expires_at > now,
        )
        .order_by(uploads.c.created_at.desc(), uploads.c.id)
        .limit(PAGE_MOST)
    )
    return [UploadRow(**row) for row in tx.connection.execute(chosen).mappings()]


def advance(tx: Transaction, upload: UploadRow, received: int, expires_at: datetime) -> bool:
    """Move the offset from where `upload` says it is; False if somebody moved it meanwhile."""
    changed = tx.connection.execute(
        update(uploads)
        .where(
            uploads.c.id == upload.id, uploads.c.received == upload.received, uploads.c.finished_at.is_(None)
        )
        .values(received=received, expires_at=expires_at)
    )
    return changed.rowcount == 1


def finish(tx: Transaction, upload: UploadRow, now: datetime) -> bool:
    """Mark a whole upload as finished; False if it already was."""
    changed = tx.connection.execute(
        update(uploads)
        .where(
            uploads.c.id == upload.id, uploads.c.received == uploads.c.size, uploads.c.finished_at.is_(None)
        )
        .values(finished_at=now)
    )
    return changed.rowcount == 1


def remove(tx: Transaction, upload: UploadRow) -> bool:
    """Remove an upload that is not finished; False if it is, or is gone."""
    removed = tx.connection.execute(
        delete(uploads).where(uploads.c.id == upload.id, uploads.c.finished_at.is_(None))
    )
    return removed.rowcount == 1


def expired(tx: Transaction, now: datetime) -> Sequence[UploadRow]:
    """Return the unfinished uploads whose time is over, for the job that collects them."""
    chosen = _ROW.where(uploads.c.expires_at <= now, uploads.c.finished_at.is_(None))
    return [UploadRow(**row) for row in tx.connection.execute(chosen).mappings()]


def _one(tx: Transaction, upload_id: str) -> UploadRow:
    there = documents.c.trashed_at.is_(None)  # nothing is sent to what is in the bin
    row = tx.connection.execute(_ROW.where(uploads.c.id == upload_id, there)).mappings().one_or_none()
    if row is None:
        raise NotFound
    return UploadRow(**row)
