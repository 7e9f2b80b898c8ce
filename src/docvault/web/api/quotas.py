"""What organisations and people store, and how much they may."""

from typing import Any

from litestar import Request, get, put
from litestar.params import FromPath, JSONBody

from docvault.actions import quotas
from docvault.actions.quotas import StorageView
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class Storage(Answer):
    """In bytes. own: there is a limit of its own; without one the portal's default counts."""

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
    return _said(
        await run(
            quotas.show_storage,
            portal_of(request).db,
            acting=signed_in(request),
            organisation_id=organisation_id,
        )
    )


@put(
    "/organisations/{organisation_id:str}/storage",
    status_code=204,
    summary="Say how much an organisation may store",
    tags=["People"],
)
async def set_quota(request: WebRequest, organisation_id: FromPath[str], data: JSONBody[NewLimit]) -> None:
    """Give an organisation a limit of its own, or the portal's default again. What is there stays there."""
    portal, acting = portal_of(request), signed_in(request)
    await run(
        quotas.set_quota,
        portal.db,
        acting=acting,
        organisation_id=organisation_id,
        most=data.most,
        now=portal.clock(),
    )


@get("/account/storage", summary="Show what I store", tags=["Account"])
async def own_storage(request: WebRequest) -> Storage:
    """What one brought oneself, in any folder and in the bin, and how much it may be."""
    return _said(await run(quotas.own_storage, portal_of(request).db, acting=signed_in(request)))


@get("/people/{person_id:str}/storage", summary="Show what a person stores", tags=["People"])
async def person_storage(request: WebRequest, person_id: FromPath[str]) -> Storage:
    """What somebody brought, in any folder and in the bin, and how much it may be."""
    return _said(
        await run(
            quotas.person_storage, portal_of(request).db, acting=signed_in(request), person_id=person_id
        )
    )


@put(
    "/people/{person_id:str}/storage",
    status_code=204,
    summary="Say how much a person may store",
    tags=["People"],
)
async def set_person_quota(request: WebRequest, person_id: FromPath[str], data: JSONBody[NewLimit]) -> None:
    """Give somebody a limit of their own, or the portal's default again. What is there stays there."""
    portal, acting = portal_of(request), signed_in(request)
    await run(
        quotas.set_person_quota,
        portal.db,
        acting=acting,
        person_id=person_id,
        most=data.most,
        now=portal.clock(),
    )


def _said(view: StorageView) -> Storage:
    stored = view.storage
    return Storage(used=stored.used, most=stored.most, own=stored.own, default=view.default)


HANDLERS = [show_storage, set_quota, own_storage, person_storage, set_person_quota]
