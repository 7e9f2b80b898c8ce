"""Proving a factor for one deed over the API: with a code, or with a passkey."""

from typing import Any

from litestar import Request, Response, post
from litestar.params import JSONBody

from docvault.actions import in_person, step_ups
from docvault.database.sessions import IN_PERSON
from docvault.web import cookies
from docvault.web.access import OUTSIDERS, SIGNERS, portal_of, signed_in, source_of
from docvault.web.api.outsiders import secret_of
from docvault.web.api.passkeys import Signature, SignatureWanted, signature_wanted
from docvault.web.running import run
from docvault.web.wire import Answer, Body, BodyInvalid

WebRequest = Request[Any, Any, Any]


class DeedNamed(Body):
    """purpose: the deed, e.g. `envelope:sign`. digest: hex SHA-256 of what was shown."""

    purpose: str
    digest: str


class StepUpWanted(Body):
    """purpose and digest as in `DeedNamed`; either a code from the app, or what a passkey answered.

    At the device of a host the code is the one that was mailed for the signature.
    """

    purpose: str
    digest: str
    code: str | None = None
    passkey: Signature | None = None


class StepUp(Answer):
    id: str


@post(
    "/step-ups/options",
    opt=OUTSIDERS,
    status_code=200,
    summary="Ask for a passkey for one deed",
    tags=["Session"],
)
async def begin(request: WebRequest, data: JSONBody[DeedNamed]) -> SignatureWanted:
    """Say what the passkey shall sign: a challenge that stands for this deed on this digest."""
    portal = portal_of(request)
    wanted = await run(
        step_ups.begin_passkey_step_up,
        portal.db,
        portal.vault.records,
        portal.relying_party,
        acting=signed_in(request),
        purpose=data.purpose,
        digest=data.digest,
        now=portal.clock(),
    )
    return signature_wanted(wanted)


@post("/step-ups", opt=SIGNERS, summary="Prove a factor for one deed", tags=["Session"])
async def step_up(request: WebRequest, data: JSONBody[StepUpWanted]) -> Response[StepUp]:
    """Give a fresh code, or a passkey's answer, for one purpose and one digest.

    The proof works once, for a few minutes.
    The session's secret changes with it (promise 18): the answer's cookie replaces the old one.
    """
    proof = await _prove(request, data)
    cookie = cookies.session_cookie(proof.token, request.scope["auth"])
    return Response(StepUp(id=proof.id), status_code=201, cookies=[cookie])


async def _prove(request: WebRequest, data: StepUpWanted) -> step_ups.StepUp | in_person.Proof:
    portal, acting = portal_of(request), signed_in(request)
    if acting.session_kind == IN_PERSON:
        return await run(
            in_person.confirm,
            portal.db,
            portal.vault.records,
            acting=acting,
            secret=secret_of(request),
            code=data.code or "",
            purpose=data.purpose,
            digest=data.digest,
            source=source_of(request.scope),
            now=portal.clock(),
        )
    if data.code is not None and data.passkey is None:
        return await run(
            step_ups.confirm_step_up,
            portal.db,
            portal.vault.records,
            acting=acting,
            purpose=data.purpose,
            digest=data.digest,
            code=data.code,
            now=portal.clock(),
        )
    if data.passkey is not None and data.code is None:
        return await run(
            step_ups.confirm_with_passkey,
            portal.db,
            portal.vault.records,
            portal.relying_party,
            acting=acting,
            purpose=data.purpose,
            digest=data.digest,
            signed=data.passkey.read(),
            now=portal.clock(),
        )
    raise BodyInvalid("The body does not fit: give either a code or a passkey.")


HANDLERS = [begin, step_up]
