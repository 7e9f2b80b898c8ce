"""An older version once more: the same bytes as a new version, encrypted anew, a segment at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from docvault.database.engine import Database
from docvault.encryption.errors import Tampered
from docvault.vault.files import Staged, Vault
from docvault.vault.reading import OpenVersion


@contextmanager
def repeated(
    db: Database, vault: Vault, opened: OpenVersion, *, created_by: str, comment: str | None, now: datetime
) -> Iterator[Staged]:
    """Store the bytes of `opened` again for the block, which makes them a version with `vault.keep`.

    If the block fails the bytes are removed; after a crash they are collected. Raises NotFound, Tampered,
    StorageFull.
    """
    with db.transaction() as tx:
        receiving = vault.reserve(
            tx,
            document_id=opened.document_id,
            purpose=opened.purpose,
            size=opened.size,
            created_by=created_by,
            now=now,
            comment=comment,
            restored_from=opened.number,
        )
    try:
        for index in range(receiving.segments):
            vault.store_segment(receiving, index, opened.segment(index))
        staged = vault.whole(
            receiving, media_type=opened.media_type, pages=opened.pages, findings=opened.findings
        )
        _check_same(staged, opened)
        yield replace(staged, db=db)
    except BaseException:
        vault.remove_unfinished(db, receiving.version_id)
        raise


def _check_same(staged: Staged, opened: OpenVersion) -> None:
    if staged.sha256 != opened.sha256:
        raise Tampered
