"""How much an organisation stores, and how much it may."""

from typing import Any

from litestar import Request, get, put
from litestar.params import FromPath, JSONBody

from docvault.actions import quotas
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class Storage(Answer):
    """In bytes. own: the organisation has a limit of its own; without one the portal's default counts."""

    used: int
    most: int
    own: bool
    default: int


class NewLimit(Body):
    """most: in bytes; null for the portal's default."""

    most: int | None


@get(
    "/organisations/{organisation_id:str}/storage",
    summary="Show what an organisation stores",
    tags=["People"],
)
async def show_storage(request: WebRequest, organisation_id: FromPath[str]) -> Storage:
    """What its people brought, in folders and in the bin, and how much it may be."""
    view = await run(
        quotas.show_storage,
        portal_of(request).db,
        acting=signed_in(request),
        organisation_id=organisation_id,
    )
    stored = view.storage
    return Storage(used=stored.used, most=stored.most, own=stored.own, default=view.default)


@put(
    "/organisations/{organisation_id:str}/storage",
    status_code=204,
    summary="Say how much an organisation may store",
    tags=["People"],
)
async def set_quota(request: WebRequest, organisation_id: FromPath[str], data: JSONBody[NewLimit]) -> None:
    """Give an organisation a limit of its own, or the portal's default again. What is there stays there."""
    portal = portal_of(request)
    await run(
        quotas.set_quota,
        portal.db,
        acting=signed_in(request),
        organisation_id=organisation_id,
        most=data.most,
        now=portal.clock(),
    )


HANDLERS = [show_storage, set_quota]
