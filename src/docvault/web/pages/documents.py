"""A document: its pages with text that can be selected, its text for reading, its versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from docvault.actions import break_glass, documents, folders
from docvault.actions.documents import PagesView, Preview, PreviewKind
from docvault.credentials.refusals import CredentialRefused
from docvault.database.documents import DocumentView, VersionView
from docvault.pdf.render import WIDTHS
from docvault.pdf.text import Run
from docvault.pdf.validate import Report
from docvault.policy.vocabulary import Permission
from docvault.rules.glass import REASON_LEAST, REASON_MOST, GlassRefused
from docvault.rules.media_types import PDF
from docvault.rules.scans import words
from docvault.values import DocumentId, DocVaultError, FolderId, NotFound
from docvault.web import forms, kept, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.proofs import ProofForm, prove
from docvault.web.rendering import render
from docvault.web.running import run
from docvault.web.sheets import INLINE, Sheet, sheets

WebRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know about a document before reading it."""

    icon: str
    words: str
    warn: bool = False


class GlassForm(msgspec.Struct, forbid_unknown_fields=True):
    number: int  # of the version that was shown: its digest is what the code confirms
    reason: str = ""
    code: str = ""
    step_up: str = ""


@get("/documents/{document_id:str}")
async def show_document(
    request: WebRequest, document_id: FromPath[str], version: FromQuery[int | None] = None
) -> Response[str]:
    """The pages of a document, where it has any that may be read."""
    return await _show(request, document_id, version)


async def _show(
    request: WebRequest,
    document_id: str,
    version: int | None = None,
    error: DocVaultError | None = None,
    reason: str = "",
) -> Response[str]:
    portal, acting = portal_of(request), signed_in(request)
    view = await run(documents.show_document, portal.db, acting=acting, document_id=DocumentId(document_id))
    shown = version_of(view, version)
    may_read = Permission.DOCUMENT_READ in view.may
    preview = await _preview(request, view, shown.number) if may_read else Preview(PreviewKind.NONE)
    opened = await _open(request, view, shown.number) if preview.kind is PreviewKind.PAGES else None
    obstacle = why_not_signable(shown)
    may_send = Permission.ENVELOPE_CREATE in view.may
    page = render(
        request,
        "document.html",
        problems.meaning_of(error).status if error else 200,
        nav="folders",
        document=view,
        version=shown,
        newest=view.versions[0],
        version_query=f"?version={shown.number}" if version else "",
        sheets=await _sheets(request, opened) if opened else [],
        widths=WIDTHS,
        preview=preview,
        scan_words=words(shown.scan, shown.scan_note),
        notes=_notes(shown, may_read=may_read, obstacle=obstacle if may_send else None),
        report=await _signatures(request, shown, opened),
        can_be_signed=obstacle is None and shown.number == view.versions[0].number,
        may_read=may_read,
        may_download=Permission.DOCUMENT_DOWNLOAD in view.may,
        may_change=Permission.DOCUMENT_CHANGE in view.may,
        may_break=Permission.DOCUMENT_BREAK_GLASS in view.may and not may_read and bool(shown.pages),
        minutes=portal.db.policy.numbers.access.break_glass_minutes,
        reason=reason,
        reason_least=REASON_LEAST,
        reason_most=REASON_MOST,
        trouble=str(error or ""),
        may_send=may_send,
        may_upload=await _may_upload(request, view),
        most=portal.db.policy.numbers.uploads.max_bytes,
        **await kept.of_document(request, view.id),
    )
    page.headers.update(problems.headers_of(error) if error else {})
    return page


@post("/documents/{document_id:str}/break-glass")
async def break_the_glass(request: WebRequest, document_id: FromPath[str]) -> Response[Any]:
    """Take reason and code, prove the code for exactly this version, and open its pages for a while."""
    form = await forms.read(request, GlassForm)
    portal, acting = portal_of(request), signed_in(request)
    try:
        digest = await run(
            break_glass.digest_to_confirm,
            portal.db,
            acting=acting,
            document_id=document_id,
            number=form.number,
            reason=form.reason,
        )
        given = ProofForm(code=form.code, step_up=form.step_up)
        step_up_id, renewed = await prove(request, break_glass.PURPOSE, digest, given)
    except (CredentialRefused, GlassRefused) as error:
        return await _show(request, document_id, form.number, error, form.reason)
    await run(
        break_glass.break_glass_of,
        portal.db,
        portal.vault.records,
        acting=acting,
        document_id=document_id,
        number=form.number,
        reason=form.reason,
        step_up_id=step_up_id,
        now=portal.clock(),
    )
    return Redirect(f"/documents/{document_id}?version={form.number}", status_code=303, cookies=renewed)


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
    # One that arrived signed before signing on top was known is judged when the envelope is made.
    early = version.findings.get("signed") and "arrival" not in version.findings
    if version.findings.get("signable") or early:
        return None
    return str(version.findings.get("reason") or "This PDF cannot be signed.")


def _notes(version: VersionView, *, may_read: bool, obstacle: str | None) -> Sequence[Note]:
    notes = []
    if not may_read:
        notes.append(Note("eye-off", "You can see that this document exists, but not what is in it."))
    findings = version.findings or {}
    if version.media_type == PDF and obstacle:
        notes.append(Note("signature" if findings.get("signed") else "circle-alert", obstacle, warn=True))
    if version.media_type != PDF:
        notes += [Note("circle-alert", str(note), warn=True) for note in findings.get("notes", [])]
    return notes


async def _preview(request: WebRequest, view: DocumentView, number: int) -> Preview:
    portal = portal_of(request)
    return await run(
        documents.open_preview,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        document_id=view.id,
        number=number,
        now=portal.clock(),
    )


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


async def _sheets(request: WebRequest, opened: PagesView) -> list[Sheet]:
    base = f"/api/v1/documents/{opened.document.id}/versions/{opened.number}/pages"
    return sheets(base, opened.sizes, await _first_runs(request, opened))


async def _signatures(request: WebRequest, shown: VersionView, opened: PagesView | None) -> Report | None:
    """Return what the signatures in a file are worth, where it is open and has any."""
    if opened is None or not (shown.findings or {}).get("signed"):
        return None
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


HANDLERS = [show_document, break_the_glass, show_text]
