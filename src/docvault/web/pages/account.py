"""A person's own account: who they are, and the pages on which they change it."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromQuery
from litestar.response import Redirect

from docvault.actions import account
from docvault.credentials.refusals import CredentialRefused
from docvault.database.step_ups import StepUpInvalid
from docvault.rules.languages import LANGUAGES, LanguageUnknown
from docvault.rules.people import PersonRefused
from docvault.rules.time_zones import TimeZoneUnknown, zones
from docvault.values import DocVaultError
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in, source_of
from docvault.web.proofs import ProofForm, prove
from docvault.web.rendering import render
from docvault.web.running import run, run_evenly

WebRequest = Request[Any, Any, Any]

REFUSALS = (CredentialRefused, StepUpInvalid, PersonRefused)
NOTICES = {
    "name": "Your name is changed.",
    "language": "Mail comes in that language from now on.",
    "time-zone": "Reminders come when it is day there.",
    "password": "Your password is changed, and you are signed out everywhere else. API tokens ended too.",
    "email": "Look at the mail of your new address: a link there confirms it. Until then nothing changes.",
}


CHOICES: dict[str, Any] = {"languages": LANGUAGES, "zones": zones()}


class NameForm(msgspec.Struct, forbid_unknown_fields=True):
    name: str = ""


class LanguageForm(msgspec.Struct, forbid_unknown_fields=True):
    language: str = ""


class TimeZoneForm(msgspec.Struct, forbid_unknown_fields=True):
    time_zone: str = ""


class EmailForm(msgspec.Struct, forbid_unknown_fields=True):
    email: str = ""


class EmailProofForm(ProofForm, forbid_unknown_fields=True):
    email: str = ""
    password: str = ""


class PasswordForm(ProofForm, forbid_unknown_fields=True):
    password: str = ""
    new_password: str = ""


@get("/account")
async def show(request: WebRequest, notice: FromQuery[str] = "") -> Response[str]:
    """Who I am, how I signed in, and the ways to change it."""
    own = await run(account.own_account, portal_of(request).db, acting=signed_in(request))
    return render(request, "account.html", own=own, **CHOICES, notice=NOTICES.get(notice, ""), error="")


@get("/account/name")
async def ask_name(request: WebRequest) -> Response[str]:
    """The form for another name."""
    return _form(request, "account_name.html", name=signed_in(request).name)


@post("/account/name")
async def change_name(request: WebRequest) -> Response[Any]:
    """Take another name."""
    form, portal = await forms.read(request, NameForm), portal_of(request)
    try:
        await run(
            account.change_name,
            portal.db,
            portal.vault.records,
            acting=signed_in(request),
            name=form.name,
            source=source_of(request.scope),
            now=portal.clock(),
        )
    except PersonRefused as error:
        return _form(request, "account_name.html", error, name=form.name)
    return _done("name")


@post("/account/language")
async def choose_language(request: WebRequest) -> Response[Any]:
    """Choose the language of mail."""
    form, portal = await forms.read(request, LanguageForm), portal_of(request)
    acting = signed_in(request)
    try:
        await run(
            account.choose_language, portal.db, acting=acting, language=form.language, now=portal.clock()
        )
    except LanguageUnknown as error:
        own = await run(account.own_account, portal.db, acting=acting)
        return _form(request, "account.html", error, own=own, **CHOICES, notice="")
    return _done("language")


@post("/account/time-zone")
async def choose_time_zone(request: WebRequest) -> Response[Any]:
    """Say where one's day begins."""
    form, portal = await forms.read(request, TimeZoneForm), portal_of(request)
    acting = signed_in(request)
    try:
        await run(
            account.choose_time_zone,
            portal.db,
            acting=acting,
            zone=form.time_zone or None,
            now=portal.clock(),
        )
    except TimeZoneUnknown as error:
        own = await run(account.own_account, portal.db, acting=acting)
        return _form(request, "account.html", error, own=own, **CHOICES, notice="")
    return _done("time-zone")


@get("/account/password")
async def ask_password(request: WebRequest) -> Response[str]:
    """The form for another password."""
    return await _password(request)


