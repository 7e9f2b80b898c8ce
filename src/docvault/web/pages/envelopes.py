"""Envelopes: the list, one envelope with its people and history, and the form that makes a new one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from docvault.actions import documents, drafts, envelopes
from docvault.actions.drafts import NewRecipient
from docvault.audit.kinds import Kind
from docvault.database.envelope_views import HistoryItem, RecipientView
from docvault.pdf.errors import NotSignable
from docvault.policy.vocabulary import Permission, Role
from docvault.rules.envelopes import EnvelopeRefused, Part, State
from docvault.values import DocumentId, DocVaultError, EnvelopeId, PersonId
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.forms import FormInvalid
from docvault.web.handed_in import files_of
from docvault.web.pages.documents import why_not_signable
from docvault.web.pages.folders import next_page
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

COLOURS = 6  # how many recipients are told apart by colour; the seventh has the first one again
THUMBNAIL = 600  # pixels wide
STATES = {
    State.DRAFT: "Draft",
    State.SENT: "Waiting",
    State.COMPLETING: "Being sealed",
    State.COMPLETED: "Completed",
    State.DECLINED: "Declined",
    State.VOIDED: "Voided",
}
ALSO = "also-"  # a tick box for each further document: also-<id>
PARTS = {
    Part.SIGNER: "Signs",
    Part.WITNESS: "Signs as a witness",
    Part.COUNTER_SIGNER: "Counter-signs",
    Part.APPROVER: "Approves",
    Part.VIEWER: "Reads and confirms",
    Part.COPY: "Receives a copy",
}
NOTICES = {"sent": "The envelope is on its way.", "reminded": "The reminder is on its way."}


@dataclass(frozen=True, slots=True)
class Filters:
    search: str | None
    state: State | None
    mine: bool


@dataclass(frozen=True, slots=True)
class Look:
    """How an event is drawn in the history. words: `{who}` acted, `{whose}` it was done for."""

    icon: str
    words: str
    tone: str = ""
    detail: str = ""


LOOKS = {
    Kind.ENVELOPE_CREATED: Look("file-plus", "{who} made the envelope"),
    Kind.ENVELOPE_FIELDS_PLACED: Look("square-pen", "{who} placed the fields"),
    Kind.ENVELOPE_SENT: Look("send", "{who} sent the envelope"),
    Kind.ENVELOPE_VIEWED: Look("eye", "{who} opened the envelope", "accent"),
    Kind.ENVELOPE_READ: Look("book-open", "{who} opened a document of it", "accent"),
    Kind.ENVELOPE_REMINDED: Look("bell-ring", "{who} sent a reminder"),
    Kind.ENVELOPE_CONSENTED: Look("shield-check", "{who} agreed to sign electronically", "accent"),
    Kind.ENVELOPE_PAGES_SEEN: Look("eye", "{who} was shown pages", "accent"),
    Kind.ENVELOPE_ATTACHED: Look("paperclip", "{who} handed in a file", "accent"),
    Kind.ENVELOPE_ATTACHMENT_REMOVED: Look("paperclip", "{who} took back a file", "accent"),
    Kind.ENVELOPE_SIGNED: Look(
        "signature", "{who} signed", "good", "Confirmed with a code for exactly this document"
    ),
    Kind.ENVELOPE_APPROVED: Look(
        "circle-check", "{who} approved", "good", "Confirmed with a code for exactly these documents"
    ),
    Kind.ENVELOPE_READ_THROUGH: Look("book-open-check", "{who} confirmed having read it", "good"),
    Kind.ENVELOPE_DECLINED: Look("circle-x", "{who} declined to sign"),
    Kind.ENVELOPE_VOIDED: Look("ban", "{who} voided the envelope"),
    Kind.SIGNING_CERTIFICATE_ISSUED: Look("key-round", "A signing certificate was issued"),
    Kind.SIGNATURE_APPLIED: Look("stamp", "The signature of {whose} was put into the document"),
    Kind.ENVELOPE_COMPLETED: Look(
        "circle-check", "The document is complete", "good", "Sealed, timestamped, and checked by DocVault"
    ),
    Kind.COMPLETION_FAILED: Look("triangle-alert", "The document could not be finished; it is tried again"),
    Kind.ARCHIVE_RENEWED: Look("clock-check", "The proof of time was renewed"),
}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    at: datetime
    icon: str
    tone: str
    words: str
    detail: str


@dataclass(frozen=True, slots=True)
class RecipientLine:
    """A recipient and the colour that stands for them, from 1."""

    id: str
    person_id: str
    name: str
    email: str
    turn: int
    part: str
    state: str
    at: datetime | None
    colour: int


class EnvelopeForm(msgspec.Struct, forbid_unknown_fields=True):
    document_id: str
    title: str = ""
    message: str = ""
    due: str = ""  # a day, e.g. 2031-04-30
    recipients: str = ""  # person:turn:part, in order, parted by spaces


class ReasonForm(msgspec.Struct, forbid_unknown_fields=True):
    reason: str = ""


@get("/envelopes")
async def list_envelopes(
    request: WebRequest,
    search: FromQuery[str | None] = None,
    status: FromQuery[str | None] = None,
    mine: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
) -> Response[str]:
    """The envelopes a person may see."""
    acting = signed_in(request)
    filters = Filters(search or None, State(status) if status in set(State) else None, mine == "true")
    found = await run(
        envelopes.list_envelopes,
        portal_of(request).db,
        acting=acting,
        state=filters.state,
        search=filters.search,
        mine=filters.mine,
        after=after,
    )
    following = next_page(
        "/envelopes",
        found.next,
        search=filters.search,
        status=filters.state,
        mine="true" if filters.mine else None,
    )
    return render(
        request,
        "envelopes.html",
        nav="envelopes",
        envelopes=found,
        filters=filters,
        filtered=filters != Filters(None, None, mine=False),
        states=STATES,
        may_create=acting.role is Role.ACCOUNT_MANAGER,
        next_href=following,
    )


@get("/envelopes/new")
async def new_envelope(request: WebRequest, document: FromQuery[str]) -> Response[str]:
    """The form for a new envelope, or why this document cannot be signed."""
    return await _new(request, EnvelopeForm(document_id=document))


async def _new(
    request: WebRequest,
    form: EnvelopeForm,
    error: DocVaultError | None = None,
    also: Sequence[str] = (),
) -> Response[str]:
    portal, acting = portal_of(request), signed_in(request)
    document_id = DocumentId(form.document_id)
    view = await run(documents.show_document, portal.db, acting=acting, document_id=document_id)
    people = await run(drafts.possible_recipients, portal.db, acting=acting, document_id=document_id)
    beside = await run(drafts.beside, portal.db, acting=acting, document_id=document_id)
    refusal = str(error) if isinstance(error, NotSignable) else why_not_signable(view.versions[0])
    if not form.title and error is None:
        form.title = view.name.removesuffix(".pdf")
    return render(
        request,
        "envelope_new.html",
        problems.meaning_of(error).status if error else 200,
        nav="envelopes",
        document=view,
        people=people,
        beside=beside,
        also=also,
        parts=PARTS,
        refusal=refusal,
        form=form,
        chosen=_chosen(form.recipients),
        tomorrow=(portal.clock() + timedelta(days=1)).date().isoformat(),
        trouble=str(error or ""),
    )


@post("/envelopes")
async def create_envelope(request: WebRequest) -> Response[Any]:
    """Make a draft, then go on to its fields."""
    given = await forms.pairs(request)
    also = [name.removeprefix(ALSO) for name in given if name.startswith(ALSO)]
    form = await forms.read(request, EnvelopeForm, beside=ALSO)
    portal = portal_of(request)
    try:
        envelope_id = await run(
            drafts.create_envelope,
            portal.db,
            portal.vault,
            portal.pdf,
            acting=signed_in(request),
            document_ids=[DocumentId(one) for one in (form.document_id, *also)],
            title=form.title,
            message=form.message,
            recipients=_recipients(form.recipients),
            due_at=end_of_day(form.due),
            now=portal.clock(),
        )
    except (EnvelopeRefused, NotSignable) as error:
        return await _new(request, form, error, also)
    return Redirect(f"/envelopes/{envelope_id}/prepare", status_code=303)


def _recipients(text: str) -> list[NewRecipient]:
    """Read `person:turn:part person:turn:part`; without a part they sign. Raises FormInvalid."""
    try:
        return [_recipient(*one.split(":")) for one in text.split()]
    except (TypeError, ValueError) as error:
        words = "The recipients cannot be read. Please reload the page and choose them again."
        raise FormInvalid(words) from error


def _recipient(person: str, turn: str, part: str = Part.SIGNER.value) -> NewRecipient:
    if not (turn.isascii() and turn.isdigit()):
        raise ValueError(turn)
    return NewRecipient(PersonId(person), int(turn), Part(part))


def _chosen(text: str) -> list[dict[str, Any]]:
    """Return the recipients as the page's script takes them: in order, and who acts together."""
    given = _recipients(text)
    return [
        {
            "person": one.person_id,
            "part": one.part.value,
            "together": index > 0 and given[index - 1].turn == one.turn,
        }
        for index, one in enumerate(given)
    ]


