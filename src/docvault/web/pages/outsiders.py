"""Where the mail to somebody without an account leads: a button, the mailed code, then what they are asked.

The first page is the same for every link: the secret behind the # leaves the browser only with the button
(promises 38, 39).
"""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.response import Redirect

from docvault.actions import outsiders
from docvault.credentials.refusals import ChallengeOver, Throttled
from docvault.rules.outsiders import CodesWrong
from docvault.web import forms, problems
from docvault.web.access import OUTSIDERS, PUBLIC, portal_of, signed_in
from docvault.web.api.outsiders import enter, entered_cookies, secret_of
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]


class CodesForm(msgspec.Struct, forbid_unknown_fields=True):
    code: str = ""
    access_code: str = ""


@get("/asked", opt=PUBLIC)
async def knock(request: WebRequest) -> Response[str]:
    """Say what comes; nothing is looked up yet."""
    return render(request, "asked.html", over=False)


@get("/asked/code", opt=PUBLIC)
async def ask_code(request: WebRequest) -> Response[str]:
    """The form for the code from the mail."""
    return await _code(request)


@post("/asked/code", opt=PUBLIC)
async def give_code(request: WebRequest) -> Response[Any]:
    """Take the codes, then the second factor: the one they have, or the first."""
    form = await forms.read(request, CodesForm)
    try:
        entered = await enter(request, form.code, form.access_code)
    except (CodesWrong, Throttled, ChallengeOver) as error:
        return await _code(request, error)
    onward = f"/login/code?next=/sign/{entered.envelope_id}" if entered.challenge else "/enrol"
    answer = Redirect(onward, status_code=303)
    answer.cookies.extend(entered_cookies(request, entered))
    return answer


@get("/asked/next", opt=OUTSIDERS)
async def go_on(request: WebRequest) -> Redirect:
    """Lead somebody without an account to what waits for them, or else to what they were asked before."""
    envelope_id = await run(outsiders.next_envelope, portal_of(request).db, acting=signed_in(request))
    return Redirect(f"/sign/{envelope_id}" if envelope_id else "/envelopes", status_code=303)


async def _code(request: WebRequest, error: Exception | None = None) -> Response[str]:
    """Show the form, or that this browser waits for no code any more."""
    portal = portal_of(request)
    status = problems.meaning_of(error).status if error else 200
    try:
        told = await run(outsiders.what_is_asked, portal.db, secret=secret_of(request), now=portal.clock())
    except ChallengeOver as over:
        return render(request, "asked.html", problems.meaning_of(over).status, over=True)
    page = render(request, "mailed_code.html", status, begin="/asked", told=told, error=str(error or ""))
    if error:
        page.headers.update(problems.headers_of(error))
    return page


HANDLERS = [knock, ask_code, give_code, go_on]
