"""Who is asking, and whether this route is for them at all. What they may do is the policy's business.

Every route needs a full session unless its `opt` says otherwise: a forgotten route is closed (promise 20).
A challenge (password right, factor owed) is never looked at here: only the factor's own handlers read it
(promise 1). A program's token opens the API's subjects that say `TOKENS`, and nothing else.
"""

import hashlib
import hmac
from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from docvault.actions import sessions, visits
from docvault.database.engine import DatabaseBusy, DatabaseFull, DatabaseGone
from docvault.database.sessions import IN_PERSON, TOKEN
from docvault.policy.vocabulary import Acting, Guest, Role
from docvault.values import DocVaultError
from docvault.web import bearer, cookies, peer
from docvault.web.running import run
from docvault.wiring import Portal

# What a handler says as its `opt`. Without one of them a full session is needed.
PUBLIC = {"access": "public"}  # anybody, signed in or not
ENROLMENT = {"access": "enrolment"}  # a session that may only enrol a factor, and nothing else
ANY_SESSION = {"access": "any session"}  # signing out
GUEST = {"access": "guest"}  # the visit of somebody without an account, and no session at all
OUTSIDERS = {"outsiders": True}  # beside a full session: also of somebody without an account, and of no other
SIGNERS = {"outsiders": True, "in_person": True}  # the same, and of a signer at their host's device
TOKENS = {"tokens": True}  # beside one of the others: a program's token is taken as well

Connection = ASGIConnection[Any, Any, Any, Any]

NO_SESSION_NEEDED = ("/static/", "/health/")  # answered without a look into the database


class AccessError(DocVaultError):
    """The root of what this door refuses before any action runs."""


class NotSignedIn(AccessError):
    """Nobody is signed in, or the session has ended."""

    def __init__(self) -> None:
        super().__init__("Please sign in.")


class FactorNeeded(AccessError):
    """The session may only set up a second factor."""

    def __init__(self) -> None:
        super().__init__("Please set up your authenticator app first.")


class TwoCredentials(AccessError):
    """A cookie and an `Authorization` header: who acts never depends on which is read first."""

    def __init__(self) -> None:
        super().__init__("Send either a session's cookie or an Authorization header, not both.")


class NotForOutsiders(AccessError):
    """Somebody without an account asks for what is not theirs, whatever it is."""

    def __init__(self) -> None:
        super().__init__("Only what you are asked to sign is open to you here.")


class VisitOver(AccessError):
    """There is no visit in this browser, or it has ended."""

    def __init__(self) -> None:
        super().__init__("Your visit is over. Please open the link that you were sent again.")


class VerifierBusy(AccessError):
    """Too many documents are being checked; anybody may ask for that."""

    def __init__(self) -> None:
        super().__init__("Many documents are being checked right now. Please try again in a moment.")


def with_session(app: ASGIApp, portal: Portal) -> ASGIApp:
    """Wrap the application: `scope["user"]` becomes who acts or None, `scope["auth"]` their csrf token."""
    trusted = peer.networks(portal.settings.trusted_proxies)

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            scope["user"] = scope["auth"] = None
            scope["docvault_source"] = sessions.Source(  # type: ignore[typeddict-unknown-key]
                address=peer.address_of(scope, trusted),
                user_agent=peer.user_agent_of(scope),
                devices=cookies.devices(Headers.from_scope(scope).get("cookie", "")),
            )
            if not scope["path"].startswith(NO_SESSION_NEEDED):
                try:
                    await _recognise(scope, portal)
                except (DatabaseBusy, DatabaseFull, DatabaseGone) as error:
                    # Only behind the router are errors told in words; the guard below raises it there.
                    scope["docvault_trouble"] = error  # type: ignore[typeddict-unknown-key]
        await app(scope, receive, send)

    return wrapped


async def _recognise(scope: Scope, portal: Portal) -> None:
    """Read the session's cookie, or the program's token. With both, nobody is recognised."""
    headers = Headers.from_scope(scope)
    if not bearer.is_given(headers):
        await _recognise_session(scope, portal, headers)
    elif cookies.SESSION in headers.get("cookie", ""):
        scope["docvault_two_credentials"] = True  # type: ignore[typeddict-unknown-key]
    elif scope["path"].startswith(bearer.PREFIX):
        await _recognise_program(scope, portal, headers)


async def _recognise_program(scope: Scope, portal: Portal, headers: Headers) -> None:
    """A program has no cookie that a browser would send by itself, so it has no csrf token either."""
    token = bearer.token_of(headers)
    if token is None:
        return
    signed = await run(
        sessions.authenticate, portal.db, token=token, source=source_of(scope), now=portal.clock()
    )
    if signed is not None and signed.acting.session_kind == TOKEN:
        scope["user"] = signed.acting


