"""A lost second factor: what the holder of the link that two people opened does with it."""

from typing import Any

from litestar import Request, Response, post
from litestar.params import JSONBody

from docvault.actions import reproofs
from docvault.web.access import PUBLIC, portal_of, source_of
from docvault.web.api.session import opened
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class ReproofHeld(Body):
    """token: what stands behind the # of the mailed link."""

    token: str


class ReproofBegun(Body):
    token: str
    password: str


class ReproofDetails(Answer):
    name: str
    email: str


@post("/factor-reproofs/details", opt=PUBLIC, status_code=200, summary="Read a reproof link", tags=["People"])
async def reproof_details(request: WebRequest, data: JSONBody[ReproofHeld]) -> ReproofDetails:
    """Say whom the link is for. Consumes nothing."""
    portal = portal_of(request)
    found = await run(reproofs.reproof_details, portal.db, token=data.token, now=portal.clock())
    return ReproofDetails(name=found.name, email=found.email)


@post(
    "/factor-reproofs/acceptance",
    opt=PUBLIC,
    status_code=204,
    summary="Begin setting up a lost factor anew",
    tags=["People"],
)
async def begin_reproof(request: WebRequest, data: JSONBody[ReproofBegun]) -> Response[None]:
    """Give your password. The session it opens can only set up a second factor."""
    portal = portal_of(request)
    session = await run(
        reproofs.begin_reproof,
        portal.db,
        portal.hasher,
        token=data.token,
        password=data.password,
        source=source_of(request.scope),
        now=portal.clock(),
    )
    return Response(None, status_code=204, cookies=opened(request, session))


HANDLERS = [reproof_details, begin_reproof]
