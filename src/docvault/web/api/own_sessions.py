"""One's own sessions and known devices over the API; ending one takes a proof from `POST /step-ups`."""

from datetime import datetime
from typing import Any

from litestar import Request, delete, get
from litestar.params import FromPath, FromQuery

from docvault.actions import own_sessions
from docvault.web.access import portal_of, signed_in, source_of
from docvault.web.running import run
from docvault.web.wire import Answer

WebRequest = Request[Any, Any, Any]


class Session(Answer):
    """current: the one that asks. unfinished: it may only set up a second factor."""

    id: str
    browser: str
    address: str
    network: str
    factors: str
    unfinished: bool
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


class SessionList(Answer):
    items: list[Session]


class Device(Answer):
    id: str
    browser: str
    address: str
    network: str
    first_seen_at: datetime
    seen_at: datetime
    current: bool


class DeviceList(Answer):
    items: list[Device]


@get("/sessions", summary="List my sessions", tags=["Account"])
async def list_sessions(request: WebRequest) -> SessionList:
    """Every session of one's own that counts, this one first."""
    portal, acting = portal_of(request), signed_in(request)
    found = await run(own_sessions.list_sessions, portal.db, acting=acting, now=portal.clock())
    return SessionList(
        items=[Session(**{name: getattr(each, name) for name in Session.__struct_fields__}) for each in found]
    )


@delete("/sessions/{session_id:str}", summary="End a session of mine", tags=["Account"])
async def end_session(request: WebRequest, session_id: FromPath[str], step_up: FromQuery[str]) -> None:
    """End another session.

    step_up: a proof for `account:change` on the SHA-256 of `end the session`, a line feed and the id.
    """
    portal = portal_of(request)
    await run(
        own_sessions.end_session,
        portal.db,
        acting=signed_in(request),
        session_id=session_id,
        step_up_id=step_up,
        now=portal.clock(),
    )


@delete("/sessions", summary="End my other sessions", tags=["Account"])
async def end_other_sessions(request: WebRequest, step_up: FromQuery[str]) -> None:
    """End every session but this one; API tokens go on.

    step_up: a proof for `account:change` on the SHA-256 of `end my other sessions`.
    """
    portal = portal_of(request)
    await run(
        own_sessions.end_other_sessions,
        portal.db,
        acting=signed_in(request),
        step_up_id=step_up,
        now=portal.clock(),
    )


@get("/devices", summary="List my known browsers", tags=["Account"])
async def list_devices(request: WebRequest) -> DeviceList:
    """Every browser that signed in with both factors, last seen first."""
    portal = portal_of(request)
    found = await run(
        own_sessions.list_devices, portal.db, acting=signed_in(request), source=source_of(request.scope)
    )
    return DeviceList(
        items=[Device(**{name: getattr(each, name) for name in Device.__struct_fields__}) for each in found]
    )


@delete("/devices/{device_id:str}", summary="Forget a browser", tags=["Account"])
async def forget_device(request: WebRequest, device_id: FromPath[str]) -> None:
    """Know a browser no more: its next sign-in is told as that of a new one."""
    portal, acting = portal_of(request), signed_in(request)
    await run(own_sessions.forget_device, portal.db, acting=acting, device_id=device_id, now=portal.clock())


HANDLERS = [list_sessions, end_session, end_other_sessions, list_devices, forget_device]
