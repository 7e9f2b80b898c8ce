"""What there is to read of an envelope: its documents, its pages, and all its evidence."""

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from docvault.actions import envelope_files, evidence_bundles
from docvault.actions.envelope_files import Which
from docvault.pdf.render import WIDTHS
from docvault.values import EnvelopeId
from docvault.web import downloads
from docvault.web.access import SIGNERS, portal_of, signed_in
from docvault.web.api.documents import PageNumber, Runs, runs_answer
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

Width = Annotated[
    int, QueryParameter(name="width", description=f"pixels, one of {', '.join(map(str, WIDTHS))}")
]
WIDTH = WIDTHS[1]
Position = Annotated[
    int, QueryParameter(name="document", ge=1, description="which document of the envelope, from 1")
]


@get(
    "/envelopes/{envelope_id:str}/documents/{which:str}/content",
    opt=SIGNERS,
    summary="Download a document of an envelope",
    tags=["Envelopes"],
)
async def content(
    request: WebRequest, envelope_id: FromPath[str], which: FromPath[Which], document: Position = 1
) -> Stream:
    """A document as sent, as signed, or the certificate of completion."""
    portal = portal_of(request)
    found = await run(
        envelope_files.open_envelope_file,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        which=which,
        position=document,
        now=portal.clock(),
    )
    return await downloads.send(request, found)


@get(
    "/envelopes/{envelope_id:str}/evidence",
    opt=SIGNERS,
    summary="Take away all evidence",
    tags=["Envelopes"],
)
async def evidence(request: WebRequest, envelope_id: FromPath[str]) -> Stream:
    """Documents, signatures, certificates, consents and the proven audit trail, as a ZIP to check offline."""
    portal = portal_of(request)
    made = await run(
        evidence_bundles.take_evidence,
        portal.db,
        portal.vault,
        portal.pdf,
        portal.authority,
        portal.log_key,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        now=portal.clock(),
    )
    return downloads.send_archive(made.name, made.parts)


@get(
    "/envelopes/{envelope_id:str}/pages/{page:int}",
    opt=SIGNERS,
    summary="Show a page of an envelope as a picture",
    tags=["Envelopes"],
)
async def page_image(
    request: WebRequest, envelope_id: FromPath[str], page: PageNumber, width: Width = WIDTH
) -> Response[bytes]:
    """A page of the document as a picture."""
    portal = portal_of(request)
    picture, media_type = await run(
        envelope_files.envelope_page_image,
        portal.db,
        portal.vault,
        portal.pdf,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        page=page,
        width=width,
        now=portal.clock(),
    )
    return Response(picture, media_type=media_type)


@get(
    "/envelopes/{envelope_id:str}/pages/{page:int}/text",
    opt=SIGNERS,
    summary="Read the text of a page of an envelope",
    tags=["Envelopes"],
)
async def page_text(request: WebRequest, envelope_id: FromPath[str], page: PageNumber) -> Runs:
    """A page's text, run by run."""
    portal = portal_of(request)
    found = await run(
        envelope_files.envelope_page_runs,
        portal.db,
        portal.vault,
        portal.pdf,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        page=page,
        now=portal.clock(),
    )
    return runs_answer(found)


HANDLERS = [content, evidence, page_image, page_text]
