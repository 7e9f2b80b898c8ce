"""One's own API tokens: what is in force, making one with a fresh code, revoking."""

from typing import Any, Literal

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from docvault.actions import tokens
from docvault.credentials.refusals import CredentialRefused
from docvault.policy.words import WORDS
from docvault.rules import tokens as rules
from docvault.values import DocVaultError
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.forms import FormInvalid
from docvault.web.proofs import ProofForm, prove
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

DRIVE = "Drive"  # what a token for WebDAV is called at first
TICKED = "yes"  # the value of a chosen scope; its name is the permission
SAYS = {permission.value: words for permission, words in WORDS.items()}


@get("/account/tokens")
async def show_tokens(request: WebRequest, kind: FromQuery[Literal["", "drive"]] = "") -> Response[str]:
    """The tokens in force and the form for a new one, filled in for a drive if that is wanted."""
    if kind:
        return await _page(request, DRIVE, [scope.value for scope in rules.DRIVE])
    return await _page(request)


@post("/account/tokens", status_code=200)
async def create_token(request: WebRequest) -> Response[str]:
    """Take the code, prove it for exactly this token, and show the token, this once."""
    fields = await forms.pairs(request)
    given = {each: fields.pop(each, "") for each in ("csrf", "name", "days", "code", "step_up")}
    if set(fields.values()) - {TICKED} or not given["days"].isdecimal():
        raise FormInvalid("The form could not be read. Please reload the page and try again.")
    scopes, days = sorted(fields), int(given["days"])
    portal, acting = portal_of(request), signed_in(request)
    try:
        digest = rules.digest(given["name"], scopes, days)
        proof = ProofForm(code=given["code"], step_up=given["step_up"])
        step_up_id, renewed = await prove(request, rules.PURPOSE, digest, proof)
    except CredentialRefused as error:
        return await _page(request, given["name"], scopes, days, code_error=error)
    try:
        made = await run(
            tokens.create_token,
            portal.db,
            portal.vault.records,
            acting=acting,
            name=given["name"],
            scopes=scopes,
            days=days,
            step_up_id=step_up_id,
            now=portal.clock(),
        )
    except tokens.TokenRefused as error:
        page = await _page(request, given["name"], scopes, days, error=error)
    else:
        page = await _page(request, made=made)
    page.cookies.extend(renewed)
    return page


@post("/account/tokens/{token_id:str}/revoke")
async def revoke_token(request: WebRequest, token_id: FromPath[str]) -> Redirect:
    """End a token."""
    portal = portal_of(request)
    await run(
        tokens.revoke_token, portal.db, acting=signed_in(request), token_id=token_id, now=portal.clock()
    )
    return Redirect("/account/tokens", status_code=303)


async def _page(
    request: WebRequest,
    name: str = "",
    scopes: list[str] | None = None,
    days: int | None = None,
    *,
    made: tokens.NewToken | None = None,
    error: DocVaultError | None = None,
    code_error: CredentialRefused | None = None,
) -> Response[str]:
    portal, acting = portal_of(request), signed_in(request)
    limits = portal.db.policy.numbers.tokens
    trouble = error or code_error
    page = render(
        request,
        "tokens.html",
        problems.meaning_of(trouble).status if trouble else 200,
        tokens=await run(tokens.list_tokens, portal.db, acting=acting, now=portal.clock()),
        offered=await run(tokens.offered_scopes, portal.db, acting=acting),
        says=SAYS,
        made=made,
        name=name,
        chosen=scopes or [],
        days=days or limits.default_days,
        most_days=limits.max_days,
        drive=f"{portal.settings.base_url.rstrip('/')}/dav/",
        error=str(error or ""),
        code_error=str(code_error or ""),
    )
    page.headers.update(problems.headers_of(trouble) if trouble else {})
    return page


HANDLERS = [show_tokens, create_token, revoke_token]
