"""What one needs to know before sending: which uploads can go on, and which names are taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from docvault.credentials.refusals import LinkRefused
from docvault.database import documents, upload_places, uploads
from docvault.database.engine import Database, Transaction
from docvault.database.folders import FolderRow
from docvault.database.uploads import UploadRow
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Acting, Guest
from docvault.rules import names
from docvault.values import DocumentId, FolderId, NotFound, UploadId


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An upload of one's own that can go on."""

    id: UploadId
    filename: str
    folder_id: FolderId | None  # None for a guest, who learns nothing of the folder
    folder_name: str | None
    size: int  # plaintext bytes announced
    received: int
    started_at: datetime
    expires_at: datetime


def same_names(
    db: Database, *, acting: Acting, folder_id: str, wanted: Sequence[str]
) -> dict[str, DocumentId]:
    """Return the documents of a folder that have one of these names, by name. Raises NotFound, Forbidden."""
    with db.reading() as tx:
        folder, _lender = upload_places.place(tx, acting, folder_id, acting.at)
        return documents.named(tx, acting, folder, [names.normal(each) for each in wanted])


def list_unfinished(db: Database, *, acting: Acting | Guest, now: datetime) -> list[Unfinished]:
    """Return one's own uploads that can go on, newest first, each where one may still upload."""
    with db.reading() as tx:
        found = []
        for row in uploads.unfinished(tx, acting, now):
            folder = _still_open(tx, acting, row.folder_id, now)
            if folder is not None:
                found.append(_unfinished(acting, row, folder))
        return found


def _still_open(tx: Transaction, acting: Acting | Guest, folder_id: str, now: datetime) -> FolderRow | None:
    try:
        return upload_places.place(tx, acting, folder_id, now)[0]
    except (NotFound, Forbidden, LinkRefused):
        return None


def _unfinished(acting: Acting | Guest, row: UploadRow, folder: FolderRow) -> Unfinished:
    inside = isinstance(acting, Acting)
    return Unfinished(
        id=row.id,
        filename=row.filename,
        folder_id=folder.id if inside else None,
        folder_name=folder.name if inside else None,
        size=row.size,
        received=row.received,
        started_at=row.created_at,
        expires_at=row.expires_at,
    )
