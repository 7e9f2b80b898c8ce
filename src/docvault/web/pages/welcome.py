"""Where links in mail lead: an invitation or a password reset. Opening them changes nothing (promise 38)."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post

from docvault.actions import people
from docvault.credentials.refusals import CredentialRefused
from docvault.rules.languages import LANGUAGES, wanted
from docvault.web import forms
from docvault.web.access import PUBLIC, portal_of, source_of
from docvault.web.pages.sign_in import again
from docvault.web.rendering import render
from docvault.web.running import run_evenly

WebRequest = Request[Any, Any, Any]


class ForgotForm(msgspec.Struct, forbid_unknown_fields=True):
    email: str = ""


@get("/welcome", opt=PUBLIC)
async def welcome(request: WebRequest) -> Response[str]:
    """The page of an invitation. The secret stands behind the # and never reaches a server log."""
    return _page(request, is_reset=False)


@get("/reset", opt=PUBLIC)
async def reset(request: WebRequest) -> Response[str]:
    """The page of a password reset, in the same way."""
    return _page(request, is_reset=True)


@get("/forgot", opt=PUBLIC)
async def forgot(request: WebRequest) -> Response[str]:
    """Ask for a reset link."""
    return render(request, "forgot.html", sent=False, error="")


@post("/forgot", opt=PUBLIC, status_code=200)
async def send_reset(request: WebRequest) -> Response[str]:
    """Mail a reset link if there is such a person; the page is the same either way (promise 9)."""
    form = await forms.read(request, ForgotForm)
    portal = portal_of(request)
    try:
        await run_evenly(
            people.request_password_reset,
            portal.db,
            portal.vault.records,
            email=form.email,
            source=source_of(request.scope),
            now=portal.clock(),
        )
    except CredentialRefused as error:
        return again(request, "forgot.html", error, sent=False)
    return render(request, "forgot.html", sent=True, error="")


def _page(request: WebRequest, *, is_reset: bool) -> Response[str]:
    rules = portal_of(request).db.policy.numbers.passwords
    return render(
        request,
        "welcome.html",
        is_reset=is_reset,
        min_length=rules.min_length,
        max_length=rules.max_length,
        languages=LANGUAGES,
        language=wanted(request.headers.get("accept-language", "")),
    )


HANDLERS = [welcome, reset, forgot, send_reset]
