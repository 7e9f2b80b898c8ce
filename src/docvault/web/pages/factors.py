"""One's own second factors: passkeys, the authenticator app, recovery codes."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from markupsafe import Markup

from docvault.actions import factors, passkeys
from docvault.credentials.refusals import CredentialRefused
from docvault.database.step_ups import StepUpInvalid
from docvault.rules.factors import FactorRefused
from docvault.rules.names import BadName
from docvault.values import DocVaultError
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.api.session import opened
from docvault.web.proofs import ProofForm, prove
from docvault.web.rendering import home_of, render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

REFUSALS = (CredentialRefused, StepUpInvalid, FactorRefused, BadName)
NOTICES = {
    "passkey-added": "The passkey is added. The next time you can sign in with it.",
    "passkey-renamed": "The passkey has its new name.",
    "passkey-removed": "The passkey is removed, and you are signed out everywhere else.",
    "app-removed": "The authenticator app is removed, and you are signed out everywhere else.",
}


class NameForm(msgspec.Struct, forbid_unknown_fields=True):
    name: str = ""


class CodeForm(msgspec.Struct, forbid_unknown_fields=True):
    code: str = ""


@get("/account/factors")
async def show(request: WebRequest, notice: FromQuery[str] = "") -> Response[str]:
    """What I can prove myself with, and what I may do about it."""
    return await _page(request, notice=NOTICES.get(notice, ""))


@post("/account/factors/passkeys/{passkey_id:str}/rename")
async def rename(request: WebRequest, passkey_id: FromPath[str]) -> Response[Any]:
    """Call a passkey something else."""
    form = await forms.read(request, NameForm)
    portal = portal_of(request)
    try:
        await run(
            passkeys.rename_passkey,
            portal.db,
            portal.vault.records,
            acting=signed_in(request),
            passkey_id=passkey_id,
            name=form.name,
            now=portal.clock(),
        )
    except REFUSALS as error:
        return await _page(request, error)
    return _back("passkey-renamed")


@post("/account/factors/passkeys/{passkey_id:str}/remove")
async def remove(request: WebRequest, passkey_id: FromPath[str]) -> Response[Any]:
    """Remove a passkey, with a proof for exactly that."""
    form = await forms.read(request, ProofForm)
    portal = portal_of(request)
    given: list[Cookie] = []
    await run(passkeys.show_passkey, portal.db, acting=signed_in(request), passkey_id=passkey_id)
    try:
        digest = passkeys.removal_digest(passkey_id)
        step_up_id, given = await prove(request, passkeys.STEP_UP, digest, form)
        await run(
            passkeys.remove_passkey,
            portal.db,
            portal.vault.records,
            acting=signed_in(request),
            passkey_id=passkey_id,
            step_up_id=step_up_id,
            now=portal.clock(),
        )
    except REFUSALS as error:
        return await _page(request, error, cookies=given)
    return _back("passkey-removed", given)


@post("/account/factors/app", status_code=200)
async def begin_app(request: WebRequest) -> Response[str]:
    """Show a fresh seed for another authenticator app, this once."""
    portal = portal_of(request)
    try:
        begun = await run(
            factors.begin_enrolment,
            portal.db,
            portal.vault.records,
            acting=signed_in(request),
            now=portal.clock(),
        )
    except REFUSALS as error:
        return await _page(request, error)
    picture = Markup(begun.qr_svg)  # noqa: S704 - drawn by us from the seed, without text of anybody's
    return render(request, "authenticator.html", enrolment=begun, qr=picture, error="")


@post("/account/factors/app/confirm", status_code=200)
async def confirm_app(request: WebRequest) -> Response[str]:
    """Take the first code of the new app, and show the new recovery codes, once."""
    form = await forms.read(request, CodeForm)
    portal = portal_of(request)
    try:
        codes, session = await run(
            factors.confirm_enrolment,
            portal.db,
            portal.vault.records,
            acting=signed_in(request),
            code=form.code,
            now=portal.clock(),
        )
    except CredentialRefused as error:
        page = render(
            request,
            "authenticator.html",
            problems.meaning_of(error).status,
            enrolment=None,
            qr="",
            error=str(error),
        )
        page.headers.update(problems.headers_of(error))
        return page
    return render(
        request,
        "recovery_codes.html",
        outside=False,
        cookies=opened(request, session),
        codes=codes,
        enrolling=False,
        home=home_of(session.acting),
        csrf=session.csrf,
    )


@post("/account/factors/app/remove")
async def remove_app(request: WebRequest) -> Response[Any]:
    """Remove the authenticator app, with a proof for exactly that."""
    form = await forms.read(request, ProofForm)
    portal = portal_of(request)
    given: list[Cookie] = []
    try:
        step_up_id, given = await prove(request, factors.STEP_UP, factors.REMOVE_APP, form)
        await run(
            factors.remove_app,
            portal.db,
            portal.vault.records,
            acting=signed_in(request),
            step_up_id=step_up_id,
            now=portal.clock(),
        )
    except REFUSALS as error:
        return await _page(request, error, cookies=given)
    return _back("app-removed", given)


@post("/account/factors/recovery-codes", status_code=200)
async def renew_codes(request: WebRequest) -> Response[Any]:
    """Void the recovery codes and show new ones, once."""
    form = await forms.read(request, ProofForm)
    portal = portal_of(request)
    given: list[Cookie] = []
    try:
        step_up_id, given = await prove(request, factors.STEP_UP, factors.RENEW_CODES, form)
        codes = await run(
            factors.renew_recovery_codes,
            portal.db,
            portal.vault.records,
            acting=signed_in(request),
            step_up_id=step_up_id,
            now=portal.clock(),
        )
    except REFUSALS as error:
        return await _page(request, error, cookies=given)
    return render(
        request,
        "recovery_codes.html",
        outside=False,
        cookies=given,
        codes=codes,
        enrolling=False,
        home="/account/factors",
    )


async def _page(
    request: WebRequest,
    error: DocVaultError | None = None,
    *,
    notice: str = "",
    cookies: list[Cookie] | None = None,
) -> Response[str]:
    portal = portal_of(request)
    own = await run(factors.own_factors, portal.db, acting=signed_in(request), now=portal.clock())
    page = render(
        request,
        "factors.html",
        problems.meaning_of(error).status if error else 200,
        cookies=cookies,
        own=own,
        notice=notice,
        error=str(error or ""),
    )
    page.headers.update(problems.headers_of(error) if error else {})
    return page


def _back(notice: str, cookies: list[Cookie] | None = None) -> Redirect:
    back = Redirect(f"/account/factors?notice={notice}", status_code=303)
    back.cookies.extend(cookies or [])
    return back


HANDLERS = [show, rename, remove, begin_app, confirm_app, remove_app, renew_codes]
