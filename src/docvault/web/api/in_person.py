"""Signing in person over the API: whom one hosts, vouching and handing over, the codes, taking back."""

from datetime import datetime
from typing import Any, Literal

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, JSONBody

from docvault.actions import in_person
from docvault.actions.in_person import HandedOver, Hosted
from docvault.credentials.refusals import ChallengeOver
from docvault.rules.in_person import Checked
from docvault.web import cookies
from docvault.web.access import PUBLIC, SIGNERS, portal_of, signed_in, source_of
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]

CheckedName = Literal["passport", "identity-card", "driving-licence", "residence-permit", "known"]


class SignerBeside(Answer):
    """Somebody who signs beside you. digests: what your proof for `envelope:host` names, by how you check."""

    recipient_id: str
    envelope_id: str
    title: str
    sender_name: str
    organisation_name: str
    name: str
    email: str
    pages: int
    documents: list[str]
    due_at: datetime | None
    may_begin: bool
    digests: dict[str, str]


class SignersBeside(Answer):
    items: list[SignerBeside]


class Vouching(Body):
    """checked: how you made sure who it is. step_up: a proof for `envelope:host` on the digest of that."""

    checked: CheckedName
    step_up: str


@get("/in-person", summary="List who signs beside you", tags=["In person"])
async def waiting(request: WebRequest) -> SignersBeside:
    """Those whose turn it is, of whom a sender has named you the host."""
    found = await run(in_person.waiting, portal_of(request).db, acting=signed_in(request))
    return SignersBeside(items=[_answer(one) for one in found])


@get("/in-person/{recipient_id:str}", summary="Show who signs beside you", tags=["In person"])
async def show(request: WebRequest, recipient_id: FromPath[str]) -> SignerBeside:
    """One of them."""
    found = await run(
        in_person.show, portal_of(request).db, acting=signed_in(request), recipient_id=recipient_id
    )
    return _answer(found)


@post(
    "/in-person/{recipient_id:str}/handing",
    status_code=204,
    summary="Vouch for a signer and hand the device over",
    tags=["In person"],
)
async def hand_over(
    request: WebRequest, recipient_id: FromPath[str], data: JSONBody[Vouching]
) -> Response[None]:
    """Say how you checked who they are. Your session ends here, and a code is mailed to them.

    They give it with `POST /mail-codes/answer`; you come back with `POST /in-person/back`.
    """
    handed = await vouch(request, recipient_id, Checked(data.checked), data.step_up)
    return Response(None, status_code=204, cookies=handed_cookies(handed))


@post("/in-person/codes", opt=PUBLIC, status_code=204, summary="Mail another code", tags=["In person"])
async def mail_again(request: WebRequest) -> Response[None]:
    """Mail another code to whom the device was handed to; the answer's cookie is good for giving it."""
    secret = await another_code(request)
    return Response(None, status_code=204, cookies=[cookies.asked_cookie(secret)])


@post(
    "/in-person/signing-codes",
    opt=SIGNERS,
    status_code=204,
    summary="Mail the code that confirms a signature",
    tags=["In person"],
)
async def mail_signing_code(request: WebRequest) -> Response[None]:
    """Mail it to the signer at their host's device; they give it with `POST /step-ups`."""
    portal = portal_of(request)
    secret = await run(
        in_person.mail_signing_code,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        source=source_of(request.scope),
        now=portal.clock(),
    )
    return Response(None, status_code=204, cookies=[cookies.asked_cookie(secret)])


@post("/in-person/back", opt=PUBLIC, status_code=204, summary="Take the device back", tags=["In person"])
async def take_back(request: WebRequest) -> Response[None]:
    """End what the signer could do here. The answer's cookie opens nothing but giving the host's factor."""
    challenge = await back(request)
    return Response(None, status_code=204, cookies=back_cookies(challenge))


async def vouch(request: WebRequest, recipient_id: str, checked: Checked, step_up_id: str) -> HandedOver:
    """Hand the device over. Raises NotFound, NotNow, StepUpInvalid, Throttled."""
    portal = portal_of(request)
    return await run(
        in_person.hand_over,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        recipient_id=recipient_id,
        checked=checked,
        step_up_id=step_up_id,
        source=source_of(request.scope),
        now=portal.clock(),
    )


async def another_code(request: WebRequest) -> str:
    """Mail another code; return the secret of this browser. Raises ChallengeOver, Throttled, LinkRefused."""
    portal = portal_of(request)
    return await run(
        in_person.mail_code_again,
        portal.db,
        portal.vault.records,
        secret=way_back(request),
        source=source_of(request.scope),
        now=portal.clock(),
    )


async def back(request: WebRequest) -> str:
    """Take the device back and return a challenge for its host. Raises ChallengeOver."""
    portal = portal_of(request)
    return await run(in_person.take_back, portal.db, secret=way_back(request), now=portal.clock())


def way_back(request: WebRequest) -> str:
    """Return the secret that leads back to the host of this browser. Raises ChallengeOver without one."""
    secret = cookies.read(request.headers.get("cookie", ""), cookies.BACK)
    if secret is None:
        raise ChallengeOver
    return secret


def handed_cookies(handed: HandedOver) -> list[Cookie]:
    """Return what a browser holds in the signer's hands: nothing that is the host's but the way back."""
    return [
        cookies.ended(cookies.SESSION),
        cookies.asked_cookie(handed.asked),
        cookies.back_cookie(handed.back),
    ]


def back_cookies(challenge: str) -> list[Cookie]:
    """Return what a browser holds once it is back: a challenge for the host, nothing of the signer's."""
    gone = [cookies.ended(name) for name in (cookies.SESSION, cookies.ASKED, cookies.BACK)]
    return [*gone, cookies.challenge_cookie(challenge)]


def _answer(one: Hosted) -> SignerBeside:
    return SignerBeside(
        recipient_id=one.recipient_id,
        envelope_id=one.envelope_id,
        title=one.title,
        sender_name=one.sender_name,
        organisation_name=one.organisation_name,
        name=one.name,
        email=one.email,
        pages=one.pages,
        documents=list(one.documents),
        due_at=one.due_at,
        may_begin=one.may_begin,
        digests={way.value: digest for way, digest in one.digests.items()},
    )


HANDLERS = [waiting, show, hand_over, mail_again, mail_signing_code, take_back]