@post("/account/password")
async def change_password(request: WebRequest) -> Response[Any]:
    """Choose another password, with the current one and a second factor."""
    form, portal = await forms.read(request, PasswordForm), portal_of(request)
    proof, given = "", list[Cookie]()
    try:
        proof, given = await prove(request, account.STEP_UP, account.PASSWORD, form)
        await run(
            account.change_password,
            portal.db,
            portal.hasher,
            portal.vault.records,
            acting=signed_in(request),
            password=form.password,
            new=form.new_password,
            step_up_id=proof,
            source=source_of(request.scope),
            now=portal.clock(),
        )
    except REFUSALS as error:
        return await _password(request, error, _still_good(error, proof), given)
    return _done("password", given)


@get("/account/email")
async def ask_email(request: WebRequest) -> Response[str]:
    """The form for another e-mail address."""
    return _form(request, "account_email.html", email="")


@post("/account/email", status_code=200)
async def prepare_email(request: WebRequest) -> Response[str]:
    """Show the address once more, and ask for both factors for exactly this one."""
    form = await forms.read(request, EmailForm)
    try:
        return _confirm_email(request, form.email)
    except PersonRefused as error:
        return _form(request, "account_email.html", error, email=form.email)


@post("/account/email/confirm")
async def start_email_change(request: WebRequest) -> Response[Any]:
    """Mail the new address a link; the page is the same whether it is in use or not."""
    form, portal = await forms.read(request, EmailProofForm), portal_of(request)
    proof, given = "", list[Cookie]()
    digest = account.email_digest(form.email)
    try:
        proof, given = await prove(request, account.STEP_UP, digest, form)
        await run_evenly(
            account.start_email_change,
            portal.db,
            portal.hasher,
            portal.vault.records,
            acting=signed_in(request),
            email=form.email,
            password=form.password,
            step_up_id=proof,
            source=source_of(request.scope),
            now=portal.clock(),
        )
    except PersonRefused as error:
        return _form(request, "account_email.html", error, cookies=given, email=form.email)
    except REFUSALS as error:
        return _confirm_email(request, form.email, error, _still_good(error, proof), given)
    return _done("email", given)


async def _password(
    request: WebRequest,
    error: DocVaultError | None = None,
    proof: str = "",
    given: list[Cookie] | None = None,
) -> Response[str]:
    portal = portal_of(request)
    own = await run(account.own_account, portal.db, acting=signed_in(request))
    rules = portal.db.policy.numbers.passwords
    context = {"purpose": account.STEP_UP, "digest": account.PASSWORD, "proof": proof, "own": own}
    lengths = {"min_length": rules.min_length, "max_length": rules.max_length}
    return _form(request, "account_password.html", error, cookies=given, **context, **lengths)


def _confirm_email(
    request: WebRequest,
    email: str,
    error: DocVaultError | None = None,
    proof: str = "",
    given: list[Cookie] | None = None,
) -> Response[str]:
    context = {"purpose": account.STEP_UP, "digest": account.email_digest(email), "proof": proof}
    return _form(request, "account_email_confirm.html", error, cookies=given, email=email, **context)


def _still_good(error: DocVaultError, proof: str) -> str:
    """Return a proof that was not spent, so that a slip in another field does not cost the next code."""
    return "" if isinstance(error, StepUpInvalid) else proof


def _form(
    request: WebRequest,
    template: str,
    error: DocVaultError | None = None,
    *,
    cookies: list[Cookie] | None = None,
    **context: Any,
) -> Response[str]:
    status = problems.meaning_of(error).status if error else 200
    page = render(request, template, status, cookies=cookies, error=str(error or ""), **context)
    page.headers.update(problems.headers_of(error) if error else {})
    return page


def _done(notice: str, given: list[Cookie] | None = None) -> Redirect:
    back = Redirect(f"/account?notice={notice}", status_code=303)
    back.cookies.extend(given or [])
    return back


HANDLERS = [
    show,
    ask_name,
    change_name,
    choose_language,
    choose_time_zone,
    ask_password,
    change_password,
    ask_email,
    prepare_email,
    start_email_change,
]
