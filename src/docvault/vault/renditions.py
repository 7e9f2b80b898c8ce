"""What was made of a stored version: text, preview, thumbnail. They pass the gate of the version itself.

`text_of` is what a search index reads. Who may was asked before; all raise NotScanned, Quarantined,
BlobMissing, UnknownAlgorithm or Tampered beside NotFound.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from docvault.database import renditions
from docvault.database.engine import Database
from docvault.database.renditions import PREVIEW, TEXT, THUMBNAIL
from docvault.pdf.scratch import Scratch
from docvault.values import NotFound
from docvault.vault.files import Staged, Vault
from docvault.vault.reading import OpenVersion

PAGE_BREAK = "\f"  # between the pages of a text

__all__ = ["PAGE_BREAK", "PREVIEW", "TEXT", "THUMBNAIL", "open_rendition", "staged_rendition", "text_of"]


def text_of(db: Database, vault: Vault, version_id: str) -> str | None:
    """Return the text of a version; None while it is not made yet, and where the file has none to read.

    At most 2 000 000 characters; pages are parted by form feeds. Raises NotFound for an unknown version.
    """
    vault.open_version(db, version_id)
    try:
        opened = open_rendition(db, vault, version_id, TEXT)
    except NotFound:
        return None
    return b"".join(opened.range(0, opened.size)).decode()


def open_rendition(db: Database, vault: Vault, version_id: str, purpose: str) -> OpenVersion:
    """Open the preview, thumbnail or text of a version. Raises NotFound: not made yet, or it cannot be."""
    with db.reading() as tx:
        rendition_id = renditions.find(tx, version_id, purpose)
    return vault.open_version(db, rendition_id)


@contextmanager
def staged_rendition(
    db: Database,
    vault: Vault,
    source: Scratch,
    *,
    document_id: str,
    purpose: str,
    media_type: str,
    now: datetime,
    pages: int | None = None,
) -> Iterator[Staged]:
    """Store `source` encrypted for the block, which makes it visible with `vault.keep` in its transaction.

    What was not kept is removed afterwards. Raises NotFound, StorageFull.
    """
    with source.open() as reader:
        staged = vault.stage(
            db,
            document_id=document_id,
            purpose=purpose,
            media_type=media_type,
            created_by=None,
            source=reader,
            now=now,
            pages=pages,
        )
    try:
        yield staged
    finally:
        vault.discard(staged)
