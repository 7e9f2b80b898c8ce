"""The inbox: what waits for a person, what is under way, what came lately."""

from typing import Any

from litestar import Request, Response, get

from docvault.actions import inbox
from docvault.web.access import portal_of, signed_in
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]


@get("/inbox")
async def show_inbox(request: WebRequest) -> Response[str]:
    """What waits for the person who is signed in."""
    portal = portal_of(request)
    view = await run(inbox.inbox, portal.db, acting=signed_in(request), now=portal.clock())
    return render(request, "inbox.html", nav="inbox", view=view)


HANDLERS = [show_inbox]
