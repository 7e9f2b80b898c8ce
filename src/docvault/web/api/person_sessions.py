"""Signing other people out, as an administrator."""

from typing import Any

from litestar import Request, delete
from litestar.params import FromPath, FromQuery

from docvault.actions import person_sessions
from docvault.values import PersonId
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]


@delete("/people/{person_id:str}/sessions", summary="Sign a person out everywhere", tags=["People"])
async def end_persons_sessions(request: WebRequest, person_id: FromPath[str]) -> None:
    """End every session and token of a person, who is told by mail."""
    portal = portal_of(request)
    await run(
        person_sessions.end_persons_sessions,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        person_id=PersonId(person_id),
        now=portal.clock(),
    )


@delete("/people/sessions", summary="Sign everybody out", tags=["People"])
async def end_everybodys_sessions(request: WebRequest, step_up: FromQuery[str]) -> None:
    """End every session and token but this session.

    step_up: a proof for `person:change` on the SHA-256 of `end everybody's sessions`.
    """
    portal, acting = portal_of(request), signed_in(request)
    await run(
        person_sessions.end_everybodys_sessions,
        portal.db,
        acting=acting,
        step_up_id=step_up,
        now=portal.clock(),
    )


HANDLERS = [end_persons_sessions, end_everybodys_sessions]
