"""What people do with documents: look at them, turn their pages, download them. Every reading is in the audit
log.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from docvault.audit.kinds import Kind
from docvault.database import audit, documents, renditions, trust_anchors, viewings
from docvault.database.documents import DocumentRow, DocumentView, VersionView
from docvault.database.engine import Database, Transaction
from docvault.pdf.text import Run
from docvault.pdf.validate import Report
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting
from docvault.rules import media_types
from docvault.rules.media_types import PDF
from docvault.rules.scans import is_open
from docvault.values import DocVaultError, NotFound
from docvault.vault import pages
from docvault.vault.authority import Authority
from docvault.vault.files import Vault
from docvault.vault.reading import OpenVersion
from docvault.vault.renditions import PREVIEW, TEXT, THUMBNAIL, open_rendition, text_of

SHOWN_MOST = 200_000  # characters of a text file that a page shows


class NoPages(DocVaultError):
    """The document is not one whose pages can be shown."""

    def __init__(
        self, message: str = "The pages of this file cannot be shown here. You can download it."
    ) -> None:
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Content:
    """A file that may be read by whoever asked. `open_range(start, stop)` yields its bytes, `stop` not
    included.
    """

    name: str  # as the person named it; data, never a path
    media_type: str
    size: int  # bytes
    sha256: str  # lower-case hex
    open_range: Callable[[int, int], Iterator[bytes]]


class PreviewKind(StrEnum):
    """How a version can be looked at."""

    PAGES = "pages"
    PICTURE = "picture"
    TEXT = "text"
    COMING = "coming"  # it is being made
    NONE = "none"
    CLOSED = "closed"  # by the malware scan


@dataclass(frozen=True, slots=True)
class Preview:
    """How a version can be looked at. text: of a text file, as far as it is shown."""

    kind: PreviewKind
    text: str = ""
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that DocVault drew. read: decrypts it; sha256: lower-case hex of it."""

    media_type: str
    sha256: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class PagesView:
    """A document that is being read."""

    document: DocumentView
    number: int
    sizes: Sequence[tuple[float, float]]  # width and height of every page as displayed, in points


def show_document(db: Database, *, acting: Acting, document_id: str) -> DocumentView:
    """Return a document and its versions. Raises NotFound."""
    with db.reading() as tx:
        return documents.view(tx, acting, documents.for_seeing(tx, acting, document_id))


def read_document(
    db: Database, vault: Vault, *, acting: Acting, document_id: str, number: int | None = None, now: datetime
) -> Content:
    """Open one version, the newest by default, for download. Raises NotFound, Forbidden, UnknownAlgorithm,
    Tampered.
    """
    with db.transaction() as tx:
        document = documents.for_downloading(tx, acting, document_id)
        version_id = documents.version_id(tx, document, number)
        _note(tx, Kind.DOCUMENT_DOWNLOADED, document, acting, number or document.latest, now)
    return _content(vault.open_version(db, version_id))


def describe_file(
    db: Database, vault: Vault, *, acting: Acting, document_id: str, number: int | None = None
) -> Content:
    """Say what `read_document` would give, for whoever wants to know before: no byte leaves, so no entry.

    Raises as it.
    """
    with db.reading() as tx:
        document = documents.for_downloading(tx, acting, document_id)
        version_id = documents.version_id(tx, document, number)
    return _content(vault.open_version(db, version_id))


def _content(opened: OpenVersion) -> Content:
    return Content(opened.name, opened.media_type, opened.size, _known(opened.sha256), opened.range)


def open_preview(
    db: Database, vault: Vault, *, acting: Acting, document_id: str, number: int | None = None, now: datetime
) -> Preview:
    """Return how a version, the newest by default, can be looked at; reading a text file is an entry.

    Raises NotFound, Forbidden, UnknownAlgorithm or Tampered.
    """
    with db.reading() as tx:
        document = documents.for_reading(tx, acting, document_id)
        version = documents.version(tx, document, number)
        made = renditions.of_version(tx, version.id)
    kind = _preview_kind(version, made)
    if kind is not PreviewKind.TEXT:
        return Preview(kind)
    with db.transaction() as tx:
        _note_reading(tx, acting, document, version.id, version.number, now)
    text = text_of(db, vault, version.id) or ""
    return Preview(kind, text[:SHOWN_MOST], len(text) <= SHOWN_MOST)


def _preview_kind(version: VersionView, made: Mapping[str, str | None]) -> PreviewKind:
    wanted = TEXT if version.media_type in media_types.TEXTS else PREVIEW
    if not is_open(version.scan):
        return PreviewKind.CLOSED
    if version.media_type == PDF:
        return PreviewKind.PAGES if version.pages else PreviewKind.NONE
    if version.media_type not in media_types.SHOWN:
        return PreviewKind.NONE
    if made.get(wanted) is None:
        return PreviewKind.NONE if wanted in made else PreviewKind.COMING
    if version.media_type in media_types.PICTURES:
        return PreviewKind.PICTURE
    return PreviewKind.TEXT if wanted == TEXT else PreviewKind.PAGES


