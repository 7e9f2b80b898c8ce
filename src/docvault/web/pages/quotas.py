"""What an organisation or a person stores: a bar, and for an administrator the limit."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from docvault.actions import quotas
from docvault.actions.quotas import StorageView
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

    @property
    def most(self) -> int | None:
        """Return the limit in bytes."""
        return None if self.gigabytes is None else self.gigabytes * GIGABYTE


@get("/organisations/{organisation_id:str}/storage")
async def storage(request: WebRequest, organisation_id: FromPath[str]) -> Response[str]:
    """How much an organisation uses, of how much."""
    return await _organisation(request, organisation_id)


@post("/organisations/{organisation_id:str}/storage")
async def set_storage(request: WebRequest, organisation_id: FromPath[str]) -> Response[Any]:
    """Set the limit of an organisation, or take it away."""
    form = await forms.read(request, LimitForm)
    portal, acting = portal_of(request), signed_in(request)
    try:
        await run(
            quotas.set_quota,
            portal.db,
            acting=acting,
            organisation_id=organisation_id,
            most=form.most,
            now=portal.clock(),
        )
    except QuotaError as error:
        return await _organisation(request, organisation_id, error)
    return Redirect(f"/organisations/{organisation_id}/storage", status_code=303)


@get("/account/storage")
async def own_storage(request: WebRequest) -> Response[str]:
    """How much somebody uses themselves."""
    view = await run(quotas.own_storage, portal_of(request).db, acting=signed_in(request))
    return _page(request, view, "own", "account")


@get("/people/{person_id:str}/storage")
async def person_storage(request: WebRequest, person_id: FromPath[str]) -> Response[str]:
    """How much somebody uses, for an administrator."""
    return await _person(request, person_id)


@post("/people/{person_id:str}/storage")
async def set_person_storage(request: WebRequest, person_id: FromPath[str]) -> Response[Any]:
    """Set the limit of a person, or take it away."""
    form = await forms.read(request, LimitForm)
    portal, acting = portal_of(request), signed_in(request)
    try:
        await run(
            quotas.set_person_quota,
            portal.db,
            acting=acting,
            person_id=person_id,
            most=form.most,
            now=portal.clock(),
        )
    except QuotaError as error:
        return await _person(request, person_id, error)
    return Redirect(f"/people/{person_id}/storage", status_code=303)


async def _organisation(
    request: WebRequest, organisation_id: str, error: QuotaError | None = None
) -> Response[str]:
    view = await run(
        quotas.show_storage, portal_of(request).db, acting=signed_in(request), organisation_id=organisation_id
    )
    return _page(request, view, "organisation", "people" if view.may_change else "folders", error)


async def _person(request: WebRequest, person_id: str, error: QuotaError | None = None) -> Response[str]:
    view = await run(
        quotas.person_storage, portal_of(request).db, acting=signed_in(request), person_id=person_id
    )
    return _page(request, view, "person", "people", error)


def _page(
    request: WebRequest, view: StorageView, whose: str, nav: str, error: QuotaError | None = None
) -> Response[str]:
    return render(
        request,
        "storage.html",
        problems.meaning_of(error).status if error else 200,
        nav=nav,
        view=view,
        whose=whose,
        gigabytes=f"{view.storage.most / GIGABYTE:g}" if view.storage.own else "",
        trouble=str(error or ""),
    )


HANDLERS = [storage, set_storage, own_storage, person_storage, set_person_storage]
