"""Signing in over the API: password, then factor; who I am; setting up a factor."""

from typing import Any

from litestar import Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.params import JSONBody

from docvault.actions import factors, sessions
from docvault.credentials.refusals import ChallengeOver
from docvault.web import cookies
from docvault.web.access import ANY_SESSION, ENROLMENT, PUBLIC, portal_of, signed_in, source_of
from docvault.web.running import run, run_evenly
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class PasswordGiven(Body):
    email: str
    password: str


class CodeGiven(Body):
    code: str


class FactorWanted(Answer):
    """The password was right; the next request gives one of `factors`."""

    next: str
    factors: list[str]


class Me(Answer):
    """Who this session is. `csrf` goes into the header X-CSRF-Token of every write."""

    id: str
    name: str
    email: str
    role: str
    organisation_id: str
    session_kind: str
    factors: str
    csrf: str


class NewFactor(Answer):
    """The seed of an authenticator app, as text and otpauth:// address. Active once a code confirmed it."""

    secret: str
    uri: str


class RecoveryCodes(Answer):
    """Shown this once; each is good for setting up one new factor."""

    recovery_codes: list[str]
    csrf: str


@post(
    "/session/password",
    opt=PUBLIC,
    status_code=200,
    summary="Give e-mail address and password",
    tags=["Session"],
)
async def give_password(request: WebRequest, data: JSONBody[PasswordGiven]) -> Response[FactorWanted]:
    """Begin signing in. The answer's cookie opens nothing but the routes that take the factor."""
    portal = portal_of(request)
    challenge = await run_evenly(
        sessions.begin_sign_in,
        portal.db,
        portal.hasher,
        email=data.email,
        password=data.password,
        source=source_of(request.scope),
        now=portal.clock(),
    )
    answer = FactorWanted(next="factor", factors=list(challenge.factors))
    return Response(answer, cookies=[cookies.challenge_cookie(challenge.token)])


@post("/session/totp", opt=PUBLIC, status_code=204, summary="Give the one-time code", tags=["Session"])
async def give_code(request: WebRequest, data: JSONBody[CodeGiven]) -> Response[None]:
    """Finish signing in with the 6-digit code. The answer's cookie is the session."""
    portal = portal_of(request)
    session = await run(
        sessions.finish_sign_in,
        portal.db,
        portal.vault.records,
        challenge_token=challenge_of(request),
        code=data.code,
        source=source_of(request.scope),
        now=portal.clock(),
    )
    return Response(None, status_code=204, cookies=opened(request, session))


@post("/session/recovery", opt=PUBLIC, status_code=204, summary="Give a recovery code", tags=["Session"])
async def give_recovery_code(request: WebRequest, data: JSONBody[CodeGiven]) -> Response[None]:
    """Finish with a recovery code instead. The session it opens can only set up a new factor."""
    portal = portal_of(request)
    session = await run(
        sessions.use_recovery_code,
        portal.db,
        portal.vault.records,
        challenge_token=challenge_of(request),
        code=data.code,
        source=source_of(request.scope),
        now=portal.clock(),
    )
    return Response(None, status_code=204, cookies=opened(request, session))


@delete("/session", opt=ANY_SESSION, summary="Sign out", tags=["Session"])
async def end_session(request: WebRequest) -> Response[None]:
    """End this session, everywhere and at once."""
    portal = portal_of(request)
    await run(sessions.sign_out, portal.db, acting=signed_in(request), now=portal.clock())
    return Response(None, status_code=204, cookies=[cookies.ended(cookies.SESSION)])


@get("/me", opt=ANY_SESSION, summary="Say who is signed in", tags=["Session"])
async def me(request: WebRequest) -> Me:
    """Who this session is, and the token that its writes need."""
    acting = signed_in(request)
    return Me(
        id=acting.person_id,
        name=acting.name,
        email=acting.email,
        role=acting.role,
        organisation_id=acting.organisation_id,
        session_kind=acting.session_kind,
        factors=acting.factors,
        csrf=request.scope["auth"],
    )


@post("/enrolment", opt=ENROLMENT, summary="Begin setting up an authenticator app", tags=["Session"])
async def begin_enrolment(request: WebRequest) -> NewFactor:
    """Return a fresh seed. It replaces one that was not confirmed."""
    portal = portal_of(request)
    begun = await run(
        factors.begin_enrolment,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        now=portal.clock(),
    )
    return NewFactor(secret=begun.secret, uri=begun.uri)


@post("/enrolment/confirmation", opt=ENROLMENT, summary="Confirm the authenticator app", tags=["Session"])
async def confirm_enrolment(request: WebRequest, data: JSONBody[CodeGiven]) -> Response[RecoveryCodes]:
    """Give the first code. The session becomes a full one, with a new cookie and a new csrf token."""
    portal = portal_of(request)
    codes, session = await run(
        factors.confirm_enrolment,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        code=data.code,
        now=portal.clock(),
    )
    return Response(
        RecoveryCodes(recovery_codes=codes, csrf=session.csrf),
        status_code=201,
        cookies=opened(request, session),
    )


def challenge_of(request: WebRequest) -> str:
    """Return the secret of the challenge this browser holds. Raises ChallengeOver without one."""
    token = cookies.read(request.headers.get("cookie", ""), cookies.CHALLENGE)
    if token is None:
        raise ChallengeOver
    return token


def opened(request: WebRequest, session: sessions.NewSession) -> list[Cookie]:
    """Return the cookies of a session that has just begun: its own, a new device's, the challenge's end."""
    given = [cookies.session_cookie(session.token, session.csrf), cookies.ended(cookies.CHALLENGE)]
    if session.device is not None:
        known = source_of(request.scope).devices
        given.append(cookies.device_cookie([session.device, *known]))
    return given


HANDLERS = [
    give_password,
    give_code,
    give_recovery_code,
    end_session,
    me,
    begin_enrolment,
    confirm_enrolment,
]