def open_picture(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    document_id: str,
    number: int | None = None,
    small: bool = False,
    now: datetime,
) -> Picture:
    """Return the picture of a version as it was drawn anew, or its thumbnail; one entry a session.

    A thumbnail in a list is no reading (docs/decisions/0022-a-thumbnail-is-not-a-reading.md).
    Raises NotFound, Forbidden, NoPages, NotScanned, Quarantined, UnknownAlgorithm or Tampered.
    """
    with db.reading() as tx:
        document = documents.for_reading(tx, acting, document_id)
        version = documents.version(tx, document, number)
    try:
        opened = open_rendition(db, vault, version.id, THUMBNAIL if small else PREVIEW)
    except NotFound:
        raise NoPages("There is no picture of this file.") from None
    if opened.media_type == PDF:
        raise NoPages("This file is shown page by page.")
    if not small:
        with db.transaction() as tx:
            _note_reading(tx, acting, document, version.id, version.number, now)
    return Picture(opened.media_type, _known(opened.sha256), lambda: b"".join(opened.range(0, opened.size)))


def open_pages(
    db: Database,
    vault: Vault,
    pdf: Workers,
    *,
    acting: Acting,
    document_id: str,
    number: int | None = None,
    now: datetime,
) -> PagesView:
    """Open one version, the newest by default, to read its pages. One audit entry per session and version.

    Raises NotFound, Forbidden, NoPages, PdfUnreadable, UnknownAlgorithm or Tampered.
    """
    with db.reading() as tx:
        document = documents.for_reading(tx, acting, document_id)
        version_id = documents.version_id(tx, document, number)
        view = documents.view(tx, acting, document)
    shown = _with_pages(db, vault, version_id)
    with db.transaction() as tx:
        _note_reading(tx, acting, document, version_id, number or document.latest, now)
    sizes = pages.sizes(db, vault, pdf, shown)
    return PagesView(view, number or document.latest, sizes)


def page_image(
    db: Database,
    vault: Vault,
    pdf: Workers,
    *,
    acting: Acting,
    document_id: str,
    number: int | None = None,
    page: int,
    width: int,
    now: datetime,
) -> tuple[bytes, str]:
    """Return the picture of a page (from 1) and its media type. Raises as `open_pages`, and PageMissing."""
    version_id = _for_pages(db, vault, acting=acting, document_id=document_id, number=number, now=now)
    return pages.image(db, vault, pdf, version_id, page=page, width=width)


def page_text(
    db: Database,
    vault: Vault,
    pdf: Workers,
    *,
    acting: Acting,
    document_id: str,
    number: int | None = None,
    page: int,
    now: datetime,
) -> list[Run]:
    """Return the text of a page (from 1), run by run. Raises as `open_pages`, and PageMissing."""
    version_id = _for_pages(db, vault, acting=acting, document_id=document_id, number=number, now=now)
    return pages.runs(db, vault, pdf, version_id, page=page)


def page_paragraphs(
    db: Database,
    vault: Vault,
    pdf: Workers,
    *,
    acting: Acting,
    document_id: str,
    number: int | None = None,
    page: int,
    now: datetime,
) -> list[str]:
    """Return the text of a page (from 1) for reading. Raises as `open_pages`, and PageMissing."""
    version_id = _for_pages(db, vault, acting=acting, document_id=document_id, number=number, now=now)
    return pages.paragraphs(db, vault, pdf, version_id, page=page)


def document_signatures(
    db: Database,
    vault: Vault,
    pdf: Workers,
    authority: Authority,
    *,
    acting: Acting,
    document_id: str,
    number: int | None = None,
    now: datetime,
) -> Report:
    """Check the signatures that the file came with, as they are now. Raises as `open_pages`."""
    version_id = _for_pages(db, vault, acting=acting, document_id=document_id, number=number, now=now)
    with db.reading() as tx:
        trusted = trust_anchors.certificates(tx)
    with pages.source(db, vault, version_id) as opened:
        return authority.validate(pdf, opened, trusted=trusted)


def _for_pages(
    db: Database, vault: Vault, *, acting: Acting, document_id: str, number: int | None, now: datetime
) -> str:
    """Return the version whose page `acting` may see: every page passes the gate of the document (promise
    42).
    """
    with db.reading() as tx:
        document = documents.for_reading(tx, acting, document_id)
        version_id = documents.version_id(tx, document, number)
        noted = viewings.known(tx, acting, version_id)
    shown = _with_pages(db, vault, version_id)
    if not noted:
        with db.transaction() as tx:
            _note_reading(tx, acting, document, version_id, number or document.latest, now)
    return shown


def _with_pages(db: Database, vault: Vault, version_id: str) -> str:
    """Return the version whose pages are shown for this one: itself, or the PDF made of an office file."""
    opened = vault.open_version(db, version_id)
    if opened.media_type in media_types.OFFICE:
        with suppress(NotFound):
            opened = open_rendition(db, vault, version_id, PREVIEW)
    _check_pages(opened)
    return opened.id


def _check_pages(opened: OpenVersion) -> None:
    if opened.media_type != PDF:
        raise NoPages
    if not opened.pages:
        raise NoPages(
            "This PDF cannot be shown here: it is protected, damaged or too large. You can download it."
        )


def _note_reading(
    tx: Transaction, acting: Acting, document: DocumentRow, version_id: str, number: int, now: datetime
) -> None:
    if viewings.add(tx, acting, version_id, now):
        _note(tx, Kind.DOCUMENT_READ, document, acting, number, now)


def _note(
    tx: Transaction, kind: Kind, document: DocumentRow, acting: Acting, number: int, now: datetime
) -> None:
    opened = document.resource.attributes["opened"]
    broken = isinstance(opened, frozenset) and acting.person_id in opened
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="document",
        object_id=document.id,
        organisation_id=document.organisation_id,
        facts={"folder": document.folder_id, "number": number} | ({"glass": True} if broken else {}),
        private={"name": document.name},
    )


def _known(sha256: str | None) -> str:
    if sha256 is None:
        raise AssertionError("a stored version has a digest: the row's key was bound to it")
    return sha256
