"""Setting up an authenticator app: a QR code, the first code, then the recovery codes, once."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from markupsafe import Markup

from docvault.actions import factors
from docvault.credentials.refusals import CredentialRefused
from docvault.web import forms
from docvault.web.access import ENROLMENT, portal_of, signed_in
from docvault.web.api.session import opened
from docvault.web.pages.sign_in import again
from docvault.web.rendering import home_of, render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]


class ConfirmForm(msgspec.Struct, forbid_unknown_fields=True):
    code: str = ""


@get("/enrol", opt=ENROLMENT)
async def introduce(request: WebRequest) -> Response[str]:
    """Say what comes. The seed is made by a POST: opening a page changes nothing (promise 38)."""
    return render(request, "enrol.html", enrolment=None, qr="", retry=False, error="")


@post("/enrol", opt=ENROLMENT, status_code=200)
async def show_code(request: WebRequest) -> Response[str]:
    """Make a fresh seed and show it as a QR code and as text, this once."""
    portal = portal_of(request)
    begun = await run(
        factors.begin_enrolment,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        now=portal.clock(),
    )
    picture = Markup(begun.qr_svg)  # noqa: S704 - drawn by us from the seed, without text of anybody's
    return render(request, "enrol.html", enrolment=begun, qr=picture, retry=False, error="")


@post("/enrol/confirm", opt=ENROLMENT, status_code=200)
async def confirm(request: WebRequest) -> Response[str]:
    """Take the first code. The session becomes a full one under a new cookie."""
    form = await forms.read(request, ConfirmForm)
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
        return again(request, "enrol.html", error, enrolment=None, qr="", retry=True)
    return render(
        request,
        "recovery_codes.html",
        cookies=opened(request, session),
        codes=codes,
        home=home_of(session.acting),
        csrf=session.csrf,
    )


HANDLERS = [introduce, show_code, confirm]
