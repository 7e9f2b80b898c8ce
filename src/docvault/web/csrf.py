"""Refuses what another site made a browser send or show (promise 84).

1. Where a write came from: Sec-Fetch-Site, or Origin in a browser without it. Asked of every write.
2. A token bound to the session, in the header `X-CSRF-Token` or the form field `csrf`. Asked when signed in.
3. What needs a session is neither embedded nor fetched by another site; a page may be opened from a link in
   mail (ASVS 5.0 3.5.8).
"""

import hmac
from typing import Any

from litestar import Request
from litestar.handlers import BaseRouteHandler

from docvault.web import file_forms, forms
from docvault.web.access import PUBLIC, AccessError, Connection, portal_of

SAFE = {"GET", "HEAD", "OPTIONS"}
HEADER = "x-csrf-token"
OWN = {"same-origin", "none"}  # none: typed, bookmarked, or from another program

# What a handler says as part of its `opt` when a write through it changes nothing that is anybody's.
CHANGES_NOTHING = {"csrf": "changes nothing"}


class CrossSite(AccessError):
    """The request did not come from this portal's own pages."""

    def __init__(self) -> None:
        super().__init__(
            "This request did not come from the portal's own pages. Please go back, reload and try again."
        )


async def refuse_cross_site(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of the whole application. Raises CrossSite."""
    if connection.scope.get("method") in SAFE:
        if handler.opt.get("access") != PUBLIC["access"]:
            _check_showing(connection)
        return
    _check_origin(connection)
    token = connection.scope.get("auth")
    if token is None or "csrf" in handler.opt:
        return  # nobody is signed in, so there is no session to ride on; or there is nothing to ride for
    given = connection.headers.get(HEADER) or await _form_token(connection)
    if not hmac.compare_digest(given.encode(), str(token).encode()):
        raise CrossSite


def _check_showing(connection: Connection) -> None:
    """Only a page in a tab of its own is opened from elsewhere: no frame, no image, no script, no fetch."""
    if connection.headers.get("sec-fetch-site", "none") in OWN:
        return
    opened = connection.headers.get("sec-fetch-mode"), connection.headers.get("sec-fetch-dest")
    if opened != ("navigate", "document") or connection.scope["path"].startswith("/api/"):
        raise CrossSite


def _check_origin(connection: Connection) -> None:
    """Sec-Fetch-Site decides where it is sent; our `no-referrer` makes the Origin of a form "null"."""
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    if site is not None and site not in OWN:
        raise CrossSite
    if origin is None or (origin == "null" and site is not None):
        return  # a program, or a browser whose Sec-Fetch-Site has already spoken
    if origin not in _own_origins(connection):
        raise CrossSite


def _own_origins(connection: Connection) -> set[str]:
    host = connection.headers.get("host", "")
    return {portal_of(connection).settings.base_url.rstrip("/"), f"https://{host}", f"http://{host}"}


async def _form_token(connection: Connection) -> str:
    if not isinstance(connection, Request):
        return ""
    request: Request[Any, Any, Any] = connection
    if file_forms.is_file_form(request):
        return (await file_forms.read(request)).fields.get("csrf", "")
    return (await forms.pairs(request)).get("csrf", "") if forms.is_form(request) else ""
