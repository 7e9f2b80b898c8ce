"""One's own second factors over the API: what there is, the authenticator app, recovery codes."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import JSONBody

from docvault.actions import factors
from docvault.web.access import OUTSIDERS, portal_of, signed_in
from docvault.web.api.session import CodeGiven, NewFactor, RecoveryCodes, opened
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class Factors(Answer):
    """What you can prove yourself with beside the password. authenticator_since: null without an app."""

    authenticator_since: datetime | None
    passkeys: int
    recovery_codes_left: int
    passkey_needed: bool  # your role signs in and confirms with a passkey only


class RemovalProof(Body):
    """step_up: a proof for `account:change` on the hex SHA-256 of `remove the authenticator app`."""

    step_up: str


class RenewalProof(Body):
    """step_up: a proof for `account:change` on the hex SHA-256 of `renew the recovery codes`."""

    step_up: str


class NewCodes(Answer):
    """Shown this once; the old ones are void."""

    recovery_codes: list[str]


@get("/factors", opt=OUTSIDERS, summary="Show your second factors", tags=["Account"])
async def show(request: WebRequest) -> Factors:
    """What you have. `GET /passkeys` names the passkeys."""
    portal = portal_of(request)
    own = await run(factors.own_factors, portal.db, acting=signed_in(request), now=portal.clock())
    return Factors(
        authenticator_since=own.app_since,
        passkeys=own.owned.passkeys,
        recovery_codes_left=own.owned.recovery_codes,
        passkey_needed=own.passkey_only,
    )


@post("/factors/authenticator", summary="Begin setting up another authenticator app", tags=["Account"])
async def begin_app(request: WebRequest) -> NewFactor:
    """Return a fresh seed, shortly after signing in. The old app counts until the new one is confirmed."""
    portal = portal_of(request)
    begun = await run(
        factors.begin_enrolment,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        now=portal.clock(),
    )
    return NewFactor(secret=begun.secret, uri=begun.uri)


@post("/factors/authenticator/confirmation", summary="Confirm the authenticator app", tags=["Account"])
async def confirm_app(request: WebRequest, data: JSONBody[CodeGiven]) -> Response[RecoveryCodes]:
    """Give the first code. Every other session ends; this one gets a new cookie and a new csrf token."""
    portal = portal_of(request)
    codes, session = await run(
        factors.confirm_enrolment,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        code=data.code,
        now=portal.clock(),
    )
    answer = RecoveryCodes(recovery_codes=codes, csrf=session.csrf)
    return Response(answer, status_code=201, cookies=opened(request, session))


@post(
    "/factors/authenticator/removal",
    status_code=204,
    summary="Remove the authenticator app",
    tags=["Account"],
)
async def remove_app(request: WebRequest, data: JSONBody[RemovalProof]) -> None:
    """Remove it; a passkey must be there. Every other session ends."""
    portal = portal_of(request)
    await run(
        factors.remove_app,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        step_up_id=data.step_up,
        now=portal.clock(),
    )


@post("/factors/recovery-codes", summary="Make new recovery codes", tags=["Account"])
async def renew_codes(request: WebRequest, data: JSONBody[RenewalProof]) -> NewCodes:
    """Void every recovery code and get new ones, this once."""
    portal = portal_of(request)
    codes = await run(
        factors.renew_recovery_codes,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        step_up_id=data.step_up,
        now=portal.clock(),
    )
    return NewCodes(recovery_codes=codes)


HANDLERS = [show, begin_app, confirm_app, remove_app, renew_codes]
