"""Checking a signed PDF: the bytes come in, the report goes out, nothing is kept."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from anyio import CapacityLimiter, fail_after
from litestar import Request, post
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from docvault.actions import verifications
from docvault.pdf.scratch import Scratch
from docvault.web import peer
from docvault.web.access import PUBLIC, AccessError, VerifierBusy, portal_of, source_of
from docvault.web.running import run
from docvault.web.wire import Answer

WebRequest = Request[Any, Any, Any]

AT_ONCE = 4  # documents held in memory for this; anybody may ask, so more are told to come back
FROM_ONE = 2  # of them from one network
CHECKS = 1  # of them in a PDF worker: the others are for people who are signed in
PATIENCE = 120  # seconds until the whole document has to be here


class TooSlow(AccessError):
    """The document did not arrive in time."""

    def __init__(self) -> None:
        super().__init__("The document took too long to arrive. Please try again on a faster connection.")


class Places:
    """Who is having a document checked at the moment. Used on the event loop only."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self.checking = CapacityLimiter(CHECKS)

    @contextmanager
    def one(self, network: str) -> Iterator[None]:
        """Take a place for somebody of `network`. Raises VerifierBusy."""
        if self._taken.total() >= AT_ONCE or self._taken[network] >= FROM_ONE:
            raise VerifierBusy
        self._taken[network] += 1
        try:
            yield
        finally:
            self._taken[network] -= 1
            self._taken += Counter()  # forgets who has none


class Signature(Answer):
    """One signature or document timestamp, oldest first. code: stable, `ok` or `ok-timestamp` if it holds.

    assurance: advanced or simple, by the evidence in hand. anchor: the trusted certificate it leads to.
    signed_bytes: the version that was signed is the file up to here.
    """

    signer: str
    email: str | None
    organisation: str | None
    kind: str
    time: datetime | None
    time_source: str
    clock: str | None
    coverage: str
    modification: str
    trust: str
    level: str
    assurance: str | None
    anchor: str | None
    anchor_sha256: str | None
    certificate_sha256: str | None
    signed_bytes: int | None
    code: str
    reason: str


class SignatureReport(Answer):
    """verdict: valid, not-trusted, modified, invalid, not-signed or unreadable; the worst one counts.

    reasons: the worst first, with their codes. advice: what to do next. pages_compared: drawn as the first
    signature saw them and as they are now; pages_changed: those that differ outside the fields.
    """

    verdict: str
    summary: str
    reasons: list[str]
    codes: list[str]
    advice: str
    pages: int | None
    pages_compared: int
    pages_changed: list[int]
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
    async with checking(request) as source:
        report = await run(
            verifications.verify_document, portal.db, portal.pdf, portal.authority, source=source
        )
    return msgspec.convert(report, SignatureReport, from_attributes=True)


@asynccontextmanager
async def checking(request: WebRequest) -> AsyncIterator[Scratch]:
    """Take the document that was sent, in its turn; it is gone when the block ends. Raises as `receiving`."""
    async with receiving(request) as source, in_turn(request):
        yield source


@asynccontextmanager
async def receiving(request: WebRequest) -> AsyncIterator[Scratch]:
    """Take a place and the document that was sent, in memory until the block ends.

    Raises VerifierBusy, TooSlow.
    """
    places: Places = request.app.state.verification_places
    with places.one(peer.network_of(source_of(request.scope).address)), Scratch.create() as source:
        await _receive(request, source)
        yield source


def in_turn(request: WebRequest) -> CapacityLimiter:
    """Return what to hold while a PDF worker is busy for anybody who asks."""
    places: Places = request.app.state.verification_places
    return places.checking


async def _receive(request: WebRequest, target: Scratch) -> None:
    """Take the whole document. Raises TooSlow."""
    try:
        with fail_after(PATIENCE):
            async for chunk in request.stream():
                target.file.write(chunk)
    except TimeoutError as error:
        raise TooSlow from error
    target.seal()


HANDLERS = [verify]
