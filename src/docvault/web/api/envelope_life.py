"""What happens to an envelope beside signing: more time, other people, a correction."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, JSONBody

from docvault.actions import delegations, drafts, envelope_life
from docvault.rules.outsiders import Outsider
from docvault.values import EnvelopeId, PersonId, RecipientId
from docvault.web.access import OUTSIDERS, portal_of, signed_in
from docvault.web.api.envelopes import Made
from docvault.web.running import run
from docvault.web.wire import Answer, Body, BodyInvalid

WebRequest = Request[Any, Any, Any]


class MoreTime(Body):
    """due_at: left out, it is as much later as the policy gives."""

    due_at: datetime | None = None


class Extended(Answer):
    due_at: datetime


class Instead(Body):
    """Who does it instead, and why; the evidence keeps both."""

    person_id: str
    reason: str


class Successor(Body):
    """Who does it instead, and why; the evidence keeps both. person_id, or name and email of somebody."""

    reason: str
    person_id: str = ""
    name: str = ""
    email: str = ""


class Possible(Answer):
    id: str
    name: str
    email: str
    organisation: str


class People(Answer):
    items: list[Possible]


class Colleagues(Answer):
    """may_name_others: beside these, anybody by name and address, also without an account."""

    items: list[Possible]
    may_name_others: bool


@post("/envelopes/{envelope_id:str}/extend", status_code=200, summary="Give more time", tags=["Envelopes"])
async def extend(request: WebRequest, envelope_id: FromPath[str], data: JSONBody[MoreTime]) -> Extended:
    """Give everybody more time; an expired envelope goes on with what was signed."""
    portal = portal_of(request)
    until = await run(
        envelope_life.extend_envelope,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        due_at=data.due_at,
        now=portal.clock(),
    )
    return Extended(due_at=until)


@post(
    "/envelopes/{envelope_id:str}/correction",
    summary="Make a draft that corrects an envelope",
    tags=["Envelopes"],
)
async def correct(request: WebRequest, envelope_id: FromPath[str]) -> Made:
    """Make a draft with the documents, people and fields; sending it voids the one it corrects."""
    portal = portal_of(request)
    made = await run(
        drafts.correct_envelope,
        portal.db,
        portal.vault,
        portal.pdf,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        now=portal.clock(),
    )
    return Made(id=made)


@get(
    "/envelopes/{envelope_id:str}/replacements",
    summary="List who could take a recipient's place",
    tags=["Envelopes"],
)
async def replacements(request: WebRequest, envelope_id: FromPath[str]) -> People:
    """People whom the sender could put in the place of somebody who has not opened the envelope."""
    found = await run(
        envelope_life.possible_replacements,
        portal_of(request).db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
    )
    return People(items=msgspec.convert(found, list[Possible], from_attributes=True))


@post(
    "/envelopes/{envelope_id:str}/recipients/{recipient_id:str}/replacement",
    status_code=204,
    summary="Put somebody else in a recipient's place",
    tags=["Envelopes"],
)
async def replace(
    request: WebRequest, envelope_id: FromPath[str], recipient_id: FromPath[str], data: JSONBody[Instead]
) -> None:
    """Correct who is asked, before the person has opened the envelope."""
    portal = portal_of(request)
    await run(
        envelope_life.correct_recipient,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        recipient_id=RecipientId(recipient_id),
        person_id=PersonId(data.person_id),
        reason=data.reason,
        now=portal.clock(),
    )


@get(
    "/envelopes/{envelope_id:str}/ceremony/colleagues",
    opt=OUTSIDERS,
    summary="List whom one's part can be handed to",
    tags=["Ceremony"],
)
async def colleagues(request: WebRequest, envelope_id: FromPath[str]) -> Colleagues:
    """People of one's organisation who may sign this; nobody where the sender does not want that."""
    found = await run(
        delegations.choice,
        portal_of(request).db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
    )
    items = msgspec.convert(found.colleagues, list[Possible], from_attributes=True)
    return Colleagues(items=items, may_name_others=found.anybody)


@post(
    "/envelopes/{envelope_id:str}/ceremony/delegate",
    opt=OUTSIDERS,
    status_code=204,
    summary="Hand one's part to a colleague",
    tags=["Ceremony"],
)
async def delegate(request: WebRequest, envelope_id: FromPath[str], data: JSONBody[Successor]) -> None:
    """Let a colleague act instead, with a reason; the sender is told.

    Where the sender lets people name anybody, the colleague needs no account. Where an access code was asked,
    the sender makes another one before they are invited.
    """
    if data.person_id and (data.name or data.email):
        raise BodyInvalid("Give either person_id, or name and email of somebody.")
    portal = portal_of(request)
    await run(
        delegations.delegate_part,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        to=Outsider(data.name, data.email) if data.name or data.email else PersonId(data.person_id),
        reason=data.reason,
        now=portal.clock(),
    )


HANDLERS = [extend, correct, replacements, replace, colleagues, delegate]
