"""The outbox: what mail left the portal, and its text while no mail server is set."""

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromQuery

from docvault.actions import outbox
from docvault.web.access import portal_of, signed_in
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]


@get("/outbox")
async def show_outbox(request: WebRequest, after: FromQuery[str | None] = None) -> Response[str]:
    """Messages, newest first."""
    portal = portal_of(request)
    messages = await run(
        outbox.list_messages,
        portal.db,
        portal.vault.records,
        portal.mailer,
        acting=signed_in(request),
        after=after,
        now=portal.clock(),
    )
    return render(request, "outbox.html", nav="outbox", messages=messages)


HANDLERS = [show_outbox]
