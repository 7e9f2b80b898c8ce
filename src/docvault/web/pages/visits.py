"""Where the link of a request for files leads: saying who one is, sending, and a receipt.

The first page is the same for every link: the secret behind the # leaves the browser only with the button
(promises 38, 39).
"""

from typing import Any

from litestar import Request, Response, get

from docvault.actions import visits
from docvault.web.access import GUEST, PUBLIC, guest_of, portal_of
from docvault.web.formats import size
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]


@get("/r", opt=PUBLIC)
async def knock(request: WebRequest) -> Response[str]:
    """Ask who the guest is."""
    return render(request, "visit_start.html")


@get("/r/over", opt=PUBLIC)
async def over(request: WebRequest) -> Response[str]:
    """Where leaving leads: nothing is left to do."""
    return render(request, "visit_over.html")


@get("/r/files", opt=GUEST)
async def files(request: WebRequest) -> Response[str]:
    """What is asked for, a place to send it, and what was sent."""
    view = await _view(request)
    most = min(portal_of(request).db.policy.numbers.uploads.max_bytes, view.bytes_left)
    return render(request, "visit.html", view=view, most=most)


@get("/r/receipt", opt=GUEST)
async def receipt(request: WebRequest) -> Response[str]:
    """What was sent, as a text to keep: names, sizes, digests, times."""
    view = await _view(request)
    portal = portal_of(request)
    lines = [
        f"Receipt of {portal.settings.name}",
        f"Request: {view.title}",
        f"Asked by: {view.maker_name}, {view.maker_organisation}",
        f"Sent by: {view.guest_name}",
        f"Written: {portal.clock():%Y-%m-%d %H:%M:%S} UTC",
        "",
    ]
    for one in view.sent:
        told = f"{one.sent_at:%Y-%m-%d %H:%M:%S} UTC, {one.size} bytes ({size(one.size)})"
        lines += [one.name, f"  {told}", f"  SHA-256 {one.sha256}"]
    headers = {"content-disposition": 'attachment; filename="receipt.txt"'}
    text = "\n".join(lines) + "\n"
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


async def _view(request: WebRequest) -> visits.VisitView:
    portal = portal_of(request)
    return await run(visits.show_visit, portal.db, acting=guest_of(request), now=portal.clock())


HANDLERS = [knock, over, files, receipt]
