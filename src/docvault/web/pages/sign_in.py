"""Signing in and out: password, then the code from the app, or a recovery code."""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromQuery, QueryParameter
from litestar.response import Redirect

from docvault.actions import sessions
from docvault.credentials.refusals import ChallengeOver, CredentialRefused
from docvault.web import cookies, forms, problems
from docvault.web.access import ANY_SESSION, PUBLIC, acting_or_none, portal_of, signed_in, source_of
from docvault.web.api.session import challenge_of, opened
from docvault.web.rendering import home_of, render
from docvault.web.running import run, run_evenly

WebRequest = Request[Any, Any, Any]
Next = Annotated[str, QueryParameter(name="next", max_length=500)]

NOTICES = {
    "password-changed": "Your password is changed. Please sign in with it.",
    "signed-out": "You are signed out.",
    "ended": "Your session here has ended: it rested too long, or was ended elsewhere. Please sign in again.",
}


class SignInForm(msgspec.Struct, forbid_unknown_fields=True):
    email: str = ""
    password: str = ""
    next: str = ""


class CodeForm(msgspec.Struct, forbid_unknown_fields=True):
    code: str = ""
    next: str = ""


class LeaveForm(msgspec.Struct, forbid_unknown_fields=True):
    next: str = ""


@get("/", opt=PUBLIC)
async def start(request: WebRequest) -> Redirect:
    """The first page of whoever comes."""
    return Redirect(home_of(acting_or_none(request)), status_code=303)


@get("/login", opt=PUBLIC)
async def login(request: WebRequest, onward: Next = "", notice: FromQuery[str] = "") -> Response[Any]:
    """The sign-in form."""
    acting = acting_or_none(request)
    if acting is not None:
        return Redirect(inside(onward) or home_of(acting), status_code=303)
    words, over = NOTICES.get(notice, ""), notice == "ended"
    return render(request, "login.html", next=inside(onward), email="", error="", notice=words, over=over)


@post("/login", opt=PUBLIC)
async def give_password(request: WebRequest) -> Response[Any]:
    """Take e-mail address and password; go on to the code."""
    form = await forms.read(request, SignInForm)
    portal = portal_of(request)
    try:
        challenge = await run_evenly(
            sessions.begin_sign_in,
            portal.db,
            portal.hasher,
            email=form.email,
            password=form.password,
            source=source_of(request.scope),
            now=portal.clock(),
        )
    except CredentialRefused as error:
        context = {"next": inside(form.next), "email": form.email, "notice": ""}
        return again(request, "login.html", error, **context)
    onward = Redirect(with_next("/login/code", form.next), status_code=303)
    onward.cookies.append(cookies.challenge_cookie(challenge.token))
    return onward


@get("/login/code", opt=PUBLIC)
async def ask_code(request: WebRequest, onward: Next = "") -> Response[Any]:
    """The form for the second factor: a passkey, or the 6-digit code."""
    try:
        owed = await _owed(request)
    except ChallengeOver:
        return Redirect("/login", status_code=303)
    return render(request, "factor.html", next=inside(onward), owed=owed, error="")


@post("/login/code", opt=PUBLIC)
async def give_code(request: WebRequest) -> Response[Any]:
    """Take the code; the person is signed in."""
    form = await forms.read(request, CodeForm)
    portal = portal_of(request)
    try:
        session = await run(
            sessions.finish_sign_in,
            portal.db,
            portal.vault.records,
            challenge_token=challenge_of(request),
            code=form.code,
            source=source_of(request.scope),
            now=portal.clock(),
        )
    except ChallengeOver as error:
        return again(request, "login.html", error, next=inside(form.next), email="", notice="")
    except CredentialRefused as error:
        return again(request, "factor.html", error, next=inside(form.next), owed=await _owed(request))
    return _enter(request, inside(form.next) or home_of(session.acting), session)


@get("/login/recovery", opt=PUBLIC)
async def ask_recovery_code(request: WebRequest) -> Response[Any]:
    """The form for a recovery code."""
    if cookies.read(request.headers.get("cookie", ""), cookies.CHALLENGE) is None:
        return Redirect("/login", status_code=303)
    return render(request, "recovery.html", error="")


@post("/login/recovery", opt=PUBLIC)
async def give_recovery_code(request: WebRequest) -> Response[Any]:
    """Take a recovery code; the session it opens only sets up a new factor."""
    form = await forms.read(request, CodeForm)
    portal = portal_of(request)
    try:
        session = await run(
            sessions.use_recovery_code,
            portal.db,
            portal.vault.records,
            challenge_token=challenge_of(request),
            code=form.code,
            source=source_of(request.scope),
            now=portal.clock(),
        )
    except ChallengeOver as error:
        return again(request, "login.html", error, next="", email="", notice="")
    except CredentialRefused as error:
        return again(request, "recovery.html", error)
    return _enter(request, "/enrol", session)


@post("/logout", opt=ANY_SESSION)
async def logout(request: WebRequest) -> Redirect:
    """End the session; whoever wants to sign in again goes on where they were."""
    form = await forms.read(request, LeaveForm) if forms.is_form(request) else LeaveForm()
    portal = portal_of(request)
    await run(sessions.sign_out, portal.db, acting=signed_in(request), now=portal.clock())
    address = with_next("/login", form.next) if form.next else "/login?notice=signed-out"
    if not form.next and signed_in(request).factors.startswith("sso"):
        address = "/login/sso/signed-out"
    left = Redirect(address, status_code=303)
    left.cookies.append(cookies.ended(cookies.SESSION))
    return left


async def _owed(request: WebRequest) -> tuple[str, ...]:
    """Return what the challenge of this browser may be answered with. Raises ChallengeOver."""
    portal = portal_of(request)
    return await run(
        sessions.factors_owed, portal.db, challenge_token=challenge_of(request), now=portal.clock()
    )


def inside(address: str) -> str:
    """Return `address` if it is a path of this portal, else nothing: no redirect leads outside (CWE-601)."""
    is_path = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_path and address.isprintable() and "\\" not in address else ""


def again(request: WebRequest, template: str, error: CredentialRefused, **context: Any) -> Response[Any]:
    """Show the form once more with what was wrong, under the status the error means."""
    page = render(request, template, problems.meaning_of(error).status, error=str(error), **context)
    page.headers.update(problems.headers_of(error))
    return page


def _enter(request: WebRequest, address: str, session: sessions.NewSession) -> Redirect:
    entered = Redirect(address, status_code=303)
    entered.cookies.extend(opened(request, session))
    return entered


def with_next(address: str, onward: str) -> str:
    """Return `address` that remembers where to go afterwards."""
    return f"{address}?next={quote(inside(onward))}" if inside(onward) else address


HANDLERS = [
    start,
    login,
    give_password,
    ask_code,
    give_code,
    ask_recovery_code,
    give_recovery_code,
    logout,
]
