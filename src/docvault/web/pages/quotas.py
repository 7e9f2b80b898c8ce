"""What an organisation stores: a bar, and for an administrator the limit."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from docvault.actions import quotas
from docvault.rules.quotas import QuotaError
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

GIGABYTE = 1024**3  # bytes, as the form counts


class LimitForm(msgspec.Struct, forbid_unknown_fields=True):
    """gigabytes: empty for the portal's default."""

    gigabytes: int | None = None


@get("/organisations/{organisation_id:str}/storage")
async def storage(request: WebRequest, organisation_id: FromPath[str]) -> Response[str]:
    """How much is used, of how much."""
    return await _show(request, organisation_id)


@post("/organisations/{organisation_id:str}/storage")
async def set_storage(request: WebRequest, organisation_id: FromPath[str]) -> Response[Any]:
    """Set the limit, or take it away."""
    form = await forms.read(request, LimitForm)
    portal = portal_of(request)
    most = None if form.gigabytes is None else form.gigabytes * GIGABYTE
    try:
        await run(
            quotas.set_quota,
            portal.db,
            acting=signed_in(request),
            organisation_id=organisation_id,
            most=most,
            now=portal.clock(),
        )
    except QuotaError as error:
        return await _show(request, organisation_id, error)
    return Redirect(f"/organisations/{organisation_id}/storage", status_code=303)


async def _show(request: WebRequest, organisation_id: str, error: QuotaError | None = None) -> Response[str]:
    acting = signed_in(request)
    view = await run(
        quotas.show_storage, portal_of(request).db, acting=acting, organisation_id=organisation_id
    )
    return render(
        request,
        "storage.html",
        problems.meaning_of(error).status if error else 200,
        nav="people" if view.may_change else "folders",
        view=view,
        gigabytes=f"{view.storage.most / GIGABYTE:g}" if view.storage.own else "",
        trouble=str(error or ""),
    )


HANDLERS = [storage, set_storage]
