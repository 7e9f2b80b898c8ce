"""Whose signatures this portal trusts: the list, adding a file of certificates, and taking one away."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from docvault.actions import trust
from docvault.certificates.anchors import FILE_MOST, AnchorRefused
from docvault.web import file_forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.forms import FormInvalid
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]


@get("/trust")
async def show_trust(request: WebRequest) -> Response[str]:
    """Every authority that signatures may lead to."""
    return await _show(request)


@post("/trust", request_max_body_size=FILE_MOST + file_forms.ROOM)
async def add_trust(request: WebRequest) -> Response[Any]:
    """Trust the authorities in the chosen file."""
    portal = portal_of(request)
    try:
        form = await file_forms.read(request)
        content, reason = form.content, form.fields.get("reason", "")
    except FormInvalid:
        content, reason = b"", ""  # whether they may at all is told before what is wrong with the form
    try:
        await run(
            trust.trust,
            portal.db,
            portal.authority,
            acting=signed_in(request),
            content=content,
            reason=reason,
            now=portal.clock(),
        )
    except AnchorRefused as error:
        return await _show(request, reason, error)
    return Redirect("/trust", status_code=303)


@post("/trust/{anchor_id:str}/remove")
async def remove_trust(request: WebRequest, anchor_id: FromPath[str]) -> Redirect:
    """Trust an authority no longer."""
    portal = portal_of(request)
    await run(trust.distrust, portal.db, acting=signed_in(request), anchor_id=anchor_id, now=portal.clock())
    return Redirect("/trust", status_code=303)


async def _show(request: WebRequest, reason: str = "", error: AnchorRefused | None = None) -> Response[str]:
    portal = portal_of(request)
    found = await run(trust.show_trust, portal.db, portal.authority, acting=signed_in(request))
    return render(
        request,
        "trust.html",
        problems.meaning_of(error).status if error else 200,
        nav="verify",
        trusted=found,
        reason=reason,
        trouble=str(error or ""),
    )


HANDLERS = [show_trust, add_trust, remove_trust]
