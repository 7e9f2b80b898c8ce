"""Envelopes: made from a document, prepared, sent, watched, ended."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from docvault.actions import drafts, envelopes
from docvault.database.engine import PAGE, PAGE_MOST
from docvault.rules.envelopes import Part, State
from docvault.rules.outsiders import Outsider
from docvault.values import DocumentId, EnvelopeId, PersonId
from docvault.web.access import OUTSIDERS, SIGNERS, portal_of, signed_in
from docvault.web.api.fields import Field
from docvault.web.running import run
from docvault.web.wire import Answer, Body, BodyInvalid

WebRequest = Request[Any, Any, Any]

InState = Annotated[State | None, QueryParameter(name="state", description="only envelopes in this state")]
Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=PAGE_MOST)]


PartName = Literal["signer", "witness", "counter-signer", "approver", "viewer", "copy"]


class NewSigner(Body):
    """person_id, or name and email of somebody without an account, for whom access_code is told by phone.

    An address that belongs to an account asks that account. host_id: the account holder beside whom somebody
    without one signs in person.
    """

    turn: int  # 1 is first; the same turn acts in any order
    person_id: str = ""
    name: str = ""
    email: str = ""
    access_code: str = ""  # 8 digits, or none
    host_id: str = ""
    part: PartName = "signer"
    message: str = ""  # for this person alone
    language: str | None = None  # of mail about this envelope, ISO 639-1; null: the person's own
    due_at: datetime | None = None  # a day of their own to act by


class NewEnvelope(Body):
    """document_ids: of one folder, in the order in which they are read; document_id is short for one.

    due_at: nobody can sign from then on. reminder_days: between two reminders that are sent by themselves.
    """

    title: str
    recipients: list[NewSigner]
    document_id: str = ""
    document_ids: list[str] = []  # noqa: RUF012 - msgspec copies it for each body
    message: str = ""
    due_at: datetime | None = None
    reminder_days: int | None = None
    may_delegate: bool = True
    may_use_paper: bool = False  # people may print it, sign by hand and hand in a scan
    may_delegate_outside: bool = False  # beside it: also to somebody without an account
    kind: str | None = None  # of documents, as policies/kinds.toml has them; some are refused


class Reason(Body):
    reason: str


class Made(Answer):
    id: str


class Reminded(Answer):
    reminded: int  # people


class EnvelopeSummary(Answer):
    id: str
    title: str
    organisation_name: str
    state: str
    signed: int
    signers: int
    changed_at: datetime
    due_at: datetime | None
    your_turn: bool


class Envelopes(Answer):
    items: list[EnvelopeSummary]
    next: str | None


class Recipient(Answer):
    id: str
    person_id: str
    name: str
    email: str
    role: str
    part: str
    turn: int
    state: str
    at: datetime | None
    due_at: datetime | None
    message: str
    language: str | None
    host_id: str | None  # beside whom they sign in person
    wished_at: datetime | None  # since when they would rather sign on paper; null once they signed


class Enclosed(Answer):
    """One document of an envelope; first_page: the number of its first page in the envelope, from 1.

    arrived_with: how many signatures and timestamps it came with; then others are added on top.
    """

    position: int
    document_id: str
    name: str
    pages: int
    first_page: int
    digest: str | None
    arrived_with: int


class Proof(Answer):
    """Which clock proves when a sealed file existed. purpose: signed or certificate."""

    purpose: str
    clock: str | None  # null until the portal has looked
    stamped_at: datetime | None
    awaits_others: bool  # the built-in clock had to do; a timestamp of another authority follows
    renewed: int


class MadeFrom(Answer):
    """The version of a template; told to whoever runs the envelope."""

    template_id: str
    name: str
    number: int


class Handover(Answer):
    """A part that went to somebody else. kind: delegated by who was asked, or corrected by the sender."""

    recipient_id: str
    kind: str
    from_name: str
    to_name: str
    reason: str
    at: datetime


class Envelope(Answer):
    """ends_at: when it expires, by the first day that counts."""

    id: str
    title: str
    organisation_name: str
    state: str
    signed: int
    signers: int
    changed_at: datetime
    due_at: datetime | None
    your_turn: bool
    message: str
    sender_name: str
    digest: str | None
    documents: list[Enclosed]
    pages: int
    reason: str | None
    trouble: str | None
    has_signed: bool
    has_certificate: bool
    proofs: list[Proof]
    origin: MadeFrom | None
    ends_at: datetime | None
    reminder_days: int | None
    may_delegate: bool
    kind: str | None
    may_use_paper: bool
    may_delegate_outside: bool
    replaces_id: str | None
    replaced_by_id: str | None
    handovers: list[Handover]
    recipients: list[Recipient]
    fields: list[Field]


@get("/envelopes", opt=OUTSIDERS, summary="List envelopes", tags=["Envelopes"])
async def list_envelopes(
    request: WebRequest,
    in_state: InState = None,
    search: FromQuery[str | None] = None,
    mine: FromQuery[bool] = False,
    after: FromQuery[str | None] = None,
    limit: Limit = PAGE,
) -> Envelopes:
    """Envelopes the person may see, newest first."""
    found = await run(
        envelopes.list_envelopes,
        portal_of(request).db,
        acting=signed_in(request),
        state=in_state,
        search=search,
        mine=mine,
        after=after,
        limit=limit,
    )
    return msgspec.convert(found, Envelopes, from_attributes=True)


@post("/envelopes", summary="Make an envelope", tags=["Envelopes"])
async def create_envelope(request: WebRequest, data: JSONBody[NewEnvelope]) -> Made:
    """Make a draft from a document's newest version; refuses a PDF that cannot be signed, and says why."""
    portal = portal_of(request)
    envelope_id = await run(
        drafts.create_envelope,
        portal.db,
        portal.vault,
        portal.pdf,
        acting=signed_in(request),
        document_ids=[DocumentId(one) for one in data.document_ids or [data.document_id] if one],
        title=data.title,
        message=data.message,
        recipients=[_new_recipient(one) for one in data.recipients],
        wishes=drafts.Wishes(
            due_at=data.due_at,
            reminder_days=data.reminder_days,
            may_delegate=data.may_delegate,
            may_delegate_outside=data.may_delegate_outside,
            may_use_paper=data.may_use_paper,
            kind=data.kind,
        ),
        now=portal.clock(),
    )
    return Made(id=envelope_id)


