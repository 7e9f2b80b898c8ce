"""The documents of an envelope: downloading them, and reading what was sent page by page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from docvault.audit.kinds import Kind
from docvault.database import envelope_history, envelopes, viewings
from docvault.database.engine import Database
from docvault.database.envelopes import EnvelopeRow
from docvault.pdf.text import Run
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting
from docvault.values import EnvelopeId, NotFound
from docvault.vault import pages
from docvault.vault.files import Vault

Which = Literal["sent", "signed", "certificate"]
_SUFFIX = {"sent": "", "signed": " (signed)", "certificate": " (certificate of completion)"}


@dataclass(frozen=True, slots=True)
class EnvelopeFile:
    """A file to hand out. open_range yields its bytes from start up to, not including, stop."""

    name: str
    media_type: str
    size: int  # bytes
    sha256: str
    open_range: Callable[[int, int], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class EnvelopePages:
    """What pages there are to read: width and height of each, in points."""

    envelope_id: EnvelopeId
    title: str
    digest: str | None  # hex SHA-256 of what is shown, once it was sent
    sizes: tuple[tuple[float, float], ...]


def open_envelope_file(
    db: Database, vault: Vault, *, acting: Acting, envelope_id: EnvelopeId, which: Which, now: datetime
) -> EnvelopeFile:
    """Hand out the document as sent, as signed, or the certificate. Raises NotFound, Forbidden."""
    with db.transaction() as tx:
        row = envelopes.for_reading(tx, acting, envelope_id)
        version_id = _version(row, which)
        envelope_history.record(
            tx,
            Kind.ENVELOPE_READ,
            row,
            at=now,
            acting=acting,
            facts={"which": which, "version": version_id, "how": "downloaded"},
        )
    opened = vault.open_version(db, version_id)
    return EnvelopeFile(
        name=f"{row.title}{_SUFFIX[which]}.pdf",
        media_type=opened.media_type,
        size=opened.size,
        sha256=opened.sha256 or "",
        open_range=opened.range,
    )


def envelope_pages(db: Database, *, acting: Acting, envelope_id: EnvelopeId, now: datetime) -> EnvelopePages:
    """Open the document as sent for reading; one audit entry a session. Raises NotFound, Forbidden."""
    with db.transaction() as tx:
        row = envelopes.for_reading(tx, acting, envelope_id)
        version_id = _version(row, "sent")
        if viewings.add(tx, acting, version_id, now):
            envelope_history.record(
                tx,
                Kind.ENVELOPE_READ,
                row,
                at=now,
                acting=acting,
                facts={"which": "sent", "version": version_id, "how": "opened"},
            )
        return EnvelopePages(row.id, row.title, row.digest, row.page_sizes)


def envelope_page_image(
    db: Database,
    vault: Vault,
    pdf: Workers,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    page: int,
    width: int,
    now: datetime,
) -> tuple[bytes, str]:
    """Return the picture of a page and its media type.

    Raises NotFound, Forbidden, PageMissing, PdfUnreadable.
    """
    version_id = _opened(db, acting, envelope_id, now)
    return pages.image(db, vault, pdf, version_id, page=page, width=width)


def envelope_page_runs(
    db: Database,
    vault: Vault,
    pdf: Workers,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    page: int,
    now: datetime,
) -> list[Run]:
    """Return the text of a page with its places. Raises NotFound, Forbidden, PageMissing, PdfUnreadable."""
    version_id = _opened(db, acting, envelope_id, now)
    return pages.runs(db, vault, pdf, version_id, page=page)


def envelope_paragraphs(
    db: Database,
    vault: Vault,
    pdf: Workers,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    page: int,
    now: datetime,
) -> list[str]:
    """Return the text of a page for reading. Raises NotFound, Forbidden, PageMissing, PdfUnreadable."""
    version_id = _opened(db, acting, envelope_id, now)
    return pages.paragraphs(db, vault, pdf, version_id, page=page)


def _opened(db: Database, acting: Acting, envelope_id: EnvelopeId, now: datetime) -> str:
    """Return the version to show, noted as read by this session. Raises NotFound, Forbidden."""
    with db.reading() as tx:
        row = envelopes.for_reading(tx, acting, envelope_id)
        version_id = _version(row, "sent")
        noted = viewings.known(tx, acting, version_id)
    if not noted:
        envelope_pages(db, acting=acting, envelope_id=envelope_id, now=now)
    return version_id


def _version(row: EnvelopeRow, which: Which) -> str:
    found = {
        "sent": row.prepared_version_id,
        "signed": row.signed_version_id,
        "certificate": row.certificate_version_id,
    }[which]
    if found is None:
        raise NotFound
    return found
