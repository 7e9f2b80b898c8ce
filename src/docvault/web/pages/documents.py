"""A document: its pages with text that can be selected, its text for reading, its versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery

from docvault.actions import documents, folders
from docvault.actions.documents import PagesView
from docvault.database.documents import DocumentView, VersionView
from docvault.pdf.render import WIDTHS
from docvault.pdf.text import Run
from docvault.pdf.validate import Report
from docvault.policy.vocabulary import Permission
from docvault.rules.media_types import PDF
from docvault.values import DocumentId, FolderId, NotFound
from docvault.web.access import portal_of, signed_in
from docvault.web.rendering import render
from docvault.web.running import run
from docvault.web.sheets import INLINE, sheets

WebRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know about a document before reading it."""

    icon: str
    words: str
    warn: bool = False


@get("/documents/{document_id:str}")
async def show_document(
    request: WebRequest, document_id: FromPath[str], version: FromQuery[int | None] = None
) -> Response[str]:
    """The pages of a document, where it has any that may be read."""
    portal, acting = portal_of(request), signed_in(request)
    view = await run(documents.show_document, portal.db, acting=acting, document_id=DocumentId(document_id))
    shown = version_of(view, version)
    may_read = Permission.DOCUMENT_READ in view.may
    opened = await _open(request, view, shown.number) if may_read and shown.pages else None
    runs = await _first_runs(request, opened) if opened else {}
    base = f"/api/v1/documents/{view.id}/versions/{shown.number}/pages"
    obstacle = why_not_signable(shown)
    may_send = Permission.ENVELOPE_CREATE in view.may
    return render(
        request,
        "document.html",
        nav="folders",
        document=view,
        version=shown,
        newest=view.versions[0],
        version_query=f"?version={shown.number}" if version else "",
        sheets=sheets(base, opened.sizes, runs) if opened else [],
        widths=WIDTHS,
        notes=_notes(shown, may_read=may_read, obstacle=obstacle if may_send else None),
        report=await _signatures(request, opened)
        if opened and (shown.findings or {}).get("signed")
        else None,
        can_be_signed=obstacle is None and shown.number == view.versions[0].number,
        may_read=may_read,
        may_send=may_send,
        may_upload=await _may_upload(request, view),
        most=portal.db.policy.numbers.uploads.max_bytes,
    )


@get("/documents/{document_id:str}/text")
async def show_text(
    request: WebRequest, document_id: FromPath[str], version: FromQuery[int | None] = None
) -> Response[str]:
    """The text of a document, for a small screen or a screen reader."""
    portal, acting = portal_of(request), signed_in(request)
    view = await run(documents.show_document, portal.db, acting=acting, document_id=DocumentId(document_id))
    opened = await _open(request, view, version_of(view, version).number)
    texts = [await _paragraphs(request, opened, page) for page in range(1, len(opened.sizes) + 1)]
    return render(
        request,
        "document_text.html",
        nav="folders",
        document=view,
        texts=texts,
        version_query=f"?version={version}" if version else "",
    )


def version_of(view: DocumentView, number: int | None) -> VersionView:
    """Return the version that was asked for, or the newest. Raises NotFound."""
    if number is None:
        return view.versions[0]
    chosen = next((one for one in view.versions if one.number == number), None)
    if chosen is None:
        raise NotFound
    return chosen


def why_not_signable(version: VersionView) -> str | None:
    """Return what intake found against signing this version, in words for its sender; None when nothing."""
    if version.media_type != PDF:
        return "Only PDFs can be signed. Save the document as a PDF and upload that."
    if version.findings is None:
        return "This PDF is too large to be signed."
    if version.findings.get("signable"):
        return None
    return str(version.findings.get("reason") or "This PDF cannot be signed.")


def _notes(version: VersionView, *, may_read: bool, obstacle: str | None) -> Sequence[Note]:
    notes = []
    if not may_read:
        notes.append(Note("eye-off", "You can see that this document exists, but not what is in it."))
    findings = version.findings or {}
    if version.media_type == PDF and obstacle:
        notes.append(Note("signature" if findings.get("signed") else "circle-alert", obstacle, warn=True))
    return notes


async def _open(request: WebRequest, view: DocumentView, number: int) -> PagesView:
    portal = portal_of(request)
    return await run(
        documents.open_pages,
        portal.db,
        portal.vault,
        portal.pdf,
        acting=signed_in(request),
        document_id=view.id,
        number=number,
        now=portal.clock(),
    )


async def _signatures(request: WebRequest, opened: PagesView) -> Report:
    portal = portal_of(request)
    return await run(
        documents.document_signatures,
        portal.db,
        portal.vault,
        portal.pdf,
        portal.authority,
        acting=signed_in(request),
        document_id=opened.document.id,
        number=opened.number,
        now=portal.clock(),
    )


async def _first_runs(request: WebRequest, opened: PagesView) -> dict[int, Sequence[Run]]:
    portal = portal_of(request)
    return {
        page: await run(
            documents.page_text,
            portal.db,
            portal.vault,
            portal.pdf,
            acting=signed_in(request),
            document_id=opened.document.id,
            number=opened.number,
            page=page,
            now=portal.clock(),
        )
        for page in range(1, min(INLINE, len(opened.sizes)) + 1)
    }


async def _paragraphs(request: WebRequest, opened: PagesView, page: int) -> list[str]:
    portal = portal_of(request)
    return await run(
        documents.page_paragraphs,
        portal.db,
        portal.vault,
        portal.pdf,
        acting=signed_in(request),
        document_id=opened.document.id,
        number=opened.number,
        page=page,
        now=portal.clock(),
    )


async def _may_upload(request: WebRequest, view: DocumentView) -> bool:
    """Whether a new version may be sent: the folder says so, since uploads go into it."""
    try:
        folder = await run(
            folders.show_folder,
            portal_of(request).db,
            acting=signed_in(request),
            folder_id=FolderId(view.folder_id),
            limit=1,
        )
    except NotFound:
        return False
    return Permission.FOLDER_UPLOAD in folder.may


HANDLERS = [show_document, show_text]
