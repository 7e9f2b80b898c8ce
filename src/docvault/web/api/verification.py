"""Checking a signed PDF: the bytes come in, the report goes out, nothing is kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anyio import CapacityLimiter, WouldBlock
from litestar import Request, post
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from docvault.actions import verifications
from docvault.pdf.scratch import Scratch
from docvault.web.access import PUBLIC, VerifierBusy, portal_of
from docvault.web.running import run
from docvault.web.wire import Answer

WebRequest = Request[Any, Any, Any]

AT_ONCE = 4  # documents held in memory for this; anybody may ask, so more are told to come back


class Signature(Answer):
    """One signature or document timestamp, oldest first. code: stable, `ok` or `ok-timestamp` if it holds."""

    signer: str
    email: str | None
    organisation: str | None
    kind: str
    time: datetime | None
    time_source: str
    coverage: str
    modification: str
    trust: str
    level: str
    code: str
    reason: str


class SignatureReport(Answer):
    """verdict: valid, not-trusted, modified, invalid, not-signed or unreadable; the worst one counts."""

    verdict: str
    reasons: list[str]
    pages: int | None
    signatures: list[Signature]


@dataclass
class PdfOperation(Operation):
    """Says in the API's description that the body is a PDF."""

    def __post_init__(self) -> None:
        pdf = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))
        self.request_body = RequestBody(content={"application/pdf": pdf}, required=True)


@post(
    "/verifications",
    opt=PUBLIC,
    status_code=200,
    operation_class=PdfOperation,
    summary="Check a signed PDF",
    tags=["Verification"],
)
async def verify(request: WebRequest) -> SignatureReport:
    """Send the bytes of a PDF and read what holds. Nothing is kept."""
    portal = portal_of(request)
    slots: CapacityLimiter = request.app.state.verification_slots
    try:
        slots.acquire_nowait()
    except WouldBlock as error:
        raise VerifierBusy from error
    try:
        with Scratch.create() as source:
            async for chunk in request.stream():
                source.file.write(chunk)
            source.seal()
            report = await run(verifications.verify_document, portal.pdf, portal.authority, source=source)
    finally:
        slots.release()
    return SignatureReport(
        verdict=report.verdict,
        reasons=list(report.reasons),
        pages=report.pages,
        signatures=[
            Signature(**{name: getattr(item, name) for name in Signature.__struct_fields__})
            for item in report.signatures
        ],
    )


HANDLERS = [verify]