def end_of_day(text: str) -> datetime | None:
    """Return the last second of a day, in UTC. Raises FormInvalid."""
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise FormInvalid("The day to sign by cannot be read. Please choose it again.") from error
    return datetime.combine(day, time(23, 59, 59), UTC)


@get("/envelopes/{envelope_id:str}")
async def show_envelope(
    request: WebRequest, envelope_id: FromPath[str], notice: FromQuery[str] = ""
) -> Response[str]:
    """One envelope."""
    return await _show(request, envelope_id, notice=NOTICES.get(notice, ""))


async def _show(
    request: WebRequest, envelope_id: str, *, notice: str = "", error: DocVaultError | None = None
) -> Response[str]:
    view = await run(
        envelopes.show_envelope,
        portal_of(request).db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
    )
    may_manage = Permission.ENVELOPE_MANAGE in view.may
    may_read = Permission.ENVELOPE_READ in view.may
    files = await files_of(request, envelope_id) if may_read else ()
    width, height = view.page_sizes[0]
    return render(
        request,
        "envelope.html",
        problems.meaning_of(error).status if error else 200,
        nav="envelopes",
        envelope=view,
        recipients=recipient_lines(view.recipients),
        parts=PARTS,
        history=_history(view.history),
        notice=notice,
        trouble=str(error or ""),
        thumbnail_height=round(THUMBNAIL * height / width),
        waiting_names=_names([one.name for one in view.recipients if one.state in ASKED]),
        may_manage=may_manage,
        may_remind=may_manage and view.state is State.SENT,
        may_void=may_manage and view.state in {State.DRAFT, State.SENT},
        may_read=may_read,
        files=files,
    )