async def _recognise_session(scope: Scope, portal: Portal, headers: Headers) -> None:
    """A cookie that does not hold in both halves is treated as none, and so is a program's token in it."""
    cookie = cookies.read(headers.get("cookie", ""), cookies.SESSION)
    token, _, csrf = (cookie or "").partition(".")
    if not token or not csrf:
        return
    signed = await run(
        sessions.authenticate, portal.db, token=token, source=source_of(scope), now=portal.clock()
    )
    if signed is None or signed.acting.session_kind == TOKEN:
        return
    if not hmac.compare_digest(hashlib.sha256(csrf.encode()).digest(), signed.csrf_hash):
        return
    scope["user"], scope["auth"] = signed.acting, csrf


def source_of(scope: Scope) -> sessions.Source:
    """Return where the request came from: the true peer and what its browser calls itself."""
    source: sessions.Source = scope["docvault_source"]  # type: ignore[typeddict-item]
    return source


async def require_session(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of the whole application.

    Raises what kept us from finding out who it is, TwoCredentials, VisitOver, NotSignedIn, FactorNeeded,
    NotForOutsiders.
    """
    _require_answer(connection.scope)
    access = handler.opt.get("access", "full")
    if access == GUEST["access"]:
        await _recognise_guest(connection)
        return
    if access == "public" or connection.scope.get("method") == "OPTIONS":
        return
    acting = connection.scope.get("user")
    if not isinstance(acting, Acting):
        raise NotSignedIn
    if acting.session_kind == TOKEN:
        if access == "full" and handler.opt.get("tokens") is True:
            return
        raise NotSignedIn
    if acting.session_kind == IN_PERSON:
        _require_ceremony(handler, access)
        return
    wanted = {"full": "full", "enrolment": "enrol"}.get(access, acting.session_kind)
    if acting.session_kind == wanted:
        _require_account(acting, handler, access)
        return
    if acting.session_kind == "enrol":
        raise FactorNeeded
    raise NotSignedIn


def _require_answer(scope: Scope) -> None:
    """Return if it is known who asks, or that nobody does. Raises what was in the way, TwoCredentials."""
    trouble = scope.get("docvault_trouble")
    if isinstance(trouble, Exception):
        raise trouble
    if scope.get("docvault_two_credentials"):
        raise TwoCredentials


def _require_account(acting: Acting, handler: BaseRouteHandler, access: str) -> None:
    """Let somebody without an account through where a route says so. Raises NotForOutsiders."""
    if access == "full" and acting.role is Role.OUTSIDER and handler.opt.get("outsiders") is not True:
        raise NotForOutsiders


def _require_ceremony(handler: BaseRouteHandler, access: str) -> None:
    """Let a signer at their host's device through where a route says so. Raises NotForOutsiders."""
    if access != "any session" and not (access == "full" and handler.opt.get("in_person") is True):
        raise NotForOutsiders


async def _recognise_guest(connection: Connection) -> None:
    """Find whose visit this is, if any; who is signed in besides does not count here. Raises VisitOver."""
    if connection.scope.get("method") == "OPTIONS":
        return
    portal = portal_of(connection)
    token = cookies.read(connection.headers.get("cookie", ""), cookies.VISIT)
    if token is None:
        raise VisitOver
    source = source_of(connection.scope)
    guest = await run(visits.recognise, portal.db, token=token, source=source, now=portal.clock())
    if guest is None:
        raise VisitOver
    connection.scope["docvault_guest"] = guest  # type: ignore[typeddict-unknown-key]


def guest_of(connection: Connection) -> Guest:
    """Return whose visit this is. Raises VisitOver."""
    guest = connection.scope.get("docvault_guest")
    if not isinstance(guest, Guest):
        raise VisitOver
    return guest


def sender_of(connection: Connection) -> Acting | Guest:
    """Return who sends a file: the guest on a guest's route, else who is signed in. Raises NotSignedIn."""
    guest = connection.scope.get("docvault_guest")
    return guest if isinstance(guest, Guest) else signed_in(connection)


def signed_in(connection: Connection) -> Acting:
    """Return who acts. Raises NotSignedIn on a public route nobody is signed in to."""
    acting = connection.scope.get("user")
    if not isinstance(acting, Acting):
        raise NotSignedIn
    return acting


def acting_or_none(connection: Connection) -> Acting | None:
    """Return who acts, or None for a visitor."""
    acting = connection.scope.get("user")
    return acting if isinstance(acting, Acting) else None


def portal_of(connection: Connection) -> Portal:
    """Return the wired parts that the application was made with."""
    portal: Portal = connection.app.state.portal
    return portal
