"""A version that DocVault makes itself: kept by the block it is staged for, or removed after it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from docvault.database.engine import Database
from docvault.pdf.scratch import Scratch
from docvault.values import PersonId
from docvault.vault.files import Staged, Vault

PDF = "application/pdf"


@contextmanager
def staged_pdf(
    db: Database,
    vault: Vault,
    source: Scratch,
    *,
    document_id: str,
    purpose: str,
    now: datetime,
    pages: int | None = None,
    findings: str | None = None,
    created_by: PersonId | None = None,
) -> Iterator[Staged]:
    """Store `source` encrypted for the block, which makes it visible with `vault.keep` in its transaction.

    If the block fails the bytes are removed; after a crash they are collected. Raises NotFound, StorageFull.
    """
    with source.open() as reader:
        staged = vault.stage(
            db,
            document_id=document_id,
            purpose=purpose,
            media_type=PDF,
            created_by=created_by,
            source=reader,
            now=now,
            pages=pages,
            findings=findings,
        )
    try:
        yield staged
    except BaseException:
        vault.discard(staged)
        raise
