"""Signing on paper: the signer adds and hands in sheets, the sender looks at the scan and decides."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream

from docvault.actions import paper_checks, papers
from docvault.actions.papers import PaperView
from docvault.values import EnvelopeId
from docvault.web import downloads
from docvault.web.access import SIGNERS, portal_of, signed_in
from docvault.web.api.attachments import BODY_MOST, FileOperation
from docvault.web.api.documents import PageNumber
from docvault.web.api.envelope_files import WIDTH, Width
from docvault.web.api.envelopes import Reason
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class Sheet(Answer):
    """One file. scan: clean, unscanned, waiting, failed or infected."""

    id: str
    name: str
    pages: int
    size: int
    sha256: str
    scan: str


class Sheets(Answer):
    """digest: of the sheets in this order, hex SHA-256; the second factor is given for it.

    asked_pages: of the documents. returned: why the sender sent the scan before back.
    """

    sheets: list[Sheet]
    pages: int
    asked_pages: int
    digest: str
    returned: str


class HandingIn(Body):
    """digest: of the sheets that were looked at. step_up: the id that POST /step-ups gave for it."""

    digest: str
    step_up: str


class Paper(Answer):
    """One scan. Neither accepted nor returned: it waits for the sender."""

    id: str
    recipient_id: str
    pages: int
    size: int
    sha256: str
    handed_in_at: datetime
    accepted_at: datetime | None
    returned_at: datetime | None
    reason: str


class Papers(Answer):
    items: list[Paper]


@get(
    "/envelopes/{envelope_id:str}/ceremony/paper",
    opt=SIGNERS,
    summary="Show the sheets signed by hand so far",
    tags=["Ceremony"],
)
async def show(request: WebRequest, envelope_id: FromPath[str]) -> Sheets:
    """The sheets that were added and not handed in yet."""
    portal = portal_of(request)
    view = await run(
        papers.show_paper,
        portal.db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        now=portal.clock(),
    )
    return _sheets(view)


@post(
    "/envelopes/{envelope_id:str}/ceremony/paper/sheets",
    opt=SIGNERS,
    request_max_body_size=BODY_MOST,
    operation_class=FileOperation,
    summary="Add a sheet signed by hand",
    tags=["Ceremony"],
)
async def add(request: WebRequest, envelope_id: FromPath[str], filename: FromQuery[str]) -> Sheets:
    """Add a photograph of a page, or a PDF, behind the sheets there are."""
    portal = portal_of(request)
    view = await run(
        papers.add_sheet,
        portal.db,
        portal.vault,
        portal.pdf,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        filename=filename,
        content=await request.body(),
        now=portal.clock(),
    )
    return _sheets(view)


@delete(
    "/envelopes/{envelope_id:str}/ceremony/paper/sheets/{sheet_id:str}",
    opt=SIGNERS,
    status_code=200,
    summary="Take a sheet away",
    tags=["Ceremony"],
)
async def remove(request: WebRequest, envelope_id: FromPath[str], sheet_id: FromPath[str]) -> Sheets:
    """Take one sheet away before handing in."""
    portal = portal_of(request)
    view = await run(
        papers.remove_sheet,
        portal.db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        sheet_id=sheet_id,
        now=portal.clock(),
    )
    return _sheets(view)


@get(
    "/envelopes/{envelope_id:str}/ceremony/paper/sheets/{sheet_id:str}/pages/{page:int}",
    opt=SIGNERS,
    summary="Show a page of a sheet as a picture",
    tags=["Ceremony"],
)
async def sheet_image(
    request: WebRequest,
    envelope_id: FromPath[str],
    sheet_id: FromPath[str],
    page: PageNumber,
    width: Width = WIDTH,
) -> Response[bytes]:
    """A page of one's own sheet as a picture."""
    portal = portal_of(request)
    picture, media_type = await run(
        papers.sheet_image,
        portal.db,
        portal.vault,
        portal.pdf,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        sheet_id=sheet_id,
        page=page,
        width=width,
        now=portal.clock(),
    )
    return Response(picture, media_type=media_type)


