"""People: listing, inviting, disabling, resetting; and what the holder of a mailed link does with it."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from docvault.actions import people
from docvault.policy.vocabulary import Role
from docvault.rules import languages
from docvault.values import OrganisationId, PersonId
from docvault.web.access import PUBLIC, portal_of, signed_in, source_of
from docvault.web.api.session import opened
from docvault.web.running import run, run_evenly
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class Person(Answer):
    id: str
    name: str
    email: str
    role: str
    state: str
    organisation_id: str
    organisation_name: str


class PersonList(Answer):
    items: list[Person]
    next: str | None


class NewPerson(Body):
    email: str
    name: str
    role: Role
    organisation_id: str


class PersonInvited(Answer):
    id: str


class LinkHeld(Body):
    """token: what stands behind the # of a mailed link."""

    token: str


class ResetAccepted(Body):
    token: str
    password: str


class ResetWanted(Body):
    email: str


class InvitationAccepted(Body):
    """name and email are the first administrator's own; every other invitation knows them already.

    language: of mail to them, ISO 639-1; without it, what the browser asks for.
    """

    token: str
    password: str
    name: str | None = None
    email: str | None = None
    language: str | None = None


class LinkDetails(Answer):
    """chooses_address: the first administrator, who still says their own name and address."""

    name: str
    email: str
    chooses_address: bool


@get("/people", summary="List people", tags=["People"])
async def list_people(
    request: WebRequest, search: FromQuery[str | None] = None, after: FromQuery[str | None] = None
) -> PersonList:
    """People, newest first. search: part of a name or e-mail address."""
    page = await run(
        people.list_people, portal_of(request).db, acting=signed_in(request), search=search, after=after
    )
    return PersonList(items=[_person(item) for item in page.items], next=page.next)


def _person(view: people.PersonView) -> Person:
    return Person(**{name: getattr(view, name) for name in Person.__struct_fields__})


@post("/invitations", summary="Invite a person", tags=["People"])
async def invite_person(request: WebRequest, data: JSONBody[NewPerson]) -> PersonInvited:
    """Invite a person by mail; until they accept they have no rights at all."""
    portal = portal_of(request)
    invitation = await run(
        people.invite_person,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        email=data.email,
        name=data.name,
        role=data.role,
        organisation_id=OrganisationId(data.organisation_id),
        now=portal.clock(),
    )
    return PersonInvited(id=invitation.person_id)


@post("/people/{person_id:str}/disable", status_code=204, summary="Disable a person", tags=["People"])
async def disable_person(request: WebRequest, person_id: FromPath[str]) -> None:
    """End all of a person's sessions and let them in no more."""
    portal = portal_of(request)
    acting = signed_in(request)
    await run(
        people.disable_person, portal.db, acting=acting, person_id=PersonId(person_id), now=portal.clock()
    )


@post("/people/{person_id:str}/enable", status_code=204, summary="Enable a person again", tags=["People"])
async def enable_person(request: WebRequest, person_id: FromPath[str]) -> None:
    """Let a disabled person sign in again."""
    portal = portal_of(request)
    acting = signed_in(request)
    await run(
        people.enable_person, portal.db, acting=acting, person_id=PersonId(person_id), now=portal.clock()
    )


@post("/people/{person_id:str}/password-reset", status_code=204, summary="Mail a reset link", tags=["People"])
async def start_password_reset(request: WebRequest, person_id: FromPath[str]) -> None:
    """Mail a person a link to choose a new password. It never touches their second factor."""
    portal = portal_of(request)
    await run(
        people.start_password_reset,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        person_id=PersonId(person_id),
        now=portal.clock(),
    )


@post("/invitations/details", opt=PUBLIC, status_code=200, summary="Read an invitation", tags=["People"])
async def invitation_details(request: WebRequest, data: JSONBody[LinkHeld]) -> LinkDetails:
    """Say whom an invitation is for. Consumes nothing."""
    portal = portal_of(request)
    found = await run(people.invitation_details, portal.db, token=data.token, now=portal.clock())
    return LinkDetails(name=found.name, email=found.email, chooses_address=found.chooses_address)


@post("/invitations/acceptance", opt=PUBLIC, status_code=204, summary="Accept an invitation", tags=["People"])
async def accept_invitation(request: WebRequest, data: JSONBody[InvitationAccepted]) -> Response[None]:
    """Choose a password. The session it opens can only set up a second factor."""
    portal = portal_of(request)
    session = await run(
        people.accept_invitation,
        portal.db,
        portal.hasher,
        token=data.token,
        password=data.password,
        name=data.name,
        email=data.email,
        language=data.language or languages.wanted(request.headers.get("accept-language", "")),
        source=source_of(request.scope),
        now=portal.clock(),
    )
    return Response(None, status_code=204, cookies=opened(request, session))


@post("/password-resets", opt=PUBLIC, status_code=204, summary="Ask for a reset link", tags=["People"])
async def request_password_reset(request: WebRequest, data: JSONBody[ResetWanted]) -> None:
    """Mail a reset link if there is such a person; the answer never says whether."""
    portal = portal_of(request)
    await run_evenly(
        people.request_password_reset,
        portal.db,
        portal.vault.records,
        email=data.email,
        source=source_of(request.scope),
        now=portal.clock(),
    )


@post("/password-resets/details", opt=PUBLIC, status_code=200, summary="Read a reset link", tags=["People"])
async def reset_details(request: WebRequest, data: JSONBody[LinkHeld]) -> LinkDetails:
    """Say whom a reset link is for. Consumes nothing."""
    portal = portal_of(request)
    found = await run(people.reset_details, portal.db, token=data.token, now=portal.clock())
    return LinkDetails(name=found.name, email=found.email, chooses_address=found.chooses_address)


@post(
    "/password-resets/acceptance", opt=PUBLIC, status_code=204, summary="Set a new password", tags=["People"]
)
async def finish_password_reset(request: WebRequest, data: JSONBody[ResetAccepted]) -> None:
    """Choose a new password. Ends every session; never signs in (promise 13)."""
    portal = portal_of(request)
    await run(
        people.finish_password_reset,
        portal.db,
        portal.hasher,
        portal.vault.records,
        token=data.token,
        password=data.password,
        source=source_of(request.scope),
        now=portal.clock(),
    )


HANDLERS = [
    list_people,
    invite_person,
    disable_person,
    enable_person,
    start_password_reset,
    request_password_reset,
    invitation_details,
    accept_invitation,
    reset_details,
    finish_password_reset,
]
