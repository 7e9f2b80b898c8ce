"""Where the link leads that lets somebody set up a lost second factor anew. Opening it changes nothing."""

from typing import Any

from litestar import Request, Response, get

from docvault.web.access import PUBLIC
from docvault.web.rendering import render

WebRequest = Request[Any, Any, Any]


@get("/reproof", opt=PUBLIC)
async def reproof(request: WebRequest) -> Response[str]:
    """Ask for the password. The secret stands behind the # and never reaches a server log (promise 37)."""
    return render(request, "reproof.html")


HANDLERS = [reproof]
