"""One person for an administrator: how they stand, where they belong, and what can be done about it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from docvault.actions import organisations, people_details, roles
from docvault.credentials.refusals import CredentialRefused
from docvault.database import step_ups
from docvault.policy.vocabulary import Role
from docvault.rules.people import PeopleError
from docvault.rules.proposals import POWERFUL, TwoPeopleNeeded
from docvault.values import DocVaultError, OrganisationId, PersonId
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.proofs import ProofForm, prove
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

NOTICES = {
    "role": "The role is changed. They sign in anew.",
    "joined": "They are a member now.",
    "left": "The membership has ended.",
    "assigned": "The client is assigned.",
    "unassigned": "The client is taken away.",
    "reset": "The reset link is on its way.",
    "invited-again": "A fresh invitation is on its way; the old link ended.",
    "disabled": "That person is disabled and signed out everywhere.",
    "enabled": "That person may sign in again.",
}

LAST_DAY = date.max - timedelta(days=1)


class RoleForm(msgspec.Struct, forbid_unknown_fields=True):
    role: Role
    organisation_id: str
    code: str = ""
    step_up: str = ""


class PlaceForm(msgspec.Struct, forbid_unknown_fields=True):
    """until: the last day that counts, in UTC; none for good."""

    organisation_id: str
    until: date | None = None

    def end(self) -> datetime | None:
        if self.until is None:
            return None
        return datetime.combine(min(self.until, LAST_DAY) + timedelta(days=1), time(), tzinfo=UTC)


@get("/people/{person_id:str}")
async def show_person(
    request: WebRequest, person_id: FromPath[str], notice: FromQuery[str] = ""
) -> Response[str]:
    """The person, their places and their history."""
    return await _page(request, person_id, notice=NOTICES.get(notice, ""))


@post("/people/{person_id:str}/role")
async def change_role(request: WebRequest, person_id: FromPath[str]) -> Response[Any]:
    """Give another role; one that decides about others is proposed instead."""
    form = await forms.read(request, RoleForm)
    portal, cookies = portal_of(request), list[Cookie]()
    organisation_id = OrganisationId(form.organisation_id)
    try:
        await _details(request, person_id)  # before the code is used up for nobody
        digest = roles.role_digest(PersonId(person_id), form.role, organisation_id)
        given = ProofForm(code=form.code, step_up=form.step_up)
        step_up_id, cookies = await prove(request, step_ups.ROLE_CHANGE, digest, given)
        await run(
            roles.change_role,
            portal.db,
            portal.vault.records,
            acting=signed_in(request),
            person_id=PersonId(person_id),
            role=form.role,
            organisation_id=organisation_id,
            step_up_id=step_up_id,
            now=portal.clock(),
        )
    except (PeopleError, TwoPeopleNeeded, CredentialRefused) as error:
        page: Response[Any] = await _page(request, person_id, error=error)
    else:
        page = _back(person_id, "role")
    page.cookies.extend(cookies)
    return page


@post("/people/{person_id:str}/memberships")
async def add_member(request: WebRequest, person_id: FromPath[str]) -> Response[Any]:
    """Add a client to one more organisation."""
    return await _place(request, person_id, organisations.add_member, "joined")


@post("/people/{person_id:str}/memberships/end")
async def remove_member(request: WebRequest, person_id: FromPath[str]) -> Response[Any]:
    """Take a client out of an organisation."""
    return await _leave(request, person_id, organisations.remove_member, "left")


@post("/people/{person_id:str}/clients")
async def assign_client(request: WebRequest, person_id: FromPath[str]) -> Response[Any]:
    """Give an account manager a client."""
    return await _place(request, person_id, organisations.assign_client, "assigned")


@post("/people/{person_id:str}/clients/end")
async def unassign_client(request: WebRequest, person_id: FromPath[str]) -> Response[Any]:
    """Take a client from an account manager."""
    return await _leave(request, person_id, organisations.unassign_client, "unassigned")


async def _place(request: WebRequest, person_id: str, deed: Any, notice: str) -> Response[Any]:
    form = await forms.read(request, PlaceForm)
    portal = portal_of(request)
    try:
        await run(
            deed,
            portal.db,
            acting=signed_in(request),
            person_id=PersonId(person_id),
            organisation_id=OrganisationId(form.organisation_id),
            until=form.end(),
            now=portal.clock(),
        )
    except PeopleError as error:
        return await _page(request, person_id, error=error)
    return _back(person_id, notice)


async def _leave(request: WebRequest, person_id: str, deed: Any, notice: str) -> Response[Any]:
    form = await forms.read(request, PlaceForm)
    portal = portal_of(request)
    try:
        await run(
            deed,
            portal.db,
            acting=signed_in(request),
            person_id=PersonId(person_id),
            organisation_id=OrganisationId(form.organisation_id),
            now=portal.clock(),
        )
    except PeopleError as error:
        return await _page(request, person_id, error=error)
    return _back(person_id, notice)


async def _details(request: WebRequest, person_id: str) -> people_details.PersonDetails:
    portal = portal_of(request)
    return await run(
        people_details.show_person,
        portal.db,
        acting=signed_in(request),
        person_id=PersonId(person_id),
        now=portal.clock(),
    )


async def _page(
    request: WebRequest, person_id: str, *, notice: str = "", error: DocVaultError | None = None
) -> Response[str]:
    person = await _details(request, person_id)
    known = await run(organisations.list_organisations, portal_of(request).db, acting=signed_in(request))
    belongs = {place.organisation_id for place in person.memberships}
    looks_after = {place.organisation_id for place in person.clients}
    page = render(
        request,
        "person.html",
        problems.meaning_of(error).status if error else 200,
        nav="people",
        person=person,
        organisations=known,
        to_join=[each for each in known if each.kind == "client" and each.id not in belongs],
        to_assign=[each for each in known if each.kind == "client" and each.id not in looks_after],
        roles=[role for role in Role if role not in {*POWERFUL, Role.OUTSIDER} and role is not person.role],
        notice=notice,
        error=str(error or ""),
    )
    page.headers.update(problems.headers_of(error) if error else {})
    return page


def _back(person_id: str, notice: str) -> Redirect:
    return Redirect(f"/people/{person_id}?notice={notice}", status_code=303)


HANDLERS = [
    show_person,
    change_role,
    add_member,
    remove_member,
    assign_client,
    unassign_client,
]
