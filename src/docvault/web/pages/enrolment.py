"""Setting up the first second factor: an authenticator app or a passkey, then the recovery codes, once."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from markupsafe import Markup

from docvault.actions import factors, passkeys
from docvault.actions.sessions import NewSession
from docvault.credentials.passkeys import Made
from docvault.credentials.refusals import CredentialRefused
from docvault.policy.vocabulary import Role
from docvault.rules.names import BadName
from docvault.web import forms, problems
from docvault.web.access import ENROLMENT, portal_of, signed_in
from docvault.web.api.session import opened
from docvault.web.pages.sign_in import again
from docvault.web.rendering import home_of, render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]


class ConfirmForm(msgspec.Struct, forbid_unknown_fields=True):
    code: str = ""


class PasskeyForm(msgspec.Struct, forbid_unknown_fields=True):
    """Bytes are base64; transports are parted by spaces."""

    name: str = ""
    credential_id: bytes = b""
    client_data: bytes = b""
    attestation: bytes = b""
    transports: str = ""


@get("/enrol", opt=ENROLMENT)
async def introduce(request: WebRequest) -> Response[str]:
    """Say what comes. The seed is made by a POST: opening a page changes nothing (promise 38)."""
    return render(request, "enrol.html", enrolment=None, qr="", retry=False, error="", **_known(request))


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
    return render(
        request, "enrol.html", enrolment=begun, qr=picture, retry=False, error="", **_known(request)
    )


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
        return again(request, "enrol.html", error, enrolment=None, qr="", retry=True, **_known(request))
    return _codes(request, codes, session)


@post("/enrol/passkey", opt=ENROLMENT, status_code=200)
async def confirm_passkey(request: WebRequest) -> Response[str]:
    """Take the passkey that the page's script let the person make. The session becomes a full one."""
    form = await forms.read(request, PasskeyForm)
    portal = portal_of(request)
    made = Made(form.credential_id, form.client_data, form.attestation, form.transports.split())
    try:
        codes, session = await run(
            passkeys.enrol_with_passkey,
            portal.db,
            portal.vault.records,
            portal.relying_party,
            acting=signed_in(request),
            name=form.name,
            made=made,
            now=portal.clock(),
        )
    except (CredentialRefused, BadName) as error:
        context = _known(request) | {"passkey_error": str(error)}
        status = problems.meaning_of(error).status
        return render(request, "enrol.html", status, enrolment=None, qr="", retry=False, error="", **context)
    return _codes(request, codes, session)


def _known(request: WebRequest) -> dict[str, Any]:
    """Return what the page says about passkeys: offered to everybody, needed in some roles (promise 2)."""
    needed = portal_of(request).db.policy.numbers.sessions.passkey_roles
    role = signed_in(request).role
    return {"passkey_only": role in needed, "passkey_error": "", "outside": role is Role.OUTSIDER}


def _codes(request: WebRequest, codes: list[str], session: NewSession) -> Response[str]:
    return render(
        request,
        "recovery_codes.html",
        cookies=opened(request, session),
        codes=codes,
        enrolling=True,
        outside=session.acting.role is Role.OUTSIDER,
        home=home_of(session.acting),
        csrf=session.csrf,
    )


HANDLERS = [introduce, show_code, confirm, confirm_passkey]
