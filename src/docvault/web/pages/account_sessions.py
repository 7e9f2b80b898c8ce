"""One's own sessions and known devices; ending one asks for a second factor on a page of its own."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from docvault.actions import own_sessions
from docvault.credentials.refusals import CredentialRefused
from docvault.database.step_ups import StepUpInvalid
from docvault.rules.people import PersonRefused
from docvault.values import DocVaultError
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in, source_of
from docvault.web.proofs import ProofForm, prove
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

NOTICES = {
    "ended": "That session has ended. Its next click leads to the sign-in page.",
    "others": "You are signed out everywhere else.",
    "forgotten": "That browser is not known any more. Its next sign-in is told to you by mail.",
}


REFUSALS = (CredentialRefused, StepUpInvalid, PersonRefused)


@get("/account/sessions")
async def show_sessions(request: WebRequest, notice: FromQuery[str] = "") -> Response[str]:
    """Every session and known device, in plain words."""
    portal, acting = portal_of(request), signed_in(request)
    source = source_of(request.scope)
    rules = portal.db.policy.numbers.sessions
    return render(
        request,
        "sessions.html",
        sessions=await run(own_sessions.list_sessions, portal.db, acting=acting, now=portal.clock()),
        devices=await run(own_sessions.list_devices, portal.db, acting=acting, source=source),
        at_once=rules.at_once,
        notice=NOTICES.get(notice, ""),
    )


@get("/account/sessions/others")
async def ask_others(request: WebRequest) -> Response[str]:
    """Ask for a code before every other session ends."""
    return await _ask_others(request)


@post("/account/sessions/others")
async def end_others(request: WebRequest) -> Response[Any]:
    """End every other session."""
    form, portal = await forms.read(request, ProofForm), portal_of(request)
    given: list[Cookie] = []
    try:
        proof, given = await prove(request, own_sessions.STEP_UP, own_sessions.OTHERS, form)
        await run(
            own_sessions.end_other_sessions,
            portal.db,
            acting=signed_in(request),
            step_up_id=proof,
            now=portal.clock(),
        )
    except REFUSALS as error:
        return await _ask_others(request, error, given)
    return _back("others", given)


@get("/account/sessions/{session_id:str}")
async def ask_one(request: WebRequest, session_id: FromPath[str]) -> Response[str]:
    """Ask for a code before one session ends."""
    return await _ask_one(request, session_id)


@post("/account/sessions/{session_id:str}")
async def end_one(request: WebRequest, session_id: FromPath[str]) -> Response[Any]:
    """End one session."""
    form, portal, acting = await forms.read(request, ProofForm), portal_of(request), signed_in(request)
    given: list[Cookie] = []
    await run(
        own_sessions.show_session, portal.db, acting=acting, session_id=session_id, now=portal.clock()
    )  # whose it is comes before any code is used up
    try:
        digest = own_sessions.digest_of(session_id)
        proof, given = await prove(request, own_sessions.STEP_UP, digest, form)
        await run(
            own_sessions.end_session,
            portal.db,
            acting=acting,
            session_id=session_id,
            step_up_id=proof,
            now=portal.clock(),
        )
    except REFUSALS as error:
        return await _ask_one(request, session_id, error, given)
    return _back("ended", given)


@post("/account/devices/{device_id:str}/forget")
async def forget_device(request: WebRequest, device_id: FromPath[str]) -> Redirect:
    """Know a browser no more."""
    portal, acting = portal_of(request), signed_in(request)
    await run(own_sessions.forget_device, portal.db, acting=acting, device_id=device_id, now=portal.clock())
    return _back("forgotten")


async def _ask_others(
    request: WebRequest, error: DocVaultError | None = None, given: list[Cookie] | None = None
) -> Response[str]:
    portal, acting = portal_of(request), signed_in(request)
    found = await run(own_sessions.list_sessions, portal.db, acting=acting, now=portal.clock())
    others = len([each for each in found if not each.current])
    return _asked(request, error, given, session=None, others=others, digest=own_sessions.OTHERS)


async def _ask_one(
    request: WebRequest,
    session_id: str,
    error: DocVaultError | None = None,
    given: list[Cookie] | None = None,
) -> Response[str]:
    portal, acting = portal_of(request), signed_in(request)
    found = await run(
        own_sessions.show_session, portal.db, acting=acting, session_id=session_id, now=portal.clock()
    )
    digest = own_sessions.digest_of(session_id)
    return _asked(request, error, given, session=found, others=0, digest=digest)


def _asked(
    request: WebRequest, error: DocVaultError | None, given: list[Cookie] | None, **context: Any
) -> Response[str]:
    status = problems.meaning_of(error).status if error else 200
    context |= {"purpose": own_sessions.STEP_UP, "error": str(error or "")}
    page = render(request, "session_end.html", status, cookies=given, **context)
    page.headers.update(problems.headers_of(error) if error else {})
    return page


def _back(notice: str, given: list[Cookie] | None = None) -> Redirect:
    back = Redirect(f"/account/sessions?notice={notice}", status_code=303)
    back.cookies.extend(given or [])
    return back


HANDLERS = [show_sessions, ask_others, end_others, ask_one, end_one, forget_device]
