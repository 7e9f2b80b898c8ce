"""Refuses writes that another site made a browser send (promise 84). Two checks, both must hold.

1. Where the request came from: Sec-Fetch-Site, or Origin in a browser without it. Asked of every write.
2. A token bound to the session, in the header `X-CSRF-Token` or the form field `csrf`. Asked when signed in.
"""

import hmac
from typing import Any

from litestar import Request
from litestar.handlers import BaseRouteHandler

from docvault.web import forms
from docvault.web.access import AccessError, Connection, portal_of

SAFE = {"GET", "HEAD", "OPTIONS"}
HEADER = "x-csrf-token"


class CrossSite(AccessError):
    """The request did not come from this portal's own pages."""

    def __init__(self) -> None:
        super().__init__(
            "This request did not come from the portal's own pages. Please go back, reload and try again."
        )


async def refuse_cross_site(connection: Connection, handler: BaseRouteHandler) -> None:  # noqa: ARG001 - a guard's signature
    """Guard of the whole application. Raises CrossSite."""
    if connection.scope.get("method") in SAFE:
        return
    _check_origin(connection)
    token = connection.scope.get("auth")
    if token is None:
        return  # nobody is signed in: there is no session to ride on
    given = connection.headers.get(HEADER) or await _form_token(connection)
    if not hmac.compare_digest(given.encode(), str(token).encode()):
        raise CrossSite


def _check_origin(connection: Connection) -> None:
    """Sec-Fetch-Site decides where it is sent; our `no-referrer` makes the Origin of a form "null"."""
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    if site is not None and site not in {"same-origin", "none"}:
        raise CrossSite
    if origin is None or (origin == "null" and site is not None):
        return  # a program, or a browser whose Sec-Fetch-Site has already spoken
    if origin not in _own_origins(connection):
        raise CrossSite


def _own_origins(connection: Connection) -> set[str]:
    host = connection.headers.get("host", "")
    return {portal_of(connection).settings.base_url.rstrip("/"), f"https://{host}", f"http://{host}"}


async def _form_token(connection: Connection) -> str:
    if not isinstance(connection, Request) or not forms.is_form(connection):
        return ""
    request: Request[Any, Any, Any] = connection
    return (await forms.pairs(request)).get("csrf", "")
