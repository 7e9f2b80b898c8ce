"""Where links in mail about one's account lead. A page asks first; opening it changes and reveals nothing.

The secret stands behind the # and reaches the server only with the press of the button (promises 38, 39).
"""

from typing import Any

from litestar import Request, Response, get

from docvault.web.access import PUBLIC
from docvault.web.rendering import render

WebRequest = Request[Any, Any, Any]


@get("/not-me", opt=PUBLIC)
async def not_me(request: WebRequest) -> Response[str]:
    """Ask whether the account is to be closed."""
    return render(request, "not_me.html")


@get("/confirm-email", opt=PUBLIC)
async def confirm_email(request: WebRequest) -> Response[str]:
    """Ask whether the new address is theirs."""
    return render(request, "confirm_email.html")


HANDLERS = [not_me, confirm_email]
