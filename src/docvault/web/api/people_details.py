"""One person: how they stand, another role, and where they belong."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, JSONBody

from docvault.actions import people_details, roles
from docvault.policy.vocabulary import Role
from docvault.values import OrganisationId, PersonId
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class Place(Answer):
    organisation_id: str
    name: str
    since: datetime
    ends_at: datetime | None


class Proofs(Answer):
    """What they can sign in with, and how often they are signed in. Never a secret."""

    has_app: bool
    passkeys: int
    recovery_codes: int
    sessions: int
    tokens: int


class Change(Answer):
    """what: standing | membership | client. by: who made it; null for themselves, or an agreed end."""

    at: datetime
    what: str
    name: str
    begins: bool
    by: str | None


class PersonDetails(Answer):
    id: str
    name: str
    email: str
    role: str
    state: str
    organisation_id: str
    organisation_name: str
    created_at: datetime
    memberships: list[Place]
    clients: list[Place]
    proofs: Proofs
    history: list[Change]


class RoleWanted(Body):
    """step_up: a proof for `person:role`, on the hex SHA-256 of the two ids and the role as JSON."""

    role: Role
    organisation_id: str
    step_up: str


@get("/people/{person_id:str}", summary="Show a person", tags=["People"])
async def show_person(request: WebRequest, person_id: FromPath[str]) -> PersonDetails:
    """How a person stands, where they belong, and how that came to be."""
    portal = portal_of(request)
    found = await run(
        people_details.show_person,
        portal.db,
        acting=signed_in(request),
        person_id=PersonId(person_id),
        now=portal.clock(),
    )
    return msgspec.convert(found, PersonDetails, from_attributes=True)


@post("/people/{person_id:str}/role", status_code=204, summary="Give another role", tags=["People"])
async def change_role(request: WebRequest, person_id: FromPath[str], data: JSONBody[RoleWanted]) -> None:
    """Make a client an account manager, or the other way; their sessions and tokens end."""
    portal = portal_of(request)
    await run(
        roles.change_role,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        person_id=PersonId(person_id),
        role=data.role,
        organisation_id=OrganisationId(data.organisation_id),
        step_up_id=data.step_up,
        now=portal.clock(),
    )


HANDLERS = [show_person, change_role]
