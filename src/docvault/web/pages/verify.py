"""Where anybody drops a PDF and reads in plain words what holds. Nothing is kept."""

from typing import Any

from litestar import Request, Response, get

from docvault.web.access import PUBLIC, portal_of
from docvault.web.rendering import render

WebRequest = Request[Any, Any, Any]


@get("/verify", opt=PUBLIC)
async def verify(request: WebRequest) -> Response[str]:
    """The page, for visitors and for people who are signed in."""
    most = portal_of(request).db.policy.numbers.uploads.max_signing_bytes
    return render(request, "verify.html", nav="verify", most=most)


HANDLERS = [verify]