ASKED = frozenset({"notified", "viewed", "consented"})  # it is their turn


def recipient_lines(recipients: Sequence[RecipientView]) -> list[RecipientLine]:
    """Return the recipients in signing order, each with a colour."""
    return [
        RecipientLine(
            id=one.id,
            person_id=one.person_id,
            name=one.name,
            email=one.email,
            turn=one.turn,
            part=one.part.value,
            state=one.state,
            at=one.at,
            colour=index % COLOURS + 1,
        )
        for index, one in enumerate(recipients)
    ]


def _history(items: Sequence[HistoryItem]) -> list[HistoryLine]:
    """Return what happened, newest first; an event without a look is told by its name."""
    lines = []
    for item in reversed(items):  # the log gives them in its own order, oldest first
        look = LOOKS.get(item.kind, Look("dot", item.kind.value.replace(":", ", ")))
        words = look.words.format(who=item.who or "DocVault", whose=item.whose or "a signer")
        lines.append(HistoryLine(item.at, look.icon, look.tone, words, look.detail))
    return lines


def _names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


@post("/envelopes/{envelope_id:str}/remind")
async def remind(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """Write again to those whose turn it is."""
    portal = portal_of(request)
    try:
        await run(
            envelopes.remind_recipients,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            now=portal.clock(),
        )
    except EnvelopeRefused as error:
        return await _show(request, envelope_id, error=error)
    return Redirect(f"/envelopes/{envelope_id}?notice=reminded", status_code=303)


@post("/envelopes/{envelope_id:str}/void")
async def void(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """End the envelope."""
    form = await forms.read(request, ReasonForm)
    portal = portal_of(request)
    try:
        await run(
            envelopes.void_envelope,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            reason=form.reason,
            now=portal.clock(),
        )
    except EnvelopeRefused as error:
        return await _show(request, envelope_id, error=error)
    return Redirect(f"/envelopes/{envelope_id}", status_code=303)


HANDLERS = [list_envelopes, new_envelope, create_envelope, show_envelope, remind, void]
