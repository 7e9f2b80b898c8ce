"""One's own account over the API: name, language, password, e-mail address."""

from typing import Any

from litestar import Request, get, post, put
from litestar.params import JSONBody

from docvault.actions import account
from docvault.web.access import PUBLIC, portal_of, signed_in, source_of
from docvault.web.running import run, run_evenly
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class Account(Answer):
    """language: of mail, ISO 639-1. time_zone: e.g. Europe/Helsinki; reminders come when it is day there."""

    name: str
    email: str
    language: str
    time_zone: str | None
    has_password: bool


class NewName(Body):
    name: str


class NewLanguage(Body):
    """language: ISO 639-1, one of en, de, pl, fi, ja, fa."""

    language: str


class NewTimeZone(Body):
    """time_zone: an IANA name; null to no longer say."""

    time_zone: str | None


class NewPassword(Body):
    """password: the current one.

    step_up: a proof for `account:change` on the SHA-256 of `change my password`.
    """

    password: str
    new_password: str
    step_up: str


class NewAddress(Body):
    """password: the current one.

    step_up: a proof for `account:change` on the SHA-256 of `change my e-mail address`, a line feed and the
    new address in lower case.
    """

    email: str
    password: str
    step_up: str


class AddressConfirmed(Body):
    """token: what stands behind the # of the link that went to the new address."""

    token: str


@get("/account", summary="Read my account", tags=["Account"])
async def show(request: WebRequest) -> Account:
    """What one can change about oneself."""
    found = await run(account.own_account, portal_of(request).db, acting=signed_in(request))
    return Account(**{name: getattr(found, name) for name in Account.__struct_fields__})


@put("/account/name", status_code=204, summary="Change my name", tags=["Account"])
async def change_name(request: WebRequest, data: JSONBody[NewName]) -> None:
    """Take another name; the trail keeps both."""
    portal = portal_of(request)
    await run(
        account.change_name,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        name=data.name,
        source=source_of(request.scope),
        now=portal.clock(),
    )


@put("/account/language", status_code=204, summary="Choose the language of my mail", tags=["Account"])
async def choose_language(request: WebRequest, data: JSONBody[NewLanguage]) -> None:
    """Mail comes in this language from now on."""
    portal, acting = portal_of(request), signed_in(request)
    await run(account.choose_language, portal.db, acting=acting, language=data.language, now=portal.clock())


@put("/account/time-zone", status_code=204, summary="Say where my day begins", tags=["Account"])
async def choose_time_zone(request: WebRequest, data: JSONBody[NewTimeZone]) -> None:
    """Reminders come outside the quiet hours of this time zone from now on."""
    portal, acting = portal_of(request), signed_in(request)
    await run(account.choose_time_zone, portal.db, acting=acting, zone=data.time_zone, now=portal.clock())


@put("/account/password", status_code=204, summary="Change my password", tags=["Account"])
async def change_password(request: WebRequest, data: JSONBody[NewPassword]) -> None:
    """Choose another password. Every other session and every API token ends."""
    portal = portal_of(request)
    await run(
        account.change_password,
        portal.db,
        portal.hasher,
        portal.vault.records,
        acting=signed_in(request),
        password=data.password,
        new=data.new_password,
        step_up_id=data.step_up,
        source=source_of(request.scope),
        now=portal.clock(),
    )


@post("/email-changes", status_code=204, summary="Ask for another e-mail address", tags=["Account"])
async def start_email_change(request: WebRequest, data: JSONBody[NewAddress]) -> None:
    """Mail the new address a link to confirm it; the answer never says whether it is in use."""
    portal = portal_of(request)
    await run_evenly(
        account.start_email_change,
        portal.db,
        portal.hasher,
        portal.vault.records,
        acting=signed_in(request),
        email=data.email,
        password=data.password,
        step_up_id=data.step_up,
        source=source_of(request.scope),
        now=portal.clock(),
    )


@post(
    "/email-changes/confirmation",
    opt=PUBLIC,
    status_code=204,
    summary="Confirm an e-mail address",
    tags=["Account"],
)
async def confirm_email_change(request: WebRequest, data: JSONBody[AddressConfirmed]) -> None:
    """Make the address that the link went to the account's own."""
    portal = portal_of(request)
    await run(
        account.confirm_email_change,
        portal.db,
        portal.vault.records,
        token=data.token,
        source=source_of(request.scope),
        now=portal.clock(),
    )


HANDLERS = [
    show,
    change_name,
    choose_language,
    choose_time_zone,
    change_password,
    start_email_change,
    confirm_email_change,
]
