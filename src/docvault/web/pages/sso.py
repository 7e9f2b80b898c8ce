"""Single sign-on: leaving for the identity provider, coming back, connecting an account, signing out there.

What comes back comes by GET, which changes nothing: its page posts it, in the browser that left
(ASVS 7.6.2).
"""

from typing import Any

import msgspec
import structlog
from litestar import Request, Response, get, post
from litestar.response import Redirect

from docvault.actions import single_sign_on
from docvault.actions.single_sign_on import IdentityError
from docvault.credentials.refusals import CredentialRefused
from docvault.identity.provider import Provider
from docvault.rules import single_sign_on as rules
from docvault.rules.single_sign_on import SignOnRefused
from docvault.values import DocVaultError, NotFound
from docvault.web import cookies, forms, parameters, problems
from docvault.web.access import PUBLIC, acting_or_none, portal_of, signed_in, source_of
from docvault.web.api.session import opened
from docvault.web.pages.sign_in import inside, with_next
from docvault.web.rendering import home_of, render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]
LONGEST = 4096  # characters of one thing that a provider sends back

log = structlog.get_logger()


class LeaveForm(msgspec.Struct, forbid_unknown_fields=True):
    next: str = ""


class ReturnForm(msgspec.Struct, forbid_unknown_fields=True):
    state: str = ""
    code: str = ""
    error: str = ""
    iss: str = ""


@post("/login/sso", opt=PUBLIC, status_code=200)
async def leave(request: WebRequest) -> Response[Any]:
    """Begin, and lead this browser to the provider."""
    provider = _provider(request)
    form = await forms.read(request, LeaveForm)
    portal = portal_of(request)
    try:
        departure = await run(
            single_sign_on.begin_sign_on,
            portal.db,
            portal.vault.records,
            provider,
            onward=inside(form.next),
            source=source_of(request.scope),
            now=portal.clock(),
        )
    except (IdentityError, CredentialRefused) as error:
        return _turned_away(request, error)
    return _lead(request, departure)


@get("/login/sso/return", opt=PUBLIC | {"query": parameters.ANY})
async def receive(request: WebRequest) -> Response[str]:
    """Show what the provider sent back as a form; opening this page changes nothing (promise 38)."""
    _provider(request)
    names = ReturnForm.__struct_fields__
    returned = {name: request.query_params.get(name, "")[:LONGEST] for name in names}
    return render(request, "sso_return.html", returned=returned)


@post("/login/sso/return", opt=PUBLIC, status_code=200)
async def arrive(request: WebRequest) -> Response[Any]:
    """Take what the provider sent back: the person is known, and our factor follows where it is owed."""
    provider = _provider(request)
    form = await forms.read(request, ReturnForm)
    portal = portal_of(request)
    browser = cookies.read(request.headers.get("cookie", ""), cookies.SIGN_ON) or ""
    acting = acting_or_none(request)
    try:
        arrival = await run(
            single_sign_on.finish_sign_on,
            portal.db,
            portal.vault.records,
            provider,
            returned=single_sign_on.Returned(form.state, form.code, form.error, form.iss or None),
            browser=browser,
            acting=acting,
            source=source_of(request.scope),
            now=portal.clock(),
        )
    except (IdentityError, SignOnRefused, single_sign_on.IdentityTaken) as error:
        answer = _turned_away(request, error) if acting is None else await _account(request, provider, error)
        answer.cookies.append(cookies.ended(cookies.SIGN_ON))
        return answer
    return _entered(request, arrival)


@get("/login/sso/signed-out", opt=PUBLIC)
async def signed_out(request: WebRequest) -> Response[str]:
    """Say that the session here has ended, and offer to end the provider's."""
    back = f"{portal_of(request).settings.base_url.rstrip('/')}/login"
    address = await run(single_sign_on.sign_out_address, _provider(request), back=back)
    return render(request, "sso_signed_out.html", address=address)


@get("/account/sso")
async def account(request: WebRequest) -> Response[str]:
    """Whether one's account is connected, and the way to change that."""
    return await _account(request, _provider(request))


@post("/account/sso/connect", status_code=200)
async def connect(request: WebRequest) -> Response[Any]:
    """Lead somebody who has just signed in with both factors to the provider, once, to connect."""
    provider, portal = _provider(request), portal_of(request)
    try:
        departure = await run(
            single_sign_on.begin_connecting,
            portal.db,
            portal.vault.records,
            provider,
            acting=signed_in(request),
            now=portal.clock(),
        )
    except (IdentityError, SignOnRefused, single_sign_on.IdentityTaken) as error:
        return await _account(request, provider, error)
    return _lead(request, departure)


@post("/account/sso/disconnect")
async def disconnect(request: WebRequest) -> Redirect:
    """Let the provider vouch for this account no more."""
    provider, portal = _provider(request), portal_of(request)
    await run(
        single_sign_on.disconnect,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        issuer=provider.issuer,
        now=portal.clock(),
    )
    return Redirect("/account/sso", status_code=303)


def _provider(request: WebRequest) -> Provider:
    """Return the provider that is set. Raises NotFound without one: there is no such way in here."""
    provider = portal_of(request).provider
    if provider is None:
        raise NotFound
    return provider


def _lead(request: WebRequest, departure: single_sign_on.Departure) -> Response[str]:
    cookie = cookies.sign_on_cookie(departure.browser)
    return render(request, "sso_leave.html", address=departure.address, cookies=[cookie])


def _entered(request: WebRequest, arrival: single_sign_on.Arrival) -> Response[Any]:
    """Go on: to the page that was wanted, to the code, or back to the account that was connected."""
    gone = cookies.ended(cookies.SIGN_ON)
    if arrival.challenge is not None:
        entered = Redirect(with_next("/login/code", arrival.onward), status_code=303)
        entered.cookies.extend([cookies.challenge_cookie(arrival.challenge), gone])
        return entered
    if arrival.session is None:
        entered = Redirect(arrival.onward, status_code=303)
        entered.cookies.append(gone)
        return entered
    entered = Redirect(arrival.onward or home_of(arrival.session.acting), status_code=303)
    entered.cookies.extend([*opened(request, arrival.session), gone])
    return entered


def _turned_away(request: WebRequest, error: DocVaultError) -> Response[Any]:
    """Show the sign-in form with what was wrong; what exactly the provider did is for the log."""
    _log(error)
    status = problems.meaning_of(error).status
    page = render(request, "login.html", status, error=str(error), next="", email="", notice="")
    page.headers.update(problems.headers_of(error))
    return page


async def _account(
    request: WebRequest, provider: Provider, error: DocVaultError | None = None
) -> Response[str]:
    if error is not None:
        _log(error)
    portal = portal_of(request)
    found = await run(single_sign_on.connection, portal.db, acting=signed_in(request), issuer=provider.issuer)
    return render(
        request,
        "sso_account.html",
        problems.meaning_of(error).status if error else 200,
        connection=found,
        spares=rules.wants_factor(portal.db.policy.numbers.sso),
        error=str(error or ""),
    )


def _log(error: DocVaultError) -> None:
    if isinstance(error, IdentityError):
        log.warning("sso.refused", kind=type(error).__name__, why=error.why)


HANDLERS = [leave, receive, arrive, signed_out, account, connect, disconnect]
