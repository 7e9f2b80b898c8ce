"""Files that signers hand in, given to everybody once the envelope is completed."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, delete, get, put
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from docvault.actions import attachments
from docvault.values import EnvelopeId
from docvault.web import downloads
from docvault.web.access import SIGNERS, portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer

WebRequest = Request[Any, Any, Any]

BODY_MOST = 32 * 1024 * 1024  # bytes: what one request may bring; the policy says how much a file may have


class Attached(Answer):
    """One file. sha256: hex; scan: clean, unscanned, waiting, failed or infected."""

    id: str
    field_id: str
    recipient_id: str
    name: str
    size: int
    sha256: str
    scan: str
    created_at: datetime


class AttachedFiles(Answer):
    items: list[Attached]


class FileOperation(Operation):
    """Says that the body is the file itself."""

    def __post_init__(self) -> None:
        schema = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        self.request_body = RequestBody(
            content={"application/octet-stream": OpenAPIMediaType(schema=schema)}, required=True
        )


@put(
    "/envelopes/{envelope_id:str}/ceremony/attachments/{field_id:str}",
    opt=SIGNERS,
    status_code=200,
    request_max_body_size=BODY_MOST,
    operation_class=FileOperation,
    summary="Hand in a file",
    tags=["Ceremony"],
)
async def attach(
    request: WebRequest, envelope_id: FromPath[str], field_id: FromPath[str], filename: FromQuery[str]
) -> Attached:
    """Hand in the file that a field asks for, in the place of the one before."""
    portal = portal_of(request)
    kept = await run(
        attachments.attach_file,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        field_id=field_id,
        filename=filename,
        content=await request.body(),
        now=portal.clock(),
    )
    return msgspec.convert(kept, Attached, from_attributes=True)


@delete(
    "/envelopes/{envelope_id:str}/ceremony/attachments/{field_id:str}",
    opt=SIGNERS,
    summary="Take a file back",
    tags=["Ceremony"],
)
async def remove(request: WebRequest, envelope_id: FromPath[str], field_id: FromPath[str]) -> None:
    """Take back a file before signing."""
    portal = portal_of(request)
    await run(
        attachments.remove_file,
        portal.db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        field_id=field_id,
        now=portal.clock(),
    )


@get(
    "/envelopes/{envelope_id:str}/attachments",
    opt=SIGNERS,
    summary="List the files handed in",
    tags=["Envelopes"],
)
async def list_files(request: WebRequest, envelope_id: FromPath[str]) -> AttachedFiles:
    """All files of a completed envelope; before, only one's own."""
    found = await run(
        attachments.list_files,
        portal_of(request).db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
    )
    return AttachedFiles(items=msgspec.convert(found, list[Attached], from_attributes=True))


@get(
    "/envelopes/{envelope_id:str}/attachments/{attachment_id:str}/content",
    opt=SIGNERS,
    summary="Download a file that was handed in",
    tags=["Envelopes"],
)
async def content(request: WebRequest, envelope_id: FromPath[str], attachment_id: FromPath[str]) -> Stream:
    """The file as it was handed in."""
    portal = portal_of(request)
    found = await run(
        attachments.open_file,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        attachment_id=attachment_id,
        now=portal.clock(),
    )
    return await downloads.send(request, found)


HANDLERS = [attach, remove, list_files, content]
