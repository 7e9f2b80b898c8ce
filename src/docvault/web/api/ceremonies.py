"""The ceremony: what a person is asked to sign, their consent, the pages shown, signing, declining."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar import Request, get, post, put
from litestar.params import FromPath, JSONBody

from docvault.actions import ceremonies, kept_answers
from docvault.rules import answers as rules
from docvault.values import EnvelopeId, FieldId
from docvault.web.access import SIGNERS, portal_of, signed_in
from docvault.web.api.envelopes import Enclosed, Reason, Recipient
from docvault.web.api.fields import Field
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]

ANSWERS_BODY = 512 * 1024  # bytes: 500 texts
SIGN_BODY = 2 * 1024 * 1024  # bytes: a picture of a signature as base64, and 500 texts
StyleName = Literal["caveat", "dancing-script", "great-vibes"]


class ConsentText(Answer):
    """The words to agree to; paragraphs are parted by an empty line."""

    id: str
    sha256: str
    text: str


class Ceremony(Answer):
    """state: your-turn, waiting, signed, declined, voided or completed.

    part: what the person is asked for. digest: of the documents that are shown, hex SHA-256.
    answers: kept from before, or prefilled by the sender; of a file its name.
    """

    envelope_id: str
    title: str
    sender_name: str
    message: str
    due_at: datetime | None
    state: str
    part: str
    digest: str
    documents: list[Enclosed]
    pages: int
    seen_pages: list[int]
    consent: ConsentText
    consented: bool
    signed_at: datetime | None
    fields: list[Field]
    answers: dict[str, str | bool]
    recipients: list[Recipient]


class Consent(Body):
    consent_id: str
    consent_sha256: str


class PagesShown(Body):
    pages: list[int]  # from 1


class PagesSeen(Answer):
    pages: list[int]


class AnswersSoFar(Body):
    """By field, as in Signing; a signature is not kept."""

    answers: dict[str, str | bool]


class Drawn(Body, tag_field="kind", tag="drawn"):
    """Points are x, y in units of the drawing area's width, origin top left."""

    strokes: list[list[tuple[float, float]]]


class Typed(Body, tag_field="kind", tag="typed"):
    text: str
    style: StyleName


class Picture(Body, tag_field="kind", tag="picture"):
    png: bytes  # base64


class Approving(Body):
    """step_up: the id that POST /step-ups gave; somebody who only reads leaves it out."""

    step_up: str | None = None


class Signing(Body):
    """answers: by field; a date is ISO 8601, a tick is true. step_up: the id that POST /step-ups gave."""

    step_up: str
    answers: dict[str, str | bool]
    signature: Drawn | Typed | Picture


@get(
    "/envelopes/{envelope_id:str}/ceremony",
    opt=SIGNERS,
    summary="Show what there is to sign",
    tags=["Ceremony"],
)
async def ceremony(request: WebRequest, envelope_id: FromPath[str]) -> Ceremony:
    """What the person is asked to sign, and how far they are."""
    portal = portal_of(request)
    view = await run(
        ceremonies.start_ceremony,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        now=portal.clock(),
    )
    return Ceremony(
        envelope_id=view.envelope.id,
        title=view.envelope.title,
        sender_name=view.sender_name,
        message=view.message,
        due_at=view.due_at,
        state=view.state,
        part=view.recipient.part.value,
        digest=view.digest,
        documents=msgspec.convert(view.documents, list[Enclosed], from_attributes=True),
        pages=view.pages,
        seen_pages=list(view.seen_pages),
        consent=ConsentText(id=view.consent.id, sha256=view.consent.sha256, text=view.consent.text),
        consented=view.consented,
        signed_at=view.signed_at,
        fields=msgspec.convert(view.fields, list[Field], from_attributes=True),
        answers={str(field_id): answer for field_id, answer in view.answers.items()},
        recipients=msgspec.convert(view.recipients, list[Recipient], from_attributes=True),
    )


