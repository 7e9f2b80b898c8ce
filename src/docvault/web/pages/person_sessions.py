"""The administrators' pages that sign people out: one person, or everybody after a second factor."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import Redirect

from docvault.actions import people, person_sessions
from docvault.credentials.refusals import CredentialRefused
from docvault.database.step_ups import StepUpInvalid
from docvault.values import DocVaultError, PersonId
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.proofs import ProofForm, prove
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]


@post("/people/{person_id:str}/sign-out")
async def sign_out(request: WebRequest, person_id: FromPath[str]) -> Redirect:
    """End every session of a person."""
    portal = portal_of(request)
    await run(
        person_sessions.end_persons_sessions,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        person_id=PersonId(person_id),
        now=portal.clock(),
    )
    return Redirect("/people?notice=signed-out", status_code=303)


@get("/people/sign-out")
async def ask_everybody(request: WebRequest) -> Response[str]:
    """Ask for a code before everybody is signed out."""
    return await _ask(request)


@post("/people/sign-out")
async def sign_everybody_out(request: WebRequest) -> Response[Any]:
    """End every session but this one."""
    form, portal, acting = await forms.read(request, ProofForm), portal_of(request), signed_in(request)
    given: list[Cookie] = []
    await run(people.list_people, portal.db, acting=acting, limit=1)  # may they at all?
    try:
        proof, given = await prove(request, person_sessions.STEP_UP, person_sessions.EVERYBODY, form)
        await run(
            person_sessions.end_everybodys_sessions,
            portal.db,
            acting=acting,
            step_up_id=proof,
            now=portal.clock(),
        )
    except (CredentialRefused, StepUpInvalid) as error:
        return await _ask(request, error, given)
    back = Redirect("/people?notice=everybody-signed-out", status_code=303)
    back.cookies.extend(given)
    return back


async def _ask(
    request: WebRequest, error: DocVaultError | None = None, given: list[Cookie] | None = None
) -> Response[str]:
    await run(people.list_people, portal_of(request).db, acting=signed_in(request), limit=1)
    page = render(
        request,
        "sign_everybody_out.html",
        problems.meaning_of(error).status if error else 200,
        cookies=given,
        nav="people",
        purpose=person_sessions.STEP_UP,
        digest=person_sessions.EVERYBODY,
        error=str(error or ""),
    )
    page.headers.update(problems.headers_of(error) if error else {})
    return page


HANDLERS = [sign_out, ask_everybody, sign_everybody_out]
