"""Signing in person: the host vouches and hands the device over, the signer gives codes, the way back."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import Redirect

from docvault.actions import in_person
from docvault.credentials.refusals import ChallengeOver, CredentialRefused, LinkRefused, Throttled
from docvault.database.step_ups import StepUpInvalid
from docvault.rules.envelopes import EnvelopeRefused
from docvault.rules.in_person import Checked
from docvault.rules.outsiders import CodesWrong
from docvault.values import DocVaultError
from docvault.web import cookies, forms, problems, words
from docvault.web.access import PUBLIC, portal_of, signed_in
from docvault.web.api.in_person import (
    another_code,
    back,
    back_cookies,
    handed_cookies,
    vouch,
    way_back,
)
from docvault.web.api.outsiders import enter, entered_cookies
from docvault.web.proofs import ProofForm, prove
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

WAYS = {
    Checked.PASSPORT: "I have seen their passport",
    Checked.IDENTITY_CARD: "I have seen their identity card",
    Checked.DRIVING_LICENCE: "I have seen their driving licence",
    Checked.RESIDENCE_PERMIT: "I have seen their residence permit",
    Checked.KNOWN: "I know them personally",
}
WAY_NEEDED = forms.FormInvalid("Please say how you checked who they are.")


CODE_OVER = "This code counts no more. Please have another one mailed."


class VouchForm(ProofForm):
    checked: str = ""


class CodesForm(msgspec.Struct, forbid_unknown_fields=True):
    code: str = ""
    access_code: str = ""


@get("/in-person/{recipient_id:str}")
async def host(request: WebRequest, recipient_id: FromPath[str]) -> Response[str]:
    """What a host reads and confirms before the device changes hands."""
    return await _host(request, recipient_id)


@post("/in-person/{recipient_id:str}")
async def hand_over(request: WebRequest, recipient_id: FromPath[str]) -> Response[Any]:
    """Vouch, with a proof for exactly that; the host is signed out here."""
    form = await forms.read(request, VouchForm)
    found = await run(
        in_person.show, portal_of(request).db, acting=signed_in(request), recipient_id=recipient_id
    )
    if form.checked not in set(Checked):
        return await _host(request, recipient_id, WAY_NEEDED)
    checked, given = Checked(form.checked), list[Cookie]()
    try:
        step_up_id, given = await prove(request, in_person.STEP_UP, found.digests[checked], form)
        handed = await vouch(request, recipient_id, checked, step_up_id)
    except (CredentialRefused, StepUpInvalid, EnvelopeRefused) as error:
        return await _host(request, recipient_id, error, form.checked, given)
    onward = Redirect("/in-person/code", status_code=303)
    onward.cookies.extend(handed_cookies(handed))
    return onward


@get("/in-person/code", opt=PUBLIC)
async def ask_code(request: WebRequest) -> Response[Any]:
    """The screen that goes from hand to hand: for the signer, and their code."""
    return await _code(request)


@post("/in-person/code", opt=PUBLIC)
async def give_code(request: WebRequest) -> Response[Any]:
    """Take the codes of the signer, then go on to what they are asked."""
    form = await forms.read(request, CodesForm)
    try:
        entered = await enter(request, form.code, form.access_code)
    except (CodesWrong, Throttled, ChallengeOver) as error:
        return await _code(request, error)
    onward = Redirect(f"/sign/{entered.envelope_id}", status_code=303)
    onward.cookies.extend(entered_cookies(request, entered))
    return onward


@post("/in-person/code/again", opt=PUBLIC)
async def mail_again(request: WebRequest) -> Response[Any]:
    """Mail another code."""
    try:
        secret = await another_code(request)
    except ChallengeOver:
        return _over()
    except (Throttled, LinkRefused) as error:
        return await _code(request, error)
    onward = Redirect("/in-person/code", status_code=303)
    onward.cookies.append(cookies.asked_cookie(secret))
    return onward


@post("/in-person/back", opt=PUBLIC)
async def take_back(request: WebRequest) -> Redirect:
    """The device is with its host again, who shows that with their second factor."""
    try:
        challenge = await back(request)
    except ChallengeOver:
        return _over()
    onward = Redirect("/login/code", status_code=303)
    onward.cookies.extend(back_cookies(challenge))
    return onward


async def _host(
    request: WebRequest,
    recipient_id: str,
    error: DocVaultError | None = None,
    checked: str = "",
    given: list[Cookie] | None = None,
) -> Response[str]:
    found = await run(
        in_person.show, portal_of(request).db, acting=signed_in(request), recipient_id=recipient_id
    )
    page = render(
        request,
        "in_person_host.html",
        problems.meaning_of(error).status if error else 200,
        cookies=given,
        nav="inbox",
        hosted=found,
        ways=WAYS,
        checked=checked,
        error=str(error or ""),
    )
    page.headers.update(problems.headers_of(error) if error else {})
    return page


async def _code(request: WebRequest, error: DocVaultError | None = None) -> Response[Any]:
    """Show the form in the signer's language, or lead the host to signing in once the time is over."""
    portal = portal_of(request)
    try:
        handed = await run(in_person.whose_code, portal.db, secret=way_back(request), now=portal.clock())
    except ChallengeOver:
        return _over()
    reader = words.in_language(handed.language)
    page = render(
        request,
        "in_person_code.html",
        problems.meaning_of(error).status if error else 200,
        handed=handed,
        t=reader,
        error=words.said(reader, CODE_OVER if isinstance(error, ChallengeOver) else str(error or "")),
    )
    page.headers.update(problems.headers_of(error) if error else {})
    return page


def _over() -> Redirect:
    """Nothing here leads back to a host any more: whoever it is signs in with both factors."""
    left = Redirect("/login", status_code=303)
    left.cookies.extend(cookies.ended(name) for name in (cookies.SESSION, cookies.ASKED, cookies.BACK))
    return left


HANDLERS = [host, hand_over, ask_code, give_code, mail_again, take_back]
