"""Documents: what they are, their bytes, their pages as pictures and as text."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import HttpMethod, Request, Response, delete, get, post, route
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter
from litestar.response import Stream

from docvault.actions import break_glass, documents, places
from docvault.pdf.render import WIDTHS
from docvault.values import DocumentId
from docvault.web import downloads
from docvault.web.access import portal_of, signed_in
from docvault.web.api.verification import SignatureReport
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]

NUMBER_MOST = 999_999  # of a page or a version; databases and workers could not even hold a huge one
PageNumber = Annotated[int, PathParameter(ge=1, le=NUMBER_MOST, description="from 1")]
Width = Annotated[
    int, QueryParameter(name="width", description=f"pixels, one of {', '.join(map(str, WIDTHS))}")
]
WIDTH = WIDTHS[1]


class Version(Answer):
    number: int
    size: int
    sha256: str
    media_type: str
    created_at: datetime
    by: str | None
    pages: int | None
    comment: str | None
    restored_from: int | None
    scan: str


class Document(Answer):
    id: str
    name: str
    folder_id: str
    folder_name: str
    versions: list[Version]


class Versions(Answer):
    items: list[Version]
    next: str | None


class BreakGlass(Body):
    """number: the version whose digest was confirmed. step_up: a proof for `document:break-glass`."""

    number: Annotated[int, msgspec.Meta(ge=1, le=NUMBER_MOST)]
    reason: str
    step_up: str


class OpenDocument(Answer):
    until: datetime


class Run(Answer):
    """Text on one line. x, y: the box's lower left corner in displayed points; angle: degrees, clockwise."""

    x: float
    y: float
    width: float
    size: float
    angle: float
    text: str


class Runs(Answer):
    items: list[Run]


def runs_answer(found: Any) -> Runs:
    """Return the runs of a page as they go over the wire."""
    return Runs(items=msgspec.convert(found, list[Run], from_attributes=True))


@get("/documents/{document_id:str}", summary="Show a document", tags=["Documents"])
async def document(request: WebRequest, document_id: FromPath[str]) -> Document:
    """One document and its versions."""
    view = await run(
        documents.show_document,
        portal_of(request).db,
        acting=signed_in(request),
        document_id=DocumentId(document_id),
    )
    return msgspec.convert(view, Document, from_attributes=True)


@delete(
    "/documents/{document_id:str}", status_code=204, summary="Put a document into the bin", tags=["Documents"]
)
async def bin_document(request: WebRequest, document_id: FromPath[str]) -> None:
    """Put a document into the recycle bin. Envelopes that were made of it go on."""
    portal = portal_of(request)
    about: dict[str, Any] = {"document_ids": [document_id], "now": portal.clock()}
    await run(places.bin_things, portal.db, acting=signed_in(request), **about)


@post(
    "/documents/{document_id:str}/break-glass", status_code=200, summary="Break the glass", tags=["Documents"]
)
async def break_the_glass(
    request: WebRequest, document_id: FromPath[str], data: JSONBody[BreakGlass]
) -> OpenDocument:
    """Open the pages of a document for a while, as a compliance officer; everybody in charge is told why."""
    portal = portal_of(request)
    until = await run(
        break_glass.break_glass_of,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        document_id=document_id,
        number=data.number,
        reason=data.reason,
        step_up_id=data.step_up,
        now=portal.clock(),
    )
    return OpenDocument(until=until)


@get("/documents/{document_id:str}/versions", summary="List versions", tags=["Documents"])
async def versions(request: WebRequest, document_id: FromPath[str]) -> Versions:
    """The versions of a document, oldest first."""
    view = await run(
        documents.show_document,
        portal_of(request).db,
        acting=signed_in(request),
        document_id=DocumentId(document_id),
    )
    return Versions(items=msgspec.convert(view.versions, list[Version], from_attributes=True), next=None)


@get(
    "/documents/{document_id:str}/versions/{number:int}/content",
    summary="Download a version",
    tags=["Documents"],
)
async def content(request: WebRequest, document_id: FromPath[str], number: PageNumber) -> Stream:
    """The bytes as they were uploaded, whole or in a range."""
    portal = portal_of(request)
    found = await run(
        documents.read_document,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        document_id=DocumentId(document_id),
        number=number,
        now=portal.clock(),
    )
    return await downloads.send(request, found)