@post(
    "/envelopes/{envelope_id:str}/ceremony/consent",
    opt=SIGNERS,
    status_code=204,
    summary="Agree to sign electronically",
    tags=["Ceremony"],
)
async def consent(request: WebRequest, envelope_id: FromPath[str], data: JSONBody[Consent]) -> None:
    """Agree to sign electronically, naming the words that were read."""
    portal = portal_of(request)
    await run(
        ceremonies.give_consent,
        portal.db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        consent_id=data.consent_id,
        consent_sha256=data.consent_sha256,
        now=portal.clock(),
    )


@post(
    "/envelopes/{envelope_id:str}/ceremony/pages",
    opt=SIGNERS,
    status_code=200,
    summary="Say which pages were shown",
    tags=["Ceremony"],
)
async def pages(request: WebRequest, envelope_id: FromPath[str], data: JSONBody[PagesShown]) -> PagesSeen:
    """Record pages that were shown; answers all that were."""
    portal = portal_of(request)
    seen = await run(
        ceremonies.pages_seen,
        portal.db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        pages=data.pages,
        now=portal.clock(),
    )
    return PagesSeen(pages=sorted(seen))


@put(
    "/envelopes/{envelope_id:str}/ceremony/answers",
    opt=SIGNERS,
    status_code=204,
    request_max_body_size=ANSWERS_BODY,
    summary="Keep answers to finish later",
    tags=["Ceremony"],
)
async def answers(request: WebRequest, envelope_id: FromPath[str], data: JSONBody[AnswersSoFar]) -> None:
    """Keep what was filled in so far; nothing is signed by it."""
    portal = portal_of(request)
    await run(
        kept_answers.keep_answers,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        answers={FieldId(field_id): answer for field_id, answer in data.answers.items()},
        now=portal.clock(),
    )


@post(
    "/envelopes/{envelope_id:str}/ceremony/sign",
    opt=SIGNERS,
    status_code=204,
    request_max_body_size=SIGN_BODY,
    summary="Sign",
    tags=["Ceremony"],
)
async def sign(request: WebRequest, envelope_id: FromPath[str], data: JSONBody[Signing]) -> None:
    """Sign, with a proof of the second factor for exactly this document."""
    portal = portal_of(request)
    await run(
        ceremonies.sign_envelope,
        portal.db,
        portal.vault,
        portal.pdf,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        answers={FieldId(name): value for name, value in data.answers.items()},
        signature=_signature(data.signature),
        step_up_id=data.step_up,
        now=portal.clock(),
    )


@post(
    "/envelopes/{envelope_id:str}/ceremony/approve",
    opt=SIGNERS,
    status_code=204,
    summary="Approve, or confirm having read",
    tags=["Ceremony"],
)
async def approve(request: WebRequest, envelope_id: FromPath[str], data: JSONBody[Approving]) -> None:
    """Approve with a proof of the second factor, or confirm as a viewer that everything was read."""
    portal = portal_of(request)
    await run(
        ceremonies.approve_envelope,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        step_up_id=data.step_up,
        now=portal.clock(),
    )


def _signature(given: Drawn | Typed | Picture) -> rules.Signature:
    match given:
        case Drawn(strokes=strokes):
            return rules.DrawnSignature(tuple(tuple(stroke) for stroke in strokes))
        case Typed(text=text, style=style):
            return rules.TypedSignature(text, style)
        case Picture(png=png):
            return rules.PictureSignature(png)


@post(
    "/envelopes/{envelope_id:str}/ceremony/decline",
    opt=SIGNERS,
    status_code=204,
    summary="Decline to sign",
    tags=["Ceremony"],
)
async def decline(request: WebRequest, envelope_id: FromPath[str], data: JSONBody[Reason]) -> None:
    """Decline; this ends the envelope for everybody."""
    portal = portal_of(request)
    await run(
        ceremonies.decline_envelope,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        reason=data.reason,
        now=portal.clock(),
    )


HANDLERS = [ceremony, consent, pages, answers, sign, approve, decline]