def _new_recipient(one: NewSigner) -> drafts.NewRecipient | drafts.NewOutsider:
    alone = (one.turn, Part(one.part), one.message, one.language, one.due_at)
    if not one.person_id:
        return drafts.NewOutsider(Outsider(one.name, one.email, one.access_code, one.host_id), *alone)
    if one.name or one.email or one.access_code or one.host_id:
        raise BodyInvalid("Give either person_id, or name and email of somebody without an account.")
    return drafts.NewRecipient(PersonId(one.person_id), *alone)


@get("/envelopes/{envelope_id:str}", opt=SIGNERS, summary="Show an envelope", tags=["Envelopes"])
async def show_envelope(request: WebRequest, envelope_id: FromPath[str]) -> Envelope:
    """One envelope with its recipients and fields."""
    view = await run(
        envelopes.show_envelope,
        portal_of(request).db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
    )
    return msgspec.convert(view, Envelope, from_attributes=True)


@post("/envelopes/{envelope_id:str}/send", status_code=204, summary="Send an envelope", tags=["Envelopes"])
async def send_envelope(request: WebRequest, envelope_id: FromPath[str]) -> None:
    """Check that it can be sealed, freeze it, and ask the first to sign."""
    portal = portal_of(request)
    await run(
        envelopes.send_envelope,
        portal.db,
        portal.vault,
        portal.pdf,
        portal.authority,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        now=portal.clock(),
    )


@post("/envelopes/{envelope_id:str}/void", status_code=204, summary="Void an envelope", tags=["Envelopes"])
async def void_envelope(request: WebRequest, envelope_id: FromPath[str], data: JSONBody[Reason]) -> None:
    """End the envelope for everybody."""
    portal = portal_of(request)
    await run(
        envelopes.void_envelope,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        reason=data.reason,
        now=portal.clock(),
    )


@post(
    "/envelopes/{envelope_id:str}/remind",
    status_code=200,
    summary="Remind the recipients",
    tags=["Envelopes"],
)
async def remind(request: WebRequest, envelope_id: FromPath[str]) -> Reminded:
    """Write again to those whose turn it is."""
    portal = portal_of(request)
    count = await run(
        envelopes.remind_recipients,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        now=portal.clock(),
    )
    return Reminded(reminded=count)


HANDLERS = [
    list_envelopes,
    create_envelope,
    show_envelope,
    send_envelope,
    void_envelope,
    remind,
]
