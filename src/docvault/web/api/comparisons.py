"""Two versions of a document next to each other."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath, QueryParameter

from docvault.actions import comparisons
from docvault.pdf.render import WIDTHS
from docvault.web.access import portal_of, signed_in
from docvault.web.api.documents import NUMBER_MOST, PageNumber, Width
from docvault.web.running import run
from docvault.web.wire import Answer

WebRequest = Request[Any, Any, Any]
First = Annotated[int, QueryParameter(name="from", ge=1, le=NUMBER_MOST)]
Second = Annotated[int, QueryParameter(name="to", ge=1, le=NUMBER_MOST)]
View = Annotated[Literal["first", "second", "overlay"], QueryParameter(name="view")]


class Words(Answer):
    kind: Literal["same", "gone", "new"]
    text: str


class PageDifference(Answer):
    """words: the text of both as one; empty if both have the same words."""

    number: int
    in_first: bool
    in_second: bool
    looks_different: bool
    words: list[Words]


class Comparison(Answer):
    """cut: there are more pages than are compared."""

    items: list[PageDifference]
    next: str | None
    cut: bool


@get("/documents/{document_id:str}/comparison", summary="Compare two versions", tags=["Documents"])
async def comparison(
    request: WebRequest, document_id: FromPath[str], first: First, second: Second
) -> Comparison:
    """What differs between two versions that are PDFs, page by page."""
    found = await compared(request, document_id, first, second)
    pages = msgspec.convert(found.pages, list[PageDifference], from_attributes=True)
    return Comparison(items=pages, next=None, cut=found.cut)


@get(
    "/documents/{document_id:str}/comparison/{page:int}",
    summary="Show a page of a comparison",
    tags=["Documents"],
)
async def comparison_page(
    request: WebRequest,
    document_id: FromPath[str],
    page: PageNumber,
    first: First,
    second: Second,
    view: View = "overlay",
    width: Width = WIDTHS[1],
) -> Response[bytes]:
    """A page as a picture: what only the older version has is red, what only the newer one has is green."""
    portal = portal_of(request)
    picture, media_type = await run(
        comparisons.comparison_image,
        portal.db,
        portal.vault,
        portal.pdf,
        acting=signed_in(request),
        document_id=document_id,
        first=first,
        second=second,
        page=page,
        width=width,
        view=view,
        now=portal.clock(),
    )
    return Response(picture, media_type=media_type)


async def compared(request: WebRequest, document_id: str, first: int, second: int) -> comparisons.Comparison:
    """Return the comparison that an address asks for."""
    portal = portal_of(request)
    return await run(
        comparisons.compare_versions,
        portal.db,
        portal.vault,
        portal.pdf,
        acting=signed_in(request),
        document_id=document_id,
        first=first,
        second=second,
        now=portal.clock(),
    )


HANDLERS = [comparison, comparison_page]
