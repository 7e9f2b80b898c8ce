"""A person's own account."""

from typing import Any

from litestar import Request, Response, get

from docvault.web.rendering import render

WebRequest = Request[Any, Any, Any]


@get("/account")
async def account(request: WebRequest) -> Response[str]:
    """Who I am and how I signed in."""
    return render(request, "account.html")


HANDLERS = [account]
