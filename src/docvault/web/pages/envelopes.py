"""Envelopes: the list, and one envelope with its people and history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from docvault.actions import envelopes
from docvault.audit.kinds import Kind
from docvault.database.envelope_views import HistoryItem, RecipientView
from docvault.policy.vocabulary import Permission, Role
from docvault.rules.envelopes import OPEN, EnvelopeRefused, State
from docvault.values import DocVaultError, EnvelopeId
from docvault.web import forms, problems
from docvault.web.access import OUTSIDERS, portal_of, signed_in
from docvault.web.handed_in import files_of, papers_of
from docvault.web.pages.envelope_new import PARTS, create_envelope
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
    State.EXPIRED: "Expired",
}
NOTICES = {
    "sent": "The envelope is on its way.",
    "reminded": "The reminder is on its way.",
    "extended": "There is more time now. Everybody who is awaited has been told.",
    "corrected": "A draft with the same documents, people and fields. Sending it voids the earlier one.",
    "asked-instead": "Somebody else is asked now.",
    "paper-accepted": "You have accepted the scan. It counts as signed.",
    "paper-returned": "The scan goes back. We have written to its signer.",
    "handed-over": "Your colleague has been asked, and the sender knows. You receive a copy.",
}


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
    Kind.ENVELOPE_CODE_ACCEPTED: Look("mail-check", "{whose} gave the code from the mail", "accent"),
    Kind.ENVELOPE_ACCESS_CODE_SET: Look("key-round", "{who} made a new access code for {whose}"),
    Kind.ENVELOPE_HOSTED: Look("handshake", "{who} vouched for {whose} and handed them the device", "accent"),
    Kind.ENVELOPE_VIEWED: Look("eye", "{who} opened the envelope", "accent"),
    Kind.ENVELOPE_READ: Look("book-open", "{who} opened a document of it", "accent"),
    Kind.ENVELOPE_REMINDED: Look("bell-ring", "{who} sent a reminder"),
    Kind.ENVELOPE_CONSENTED: Look("shield-check", "{who} agreed to sign electronically", "accent"),
    Kind.ENVELOPE_PAPER_ASKED: Look("printer", "{who} would rather sign on paper"),
    Kind.ENVELOPE_CONSENT_WITHDRAWN: Look("undo-2", "{who} took back the consent to sign electronically"),
    Kind.ENVELOPE_PAGES_SEEN: Look("eye", "{who} was shown pages", "accent"),
    Kind.ENVELOPE_ATTACHED: Look("paperclip", "{who} handed in a file", "accent"),
    Kind.ENVELOPE_ATTACHMENT_REMOVED: Look("paperclip", "{who} took back a file", "accent"),
    Kind.ENVELOPE_SHEET_ADDED: Look("camera", "{who} added a sheet signed by hand", "accent"),
    Kind.ENVELOPE_SHEET_REMOVED: Look("camera", "{who} took a sheet away", "accent"),
    Kind.ENVELOPE_PAPER_HANDED_IN: Look(
        "scan-eye", "{who} handed in a scan of what they signed by hand", "accent"
    ),
    Kind.ENVELOPE_PAPER_ACCEPTED: Look("circle-check", "{who} accepted the scan of {whose}", "good"),
    Kind.ENVELOPE_PAPER_RETURNED: Look("undo-2", "{who} sent the scan of {whose} back"),
    Kind.ENVELOPE_SIGNED: Look(
        "signature", "{who} signed", "good", "Confirmed with a code for exactly this document"
    ),
    Kind.ENVELOPE_APPROVED: Look(
        "circle-check", "{who} approved", "good", "Confirmed with a code for exactly these documents"
    ),
    Kind.ENVELOPE_READ_THROUGH: Look("book-open-check", "{who} confirmed having read it", "good"),
    Kind.ENVELOPE_DECLINED: Look("circle-x", "{who} declined to sign"),
    Kind.ENVELOPE_VOIDED: Look("ban", "{who} voided the envelope"),
    Kind.ENVELOPE_WARNED: Look("bell-ring", "DocVault warned that it expires soon"),
    Kind.ENVELOPE_EXPIRED: Look("timer-off", "The envelope expired"),
    Kind.ENVELOPE_EXTENDED: Look("calendar-plus", "{who} gave more time"),
    Kind.ENVELOPE_DELEGATED: Look("user-round-check", "{who} handed their part to {whose}"),
    Kind.ENVELOPE_CORRECTED: Look("user-round-pen", "{who} asked {whose} instead of somebody else"),
    Kind.ENVELOPE_REPLACED: Look("replace", "{who} sent a corrected envelope in its place"),
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
    due_at: datetime | None
    message: str
    wished_at: datetime | None  # they would rather sign on paper
    correctable: bool
    owes_code: bool
    host_name: str
    done: bool
    hosted_here: bool  # whoever looks hands the device over, now
    colour: int


class ReasonForm(msgspec.Struct, forbid_unknown_fields=True):
    reason: str = ""


@get("/envelopes", opt=OUTSIDERS)
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


@get("/envelopes/{envelope_id:str}", opt=OUTSIDERS)
async def show_envelope(
    request: WebRequest, envelope_id: FromPath[str], notice: FromQuery[str] = ""
) -> Response[str]:
    """One envelope."""
    return await envelope_page(request, envelope_id, notice=NOTICES.get(notice, ""))


async def envelope_page(
    request: WebRequest, envelope_id: str, *, notice: str = "", error: DocVaultError | None = None
) -> Response[str]:
    """Return the page of one envelope, with what went wrong."""
    view = await run(
        envelopes.show_envelope,
        portal_of(request).db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
    )
    may_manage = Permission.ENVELOPE_MANAGE in view.may
    may_read = Permission.ENVELOPE_READ in view.may
    files = await files_of(request, envelope_id) if may_read else ()
    scans = await papers_of(request, envelope_id) if may_read else ()
    portal = portal_of(request)
    more = timedelta(days=portal.db.policy.numbers.signing.extension_days)
    width, height = view.page_sizes[0]
    return render(
        request,
        "envelope.html",
        problems.meaning_of(error).status if error else 200,
        nav="envelopes",
        envelope=view,
        recipients=recipient_lines(view.recipients, signed_in(request).person_id),
        parts=PARTS,
        kinds=portal.db.policy.numbers.kinds.kind,
        history=_history(view.history, notes=may_manage),
        notice=notice,
        trouble=str(error or ""),
        thumbnail_height=round(THUMBNAIL * height / width),
        waiting_names=_names([one.name for one in view.recipients if one.state in ASKED]),
        may_manage=may_manage,
        may_remind=may_manage and any(one.state in ASKED for one in view.recipients),
        may_void=may_manage and view.state in OPEN,
        may_extend=may_manage and view.state in {State.SENT, State.EXPIRED} and view.ends_at is not None,
        extended=(max(view.ends_at or portal.clock(), portal.clock()) + more).date().isoformat(),
        may_correct=may_manage and view.state not in NOT_CORRECTED and view.replaced_by_id is None,
        may_read=may_read,
        files=files,
        scans=scans,
        names={one.id: one.name for one in view.recipients},
    )


NOT_CORRECTED = frozenset({State.DRAFT, State.COMPLETING, State.COMPLETED})
ASKED = frozenset({"notified", "viewed", "consented"})  # it is their turn


def recipient_lines(recipients: Sequence[RecipientView], reader: str = "") -> list[RecipientLine]:
    """Return the recipients in signing order, each with a colour. reader: the id of whoever looks."""
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
            due_at=one.due_at,
            message=one.message,
            wished_at=one.wished_at,
            correctable=one.correctable,
            owes_code=one.owes_code,
            host_name=one.host_name,
            done=one.state in {"signed", "paper", "approved", "read"},
            hosted_here=one.host_id == reader and one.state in ASKED,
            colour=index % COLOURS + 1,
        )
        for index, one in enumerate(recipients)
    ]


def _history(items: Sequence[HistoryItem], *, notes: bool) -> list[HistoryLine]:
    """Return what happened, newest first; an event without a look is told by its name.

    notes: whether whoever looks reads what signers wrote to the sender.
    """
    lines = []
    for item in reversed(items):  # the log gives them in its own order, oldest first
        look = LOOKS.get(item.kind, Look("dot", item.kind.value.replace(":", ", ")))
        words = look.words.format(who=item.who or "DocVault", whose=item.whose or "a signer")
        said = f"“{item.note}”" if item.note and notes else look.detail
        lines.append(HistoryLine(item.at, look.icon, look.tone, words, said))
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
        return await envelope_page(request, envelope_id, error=error)
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
        return await envelope_page(request, envelope_id, error=error)
    return Redirect(f"/envelopes/{envelope_id}", status_code=303)


HANDLERS = [list_envelopes, create_envelope, show_envelope, remind, void]
