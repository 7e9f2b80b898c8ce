"""The pages of a stored PDF: sizes, pictures, text. Opens the version here and the PDF in pdf/'s workers
only.

Who may was asked before. What was made is kept in the vault's memory within a budget, never on a disk; a
version never changes, so neither does what is kept of it.
All functions raise NotFound, NotScanned, Quarantined, BlobMissing, UnknownAlgorithm, Tampered, PdfUnreadable
or WorkersBusy.
"""

from contextlib import AbstractContextManager

from docvault.database.engine import Database
from docvault.pdf import render, text
from docvault.pdf.scratch import Scratch
from docvault.pdf.text import Run
from docvault.pdf.workers import Workers
from docvault.vault.files import Vault
from docvault.vault.gate import pass_gate


def source(db: Database, vault: Vault, version_id: str) -> AbstractContextManager[Scratch]:
    """Lend the decrypted bytes of a version, sealed against writing; do not close them."""
    pass_gate(db, version_id)  # what is kept in memory was opened before, perhaps before a newer verdict
    return vault.sources.holding(version_id, lambda: _load(db, vault, version_id))


def sizes(db: Database, vault: Vault, pdf: Workers, version_id: str) -> list[tuple[float, float]]:
    """Return width and height of every page as displayed, in points."""
    with source(db, vault, version_id) as opened:
        return render.page_sizes(pdf, opened)


def image(
    db: Database, vault: Vault, pdf: Workers, version_id: str, *, page: int, width: int
) -> tuple[bytes, str]:
    """Return the picture of a page (from 1) and its media type. Raises PageMissing as well."""

    def draw() -> tuple[bytes, str]:
        with source(db, vault, version_id) as opened:
            return render.page_image(pdf, opened, page, width)

    pass_gate(db, version_id)
    return vault.pictures.image(version_id, page, width, draw)


def runs(db: Database, vault: Vault, pdf: Workers, version_id: str, *, page: int) -> list[Run]:
    """Return the text of a page (from 1) in reading order. Raises PageMissing as well."""
    with source(db, vault, version_id) as opened:
        return text.page_runs(pdf, opened, page)


def paragraphs(db: Database, vault: Vault, pdf: Workers, version_id: str, *, page: int) -> list[str]:
    """Return the text of a page (from 1) for reading without its layout. Raises PageMissing as well."""
    return text.paragraphs(runs(db, vault, pdf, version_id, page=page))


def _load(db: Database, vault: Vault, version_id: str) -> Scratch:
    scratch = Scratch.create()
    try:
        vault.open_version(db, version_id).copy_to(scratch.file)
    except BaseException:
        scratch.close()
        raise
    return scratch
