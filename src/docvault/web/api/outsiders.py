"""How somebody without an account comes in: the link of their mail, then the code that was mailed for it."""

from typing import Any

from litestar import Request, Response, post
from litestar.datastructures import Cookie
from litestar.params import JSONBody

from docvault.actions import outsiders
from docvault.actions.outsiders import Entered
from docvault.credentials.refusals import ChallengeOver
from docvault.database.sessions import IN_PERSON
from docvault.web import cookies
from docvault.web.access import PUBLIC, portal_of, source_of
from docvault.web.api.session import opened
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class LinkOpened(Body):
    token: str  # what stands behind the # of the link


class CodesGiven(Body):
    """code: from the mail. access_code: told by the sender, where one is asked."""

    code: str
    access_code: str = ""


class FactorNext(Answer):
    """next: factor, which is owed, or enrolment of the first one; beside a host the ceremony itself."""

    next: str
    envelope_id: str


@post("/mail-codes", opt=PUBLIC, status_code=204, summary="Have a code mailed", tags=["Without an account"])
async def ask_for_code(request: WebRequest, data: JSONBody[LinkOpened]) -> Response[None]:
    """Mail a code to whom the link is for; the answer's cookie is good for giving it in this browser."""
    portal = portal_of(request)
    secret = await run(
        outsiders.ask_for_code,
        portal.db,
        portal.vault.records,
        token=data.token,
        source=source_of(request.scope),
        now=portal.clock(),
    )
    return Response(None, status_code=204, cookies=[cookies.asked_cookie(secret)])


@post(
    "/mail-codes/answer",
    opt=PUBLIC,
    status_code=200,
    summary="Give the code that was mailed",
    tags=["Without an account"],
)
async def give_codes(request: WebRequest, data: JSONBody[CodesGiven]) -> Response[FactorNext]:
    """Give the mailed code; the answer's cookie opens nothing but giving or setting up the second factor."""
    entered = await enter(request, data.code, data.access_code)
    wanted = "factor" if entered.challenge else "enrolment"
    if entered.session is not None and entered.session.kind == IN_PERSON:
        wanted = "ceremony"
    answer = FactorNext(next=wanted, envelope_id=entered.envelope_id)
    return Response(answer, cookies=entered_cookies(request, entered))


async def enter(request: WebRequest, code: str, access_code: str) -> Entered:
    """Give the codes of this browser. Raises ChallengeOver, Throttled, CodesWrong."""
    portal = portal_of(request)
    return await run(
        outsiders.give_codes,
        portal.db,
        portal.vault.records,
        secret=secret_of(request),
        code=code,
        access_code=access_code,
        source=source_of(request.scope),
        now=portal.clock(),
    )


def secret_of(request: WebRequest) -> str:
    """Return the secret of the browser that opened the link. Raises ChallengeOver without one."""
    secret = cookies.read(request.headers.get("cookie", ""), cookies.ASKED)
    if secret is None:
        raise ChallengeOver
    return secret


def entered_cookies(request: WebRequest, entered: Entered) -> list[Cookie]:
    """Return what the browser holds from now on: a challenge, or a session to set up the first factor."""
    given = [cookies.ended(cookies.ASKED)]
    if entered.challenge is not None:
        given.append(cookies.challenge_cookie(entered.challenge))
    if entered.session is not None:
        given.extend(opened(request, entered.session))
    return given


HANDLERS = [ask_for_code, give_codes]
