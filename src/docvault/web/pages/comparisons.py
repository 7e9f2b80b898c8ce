"""Two versions of a document next to each other: what looks different, and which words went and came."""

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery

from docvault.pdf.render import WIDTHS
from docvault.web.api.comparisons import First, Second, compared
from docvault.web.rendering import render

SHOWN = 20  # pages with pictures at once


@get("/documents/{document_id:str}/compare")
async def compare(
    request: Request[Any, Any, Any],
    document_id: FromPath[str],
    first: First,
    second: Second,
    view: FromQuery[str] = "side",
) -> Response[str]:
    """The pages that differ; view: `side` by side, or laid over each other as `overlay`."""
    found = await compared(request, document_id, first, second)
    differing = [page for page in found.pages if page.differs]
    base = f"/api/v1/documents/{document_id}/comparison"
    return render(
        request,
        "compare.html",
        nav="folders",
        document=found.document,
        first=found.first,
        second=found.second,
        count=len(found.pages),
        differing=differing,
        shown=differing[:SHOWN],
        cut=found.cut,
        overlay=view == "overlay",
        picture=lambda page, which: f"{base}/{page}?from={first}&to={second}&view={which}&width={WIDTHS[1]}",
    )


HANDLERS = [compare]
