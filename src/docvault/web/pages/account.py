"""A person's own account."""

from typing import Any

from litestar import Request, Response, get

from docvault.web.access import signed_in
from docvault.web.rendering import render

WebRequest = Request[Any, Any, Any]

FACTORS = {"password": "Password", "totp": "authenticator app", "recovery": "recovery code"}


@get("/account")
async def account(request: WebRequest) -> Response[str]:
    """Who I am and how I signed in."""
    factors = " and ".join(FACTORS.get(part, part) for part in signed_in(request).factors.split("+"))
    return render(request, "account.html", factors=factors)


HANDLERS = [account]
