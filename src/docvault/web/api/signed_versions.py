"""The version that was signed, out of a PDF that somebody has: its bytes, and what its pages look like since.

Each question carries the file, so that nothing has to be kept in between.
"""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Annotated, Any, Literal

from anyio import move_on_after
from litestar import Request, Response, post
from litestar.params import QueryParameter
from litestar.response import Stream
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from docvault.actions import verifications
from docvault.pdf.render import WIDTHS
from docvault.pdf.scratch import Scratch
from docvault.pdf.versions import PIECE, Change
from docvault.web import downloads
from docvault.web.access import PUBLIC, portal_of
from docvault.web.api.documents import PageNumber, Width
from docvault.web.api.verification import PATIENCE, PdfOperation, checking, in_turn, receiving
from docvault.web.running import run
from docvault.web.wire import Answer

WebRequest = Request[Any, Any, Any]
View = Annotated[Literal["first", "second", "overlay"], QueryParameter(name="view")]


class PageSinceSigned(Answer):
    """change: same; fields, if only fields differ that were to be filled in; added, if only a later
    signature shows on blank paper; other.
    """

    number: int
    change: Change


class SinceSigned(Answer):
    """cut: there are more pages than are compared."""

    items: list[PageSinceSigned]
    next: str | None
    cut: bool


class _Sending(ASGIResponse):
    """Sends what another one would, and holds the sender's place until that is done or took too long."""

    def __init__(self, inner: ASGIResponse, held: AsyncExitStack) -> None:
        super().__init__()
        self._inner, self._held = inner, held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._held:
            with move_on_after(PATIENCE):
                await self._inner(scope, receive, send)


class Version(Stream):
    """The bytes that were signed; slow readers do not fill the memory, because they keep their place."""

    def __init__(self, found: Scratch, held: AsyncExitStack, headers: dict[str, str]) -> None:
        super().__init__(_pieces(found), media_type="application/pdf", headers=headers)
        self._held = held

    def to_asgi_response(self, *args: Any, **kwargs: Any) -> ASGIResponse:
        return _Sending(super().to_asgi_response(*args, **kwargs), self._held)


def _pieces(found: Scratch) -> Iterator[bytes]:
    with found.open() as opened:
        while piece := opened.read(PIECE):
            yield piece


@post(
    "/verifications/versions/{number:int}",
    opt=PUBLIC,
    status_code=200,
    operation_class=PdfOperation,
    summary="Get the version that was signed",
    tags=["Verification"],
)
async def signed_version(request: WebRequest, number: PageNumber) -> Version:
    """Send the bytes of a PDF; get back those that a signature signed. number: its place in the report."""
    portal = portal_of(request)
    async with AsyncExitStack() as stack:
        source = await stack.enter_async_context(receiving(request))
        async with in_turn(request):
            found = await run(
                verifications.signed_version,
                portal.db,
                portal.pdf,
                portal.authority,
                source=source,
                number=number,
            )
        stack.enter_context(found)
        source.close()
        headers = downloads.headers_of(f"version-{number}.pdf", found.size(), found.sha256())
        return Version(found, stack.pop_all(), headers | {"accept-ranges": "none"})


@post(
    "/verifications/versions/{number:int}/changes",
    opt=PUBLIC,
    status_code=200,
    operation_class=PdfOperation,
    summary="Compare the version that was signed with the file",
    tags=["Verification"],
)
async def changes(request: WebRequest, number: PageNumber) -> SinceSigned:
    """Send the bytes of a PDF; read which pages look different since a signature."""
    portal = portal_of(request)
    async with checking(request) as source:
        found = await run(
            verifications.changes_since, portal.db, portal.pdf, portal.authority, source=source, number=number
        )
    items = [PageSinceSigned(number=page, change=each) for page, each in enumerate(found.pages, start=1)]
    return SinceSigned(items=items, next=None, cut=found.cut)


@post(
    "/verifications/versions/{number:int}/changes/{page:int}",
    opt=PUBLIC,
    status_code=200,
    operation_class=PdfOperation,
    summary="Show a page since it was signed",
    tags=["Verification"],
)
async def picture(
    request: WebRequest,
    number: PageNumber,
    page: PageNumber,
    view: View = "overlay",
    width: Width = WIDTHS[1],
) -> Response[bytes]:
    """Send the bytes of a PDF; get a page as a picture: red was signed and is gone, green came later."""
    portal = portal_of(request)
    async with checking(request) as source:
        drawn, media_type = await run(
            verifications.picture_since,
            portal.db,
            portal.pdf,
            portal.authority,
            source=source,
            number=number,
            page=page,
            width=width,
            view=view,
        )
    return Response(drawn, media_type=media_type)


HANDLERS = [signed_version, changes, picture]
