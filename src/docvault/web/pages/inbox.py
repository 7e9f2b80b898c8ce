"""The inbox: what waits for a person, what is under way, what came lately."""

from typing import Any

from litestar import Request, Response, get

from docvault.actions import in_person, inbox
from docvault.web.access import portal_of, signed_in
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]


@get("/inbox")
async def show_inbox(request: WebRequest) -> Response[str]:
    """What waits for the person who is signed in."""
    portal = portal_of(request)
    view = await run(inbox.inbox, portal.db, acting=signed_in(request), now=portal.clock())
    hosted = await run(in_person.waiting, portal.db, acting=signed_in(request))
    return render(request, "inbox.html", nav="inbox", view=view, hosted=hosted)


HANDLERS = [show_inbox]