@post(
    "/envelopes/{envelope_id:str}/ceremony/paper/hand-in",
    opt=SIGNERS,
    status_code=204,
    summary="Hand in what was signed by hand",
    tags=["Ceremony"],
)
async def hand_in(request: WebRequest, envelope_id: FromPath[str], data: JSONBody[HandingIn]) -> None:
    """Hand all sheets to the sender, with a proof of the second factor for exactly these."""
    portal = portal_of(request)
    await run(
        papers.hand_in,
        portal.db,
        portal.vault,
        portal.pdf,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        digest=data.digest,
        step_up_id=data.step_up,
        now=portal.clock(),
    )


@get(
    "/envelopes/{envelope_id:str}/papers",
    opt=SIGNERS,
    summary="List the scans of what was signed by hand",
    tags=["Envelopes"],
)
async def list_papers(request: WebRequest, envelope_id: FromPath[str]) -> Papers:
    """All scans for whoever runs the envelope, and for everybody once it is completed; else one's own."""
    found = await run(
        paper_checks.list_papers,
        portal_of(request).db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
    )
    return Papers(items=msgspec.convert(found, list[Paper], from_attributes=True))


@get(
    "/envelopes/{envelope_id:str}/papers/{paper_id:str}/content",
    opt=SIGNERS,
    summary="Download a scan",
    tags=["Envelopes"],
)
async def content(request: WebRequest, envelope_id: FromPath[str], paper_id: FromPath[str]) -> Stream:
    """The scan as one PDF."""
    portal = portal_of(request)
    found = await run(
        paper_checks.open_paper,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        paper_id=paper_id,
        now=portal.clock(),
    )
    return await downloads.send(request, found)


@get(
    "/envelopes/{envelope_id:str}/papers/{paper_id:str}/pages/{page:int}",
    opt=SIGNERS,
    summary="Show a page of a scan as a picture",
    tags=["Envelopes"],
)
async def page_image(
    request: WebRequest,
    envelope_id: FromPath[str],
    paper_id: FromPath[str],
    page: PageNumber,
    width: Width = WIDTH,
) -> Response[bytes]:
    """A page of a scan as a picture."""
    portal = portal_of(request)
    picture, media_type = await run(
        paper_checks.paper_image,
        portal.db,
        portal.vault,
        portal.pdf,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        paper_id=paper_id,
        page=page,
        width=width,
    )
    return Response(picture, media_type=media_type)


@post(
    "/envelopes/{envelope_id:str}/papers/{paper_id:str}/acceptance",
    status_code=204,
    summary="Accept a scan",
    tags=["Envelopes"],
)
async def accept(request: WebRequest, envelope_id: FromPath[str], paper_id: FromPath[str]) -> None:
    """Count a scan as its person's signature."""
    portal = portal_of(request)
    await run(
        paper_checks.accept_paper,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        paper_id=paper_id,
        now=portal.clock(),
    )


@post(
    "/envelopes/{envelope_id:str}/papers/{paper_id:str}/return",
    status_code=204,
    summary="Send a scan back",
    tags=["Envelopes"],
)
async def send_back(
    request: WebRequest, envelope_id: FromPath[str], paper_id: FromPath[str], data: JSONBody[Reason]
) -> None:
    """Send a scan back with a reason; its signer is asked again."""
    portal = portal_of(request)
    await run(
        paper_checks.return_paper,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        paper_id=paper_id,
        reason=data.reason,
        now=portal.clock(),
    )


def _sheets(view: PaperView) -> Sheets:
    return msgspec.convert(view, Sheets, from_attributes=True)


HANDLERS = [
    show,
    add,
    remove,
    sheet_image,
    hand_in,
    list_papers,
    content,
    page_image,
    accept,
    send_back,
]
