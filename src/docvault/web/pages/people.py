"""The administrators' page: people, organisations, invitations and who looks after which client."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from docvault.actions import organisations, people
from docvault.database.engine import PAGE_MOST
from docvault.database.organisations import OrganisationKnown
from docvault.database.people import AlreadyKnown
from docvault.policy.vocabulary import Role
from docvault.rules.people import OrganisationError, PeopleError
from docvault.rules.proposals import POWERFUL, TwoPeopleNeeded
from docvault.values import DocVaultError, OrganisationId, PersonId
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

NOTICES = {
    "invited": "The invitation is on its way.",
    "disabled": "That person is disabled and signed out everywhere.",
    "enabled": "That person may sign in again.",
    "reset": "The reset link is on its way.",
    "invited-again": "A fresh invitation is on its way; the old link ended.",
    "added": "The organisation is added.",
    "assigned": "The client is assigned.",
    "signed-out": "That person is signed out everywhere, and told by mail.",
    "everybody-signed-out": "Everybody is signed out, except you here.",
}


class InviteForm(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    name: str
    role: Role
    organisation_id: str


class OrganisationForm(msgspec.Struct, forbid_unknown_fields=True):
    name: str


class ClientForm(msgspec.Struct, forbid_unknown_fields=True):
    person_id: str
    organisation_id: str


@get("/people")
async def show_people(
    request: WebRequest,
    search: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    notice: FromQuery[str] = "",
) -> Response[str]:
    """People and organisations."""
    return await _page(request, search=search, after=after, notice=NOTICES.get(notice, ""))


async def _page(
    request: WebRequest,
    *,
    search: str | None = None,
    after: str | None = None,
    notice: str = "",
    error: DocVaultError | None = None,
) -> Response[str]:
    db, acting = portal_of(request).db, signed_in(request)
    found = await run(people.list_people, db, acting=acting, search=search, after=after)
    listed = await run(organisations.list_organisations, db, acting=acting)
    managers = await run(people.list_people, db, acting=acting, role=Role.ACCOUNT_MANAGER, limit=PAGE_MOST)
    return render(
        request,
        "people.html",
        problems.meaning_of(error).status if error else 200,
        nav="people",
        people=found,
        organisations=listed,
        managers=managers.items,
        looked_after=_looked_after(managers.items),
        roles=[role for role in Role if role not in {*POWERFUL, Role.OUTSIDER}],
        search=search or "",
        notice=notice,
        error=str(error or ""),
    )


def _looked_after(managers: Sequence[people.PersonView]) -> dict[OrganisationId, list[str]]:
    """Return the names of the account managers of each client."""
    names: dict[OrganisationId, list[str]] = {}
    for manager in managers:
        for organisation_id in manager.clients:
            names.setdefault(organisation_id, []).append(manager.name)
    return names


@post("/people/invite")
async def invite(request: WebRequest) -> Response[Any]:
    """Invite a person by mail."""
    form = await forms.read(request, InviteForm)
    portal = portal_of(request)
    try:
        await run(
            people.invite_person,
            portal.db,
            portal.vault.records,
            acting=signed_in(request),
            email=form.email,
            name=form.name,
            role=form.role,
            organisation_id=OrganisationId(form.organisation_id),
            now=portal.clock(),
        )
    except (PeopleError, AlreadyKnown, TwoPeopleNeeded) as error:
        return await _page(request, error=error)
    return _done("invited")


@post("/people/{person_id:str}/disable")
async def disable(request: WebRequest, person_id: FromPath[str]) -> Redirect:
    """Disable a person."""
    portal = portal_of(request)
    acting = signed_in(request)
    await run(
        people.disable_person, portal.db, acting=acting, person_id=PersonId(person_id), now=portal.clock()
    )
    return _done("disabled")


@post("/people/{person_id:str}/enable")
async def enable(request: WebRequest, person_id: FromPath[str]) -> Redirect:
    """Enable a person again."""
    portal = portal_of(request)
    acting = signed_in(request)
    await run(
        people.enable_person, portal.db, acting=acting, person_id=PersonId(person_id), now=portal.clock()
    )
    return _done("enabled")


@post("/people/{person_id:str}/reset")
async def reset(request: WebRequest, person_id: FromPath[str]) -> Redirect:
    """Mail a person a reset link."""
    portal = portal_of(request)
    await run(
        people.start_password_reset,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        person_id=PersonId(person_id),
        now=portal.clock(),
    )
    return _done("reset")


@post("/people/{person_id:str}/invite")
async def invite_again(request: WebRequest, person_id: FromPath[str]) -> Redirect:
    """Mail a fresh invitation."""
    portal = portal_of(request)
    await run(
        people.invite_again,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        person_id=PersonId(person_id),
        now=portal.clock(),
    )
    return _done("invited-again")


@post("/organisations")
async def add_organisation(request: WebRequest) -> Response[Any]:
    """Add a client organisation."""
    form = await forms.read(request, OrganisationForm)
    portal = portal_of(request)
    try:
        await run(
            organisations.create_organisation,
            portal.db,
            acting=signed_in(request),
            name=form.name,
            now=portal.clock(),
        )
    except (OrganisationError, OrganisationKnown) as error:
        return await _page(request, error=error)
    return _done("added")


@post("/people/clients")
async def assign(request: WebRequest) -> Response[Any]:
    """Give an account manager a client."""
    form = await forms.read(request, ClientForm)
    portal = portal_of(request)
    await run(
        organisations.assign_client,
        portal.db,
        acting=signed_in(request),
        person_id=PersonId(form.person_id),
        organisation_id=OrganisationId(form.organisation_id),
        now=portal.clock(),
    )
    return _done("assigned")


def _done(notice: str) -> Redirect:
    return Redirect(f"/people?notice={notice}", status_code=303)


HANDLERS = [show_people, invite, disable, enable, reset, invite_again, add_organisation, assign]
