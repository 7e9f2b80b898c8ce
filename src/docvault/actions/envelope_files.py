"""The documents of an envelope: downloading them, and reading what was sent page by page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from docvault.audit.kinds import Kind
from docvault.database import envelope_history, envelopes, recipients, viewings
from docvault.database.engine import Database, Transaction
from docvault.database.envelope_documents import EnclosedRow
from docvault.database.envelopes import EnvelopeRow
from docvault.pdf.errors import PageMissing
from docvault.pdf.text import Run
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting
from docvault.rules.envelope_documents import PageBeyond, find_page
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
    sizes: tuple[tuple[float, float], ...]  # over all documents


def open_envelope_file(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    which: Which,
    position: int = 1,
    now: datetime,
) -> EnvelopeFile:
    """Hand out a document as sent, as signed, or the certificate. Raises NotFound, Forbidden.

    position: which document, from 1; the certificate speaks of all of them.
    """
    with db.transaction() as tx:
        row = envelopes.for_reading(tx, acting, envelope_id)
        document = next((one for one in row.documents if one.position == position), None)
        if document is None:
            raise NotFound
        version_id = _version(row, document, which)
        recipients.note_viewed(tx, row.recipient_of(acting.person_id), now)
        facts = {"which": which, "version": version_id, "how": "downloaded"}
        envelope_history.record(tx, Kind.ENVELOPE_READ, row, at=now, acting=acting, facts=facts)
    opened = vault.open_version(db, version_id)
    alone = len(row.documents) == 1 or which == "certificate"
    title = row.title if alone else f"{position:02} {document.name.removesuffix('.pdf')}"
    return EnvelopeFile(
        name=f"{title}{_SUFFIX[which]}.pdf",
        media_type=opened.media_type,
        size=opened.size,
        sha256=opened.sha256 or "",
        open_range=opened.range,
    )


def envelope_pages(db: Database, *, acting: Acting, envelope_id: EnvelopeId, now: datetime) -> EnvelopePages:
    """Open the documents as sent for reading; one audit entry a session. Raises NotFound, Forbidden."""
    with db.transaction() as tx:
        row = envelopes.for_reading(tx, acting, envelope_id)
        _note_opened(tx, acting, row, now)
        return EnvelopePages(row.id, row.title, row.digest, row.page_sizes)


def _note_opened(tx: Transaction, acting: Acting, row: EnvelopeRow, now: datetime) -> None:
    shown = [_version(row, document, "sent") for document in row.documents]
    recipients.note_viewed(tx, row.recipient_of(acting.person_id), now)
    if viewings.add(tx, acting, shown[0], now):
        facts: dict[str, object] = {"which": "sent", "version": shown[0], "how": "opened"}
        if len(shown) > 1:
            facts["versions"] = shown
        envelope_history.record(tx, Kind.ENVELOPE_READ, row, at=now, acting=acting, facts=facts)


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
    version_id, number = _opened(db, acting, envelope_id, page, now)
    return pages.image(db, vault, pdf, version_id, page=number, width=width)


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
    version_id, number = _opened(db, acting, envelope_id, page, now)
    return pages.runs(db, vault, pdf, version_id, page=number)


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
    version_id, number = _opened(db, acting, envelope_id, page, now)
    return pages.paragraphs(db, vault, pdf, version_id, page=number)


def _opened(
    db: Database, acting: Acting, envelope_id: EnvelopeId, page: int, now: datetime
) -> tuple[str, int]:
    """Return the version that has a page of the envelope, and the page's number in it.

    What is shown is noted as read by this session. Raises NotFound, Forbidden, PageMissing.
    """
    with db.reading() as tx:
        row = envelopes.for_reading(tx, acting, envelope_id)
        noted = viewings.known(tx, acting, _version(row, row.documents[0], "sent"))
    if not noted:
        envelope_pages(db, acting=acting, envelope_id=envelope_id, now=now)
    try:
        document, number = find_page(row.documents, page)
    except PageBeyond as error:
        raise PageMissing from error
    return _version(row, document, "sent"), number


def _version(row: EnvelopeRow, document: EnclosedRow, which: Which) -> str:
    found = {
        "sent": document.prepared_version_id,
        "signed": document.signed_version_id,
        "certificate": row.certificate_version_id,
    }[which]
    if found is None:
        raise NotFound
    return found
