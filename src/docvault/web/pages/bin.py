"""The recycle bin: what one may bring back, who put it there, and when."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from docvault.actions import bin as bins
from docvault.actions import places
from docvault.rules.places import PlaceGone, PlaceRefused
from docvault.values import DocVaultError
from docvault.web import problems
from docvault.web.access import portal_of, signed_in
from docvault.web.pages.folders import next_page
from docvault.web.pages.places import choose_href
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]


@get("/bin")
async def show_bin(request: WebRequest, after: FromQuery[str | None] = None) -> Response[str]:
    """What lies in the bin for whoever looks."""
    return await _show(request, after)


@post("/bin/documents/{document_id:str}/restore")
async def bring_back_document(request: WebRequest, document_id: FromPath[str]) -> Response[Any]:
    """Bring a document back to where it lay; where that is gone, ask for another place."""
    portal = portal_of(request)
    about: dict[str, Any] = {"document_id": document_id, "now": portal.clock()}
    try:
        place = await run(
            places.bring_back_document, portal.db, portal.vault, acting=signed_in(request), **about
        )
    except PlaceGone:
        return Redirect(choose_href([document_id], binned=True), status_code=303)
    return Redirect(f"/folders/{place}", status_code=303)


@post("/bin/folders/{folder_id:str}/restore")
async def bring_back_folder(request: WebRequest, folder_id: FromPath[str]) -> Response[Any]:
    """Bring a folder back with all that went into the bin with it."""
    portal = portal_of(request)
    about: dict[str, Any] = {"folder_id": folder_id, "now": portal.clock()}
    try:
        await run(places.bring_back_folder, portal.db, acting=signed_in(request), **about)
    except PlaceGone:
        return Redirect(choose_href(folders=[folder_id], binned=True), status_code=303)
    except PlaceRefused as error:
        return await _show(request, error=error)
    return Redirect(f"/folders/{folder_id}", status_code=303)


async def _show(
    request: WebRequest, after: str | None = None, error: DocVaultError | None = None
) -> Response[str]:
    found = await run(bins.list_bin, portal_of(request).db, acting=signed_in(request), after=after)
    return render(
        request,
        "bin.html",
        problems.meaning_of(error).status if error else 200,
        nav="folders",
        items=found.items,
        days=portal_of(request).db.policy.numbers.retention.bin_days,
        next_href=next_page("/bin", found.next),
        trouble=str(error or ""),
    )


HANDLERS = [show_bin, bring_back_document, bring_back_folder]
