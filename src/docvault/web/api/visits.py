"""What a guest's browser may ask: to begin a visit, what it sent, to leave, and to send files by tus 1.0.

A visit is a cookie of its own, good for these routes and nothing else; the link's secret is posted once.
"""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, Router, delete, get, post
from litestar.params import JSONBody

from docvault.actions import visits
from docvault.web import cookies, tus
from docvault.web.access import GUEST, PUBLIC, guest_of, portal_of, source_of
from docvault.web.api import uploads
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class NewVisit(Body):
    """token: what stands behind the # of the link. name, email: the guest's. code: where one is asked."""

    token: str
    name: str
    email: str
    code: str = ""


class Sent(Answer):
    name: str
    size: int
    sha256: str
    sent_at: datetime


class Visit(Answer):
    """What this browser sent in this visit, and what the request still takes."""

    title: str
    message: str
    maker_name: str
    maker_organisation: str
    ends_at: datetime
    files_left: int
    bytes_left: int
    guest_name: str
    sent: list[Sent]
    under_way: int


@post("/visits", opt=PUBLIC, status_code=204, summary="Answer a request for files", tags=["Guests"])
async def open_visit(request: WebRequest, data: JSONBody[NewVisit]) -> Response[None]:
    """Say who you are, with the secret of the link; the answer is a cookie for this browser."""
    portal = portal_of(request)
    token = await run(
        visits.open_visit,
        portal.db,
        portal.hasher,
        token=data.token,
        name=data.name,
        email=data.email,
        code=data.code,
        source=source_of(request.scope),
        now=portal.clock(),
    )
    hours = portal.db.policy.numbers.uploads.visit_hours
    return Response(None, status_code=204, cookies=[cookies.visit_cookie(token, hours)])


@get("/visit", opt=GUEST, summary="Show your visit", tags=["Guests"])
async def show_visit(request: WebRequest) -> Visit:
    """The request, and what you sent; nothing else in the folder is yours to see."""
    portal = portal_of(request)
    view = await run(visits.show_visit, portal.db, acting=guest_of(request), now=portal.clock())
    return msgspec.convert(view, Visit, from_attributes=True)


@delete("/visit", opt=GUEST, status_code=204, summary="End your visit", tags=["Guests"])
async def end_visit(request: WebRequest) -> Response[None]:
    """Leave: this browser sees nothing of the visit any more. What was sent stays."""
    portal = portal_of(request)
    await run(visits.end_visit, portal.db, acting=guest_of(request), now=portal.clock())
    return Response(None, status_code=204, cookies=[cookies.ended(cookies.VISIT)])


HANDLERS = [
    open_visit,
    show_visit,
    end_visit,
    Router(
        "/visit/uploads",
        route_handlers=uploads.PROTOCOL,
        exception_handlers={Exception: tus.answer},
        after_request=tus.name_protocol,
        opt=GUEST,
    ),
]
