"""Organisations: the operator and its clients, and who looks after whom."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from docvault.actions import organisations
from docvault.values import OrganisationId, PersonId
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]

Aware = Annotated[datetime, msgspec.Meta(tz=True)]


class Organisation(Answer):
    id: str
    name: str
    kind: str


class OrganisationList(Answer):
    items: list[Organisation]
    next: str | None


class NewOrganisation(Body):
    name: str


class OrganisationCreated(Answer):
    id: str


@get("/organisations", summary="List organisations", tags=["People"])
async def list_organisations(request: WebRequest) -> OrganisationList:
    """Every organisation you may know, by name."""
    found = await run(organisations.list_organisations, portal_of(request).db, acting=signed_in(request))
    items = [Organisation(id=item.id, name=item.name, kind=item.kind) for item in found]
    return OrganisationList(items=items, next=None)


@post("/organisations", summary="Add a client organisation", tags=["People"])
async def create_organisation(request: WebRequest, data: JSONBody[NewOrganisation]) -> OrganisationCreated:
    """Add a client organisation."""
    portal = portal_of(request)
    created = await run(
        organisations.create_organisation,
        portal.db,
        acting=signed_in(request),
        name=data.name,
        now=portal.clock(),
    )
    return OrganisationCreated(id=created)


@put(
    "/people/{person_id:str}/clients/{organisation_id:str}",
    status_code=204,
    summary="Give an account manager a client",
    tags=["People"],
)
async def assign_client(
    request: WebRequest,
    person_id: FromPath[str],
    organisation_id: FromPath[str],
    until: FromQuery[Aware | None] = None,
) -> None:
    """Let an account manager look after a client organisation. until: the agreed end."""
    portal = portal_of(request)
    await run(
        organisations.assign_client,
        portal.db,
        acting=signed_in(request),
        person_id=PersonId(person_id),
        organisation_id=OrganisationId(organisation_id),
        until=until,
        now=portal.clock(),
    )


@put(
    "/people/{person_id:str}/memberships/{organisation_id:str}",
    status_code=204,
    summary="Add a person to an organisation",
    tags=["People"],
)
async def add_member(
    request: WebRequest,
    person_id: FromPath[str],
    organisation_id: FromPath[str],
    until: FromQuery[Aware | None] = None,
) -> None:
    """Make a client a member of one more client organisation. until: the agreed end."""
    portal = portal_of(request)
    await run(
        organisations.add_member,
        portal.db,
        acting=signed_in(request),
        person_id=PersonId(person_id),
        organisation_id=OrganisationId(organisation_id),
        until=until,
        now=portal.clock(),
    )


@delete(
    "/people/{person_id:str}/memberships/{organisation_id:str}",
    status_code=204,
    summary="End a membership",
    tags=["People"],
)
async def remove_member(
    request: WebRequest, person_id: FromPath[str], organisation_id: FromPath[str]
) -> None:
    """Take a person out of an organisation, at once and everywhere."""
    portal = portal_of(request)
    await run(
        organisations.remove_member,
        portal.db,
        acting=signed_in(request),
        person_id=PersonId(person_id),
        organisation_id=OrganisationId(organisation_id),
        now=portal.clock(),
    )


@delete(
    "/people/{person_id:str}/clients/{organisation_id:str}",
    status_code=204,
    summary="Take a client from an account manager",
    tags=["People"],
)
async def unassign_client(
    request: WebRequest, person_id: FromPath[str], organisation_id: FromPath[str]
) -> None:
    """Let an account manager no longer look after a client organisation, at once and everywhere."""
    portal = portal_of(request)
    await run(
        organisations.unassign_client,
        portal.db,
        acting=signed_in(request),
        person_id=PersonId(person_id),
        organisation_id=OrganisationId(organisation_id),
        now=portal.clock(),
    )


HANDLERS = [
    list_organisations,
    create_organisation,
    assign_client,
    unassign_client,
    add_member,
    remove_member,
]