@route(
    "/documents/{document_id:str}/versions/{number:int}/content",
    http_method=[HttpMethod.HEAD],
    status_code=200,
    summary="Ask about a version's file",
    tags=["Documents"],
)
async def content_head(
    request: WebRequest, document_id: FromPath[str], number: PageNumber
) -> Response[bytes]:
    """Size, kind and entity tag of the bytes, without them."""
    portal = portal_of(request)
    found = await run(
        documents.describe_file,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        document_id=DocumentId(document_id),
        number=number,
    )
    headers = downloads.headers_of(found.name, found.size, found.sha256)
    return Response(b"", media_type=found.media_type, headers=headers)


@get(
    "/documents/{document_id:str}/versions/{number:int}/pages/{page:int}",
    summary="Show a page as a picture",
    tags=["Documents"],
)
async def page_image(
    request: WebRequest,
    document_id: FromPath[str],
    number: PageNumber,
    page: PageNumber,
    width: Width = WIDTH,
) -> Response[bytes]:
    """A page as a picture."""
    portal = portal_of(request)
    picture, media_type = await run(
        documents.page_image,
        portal.db,
        portal.vault,
        portal.pdf,
        acting=signed_in(request),
        document_id=DocumentId(document_id),
        number=number,
        page=page,
        width=width,
        now=portal.clock(),
    )
    return Response(picture, media_type=media_type)


@get(
    "/documents/{document_id:str}/versions/{number:int}/pages/{page:int}/text",
    summary="Read the text of a page",
    tags=["Documents"],
)
async def page_text(
    request: WebRequest, document_id: FromPath[str], number: PageNumber, page: PageNumber
) -> Runs:
    """A page's text, run by run, for the layer over its picture."""
    portal = portal_of(request)
    found = await run(
        documents.page_text,
        portal.db,
        portal.vault,
        portal.pdf,
        acting=signed_in(request),
        document_id=DocumentId(document_id),
        number=number,
        page=page,
        now=portal.clock(),
    )
    return runs_answer(found)


@get(
    "/documents/{document_id:str}/versions/{number:int}/picture",
    summary="Show a picture",
    tags=["Documents"],
)
async def picture(request: WebRequest, document_id: FromPath[str], number: PageNumber) -> Response[bytes]:
    """A picture as DocVault drew it anew, at most 2000 points wide and high: never the bytes that came."""
    return await _picture(request, document_id, number, small=False)


@get(
    "/documents/{document_id:str}/versions/{number:int}/thumbnail",
    summary="Show a thumbnail",
    tags=["Documents"],
)
async def thumbnail(request: WebRequest, document_id: FromPath[str], number: PageNumber) -> Response[bytes]:
    """A picture of at most 160 points. The browser may keep it, and asks before it shows it again."""
    return await _picture(request, document_id, number, small=True)


async def _picture(request: WebRequest, document_id: str, number: int, *, small: bool) -> Response[bytes]:
    portal = portal_of(request)
    found = await run(
        documents.open_picture,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        document_id=document_id,
        number=number,
        small=small,
        now=portal.clock(),
    )
    headers = {"content-security-policy": downloads.SANDBOX}
    if small:
        headers |= {"cache-control": "private, no-cache", "etag": f'"{found.sha256}"'}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(b"", status_code=304, headers=headers)
    content = await run(found.read)
    return Response(content, media_type=found.media_type, headers=headers)


@get(
    "/documents/{document_id:str}/versions/{number:int}/signatures",
    summary="Check the signatures of a version",
    tags=["Documents"],
)
async def signatures(request: WebRequest, document_id: FromPath[str], number: PageNumber) -> SignatureReport:
    """What holds of the signatures that the file came with; checked at every request."""
    portal = portal_of(request)
    report = await run(
        documents.document_signatures,
        portal.db,
        portal.vault,
        portal.pdf,
        portal.authority,
        acting=signed_in(request),
        document_id=DocumentId(document_id),
        number=number,
        now=portal.clock(),
    )
    return msgspec.convert(report, SignatureReport, from_attributes=True)


HANDLERS = [
    document,
    bin_document,
    break_the_glass,
    versions,
    content,
    content_head,
    page_image,
    page_text,
    picture,
    thumbnail,
    signatures,
]
