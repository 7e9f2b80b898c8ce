"""The ceremony's pages: start, review, text, confirm, done. Each sends a person to where they are."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from docvault.actions import ceremonies, envelope_files, envelopes
from docvault.actions.ceremonies import CeremonyView
from docvault.pdf.render import WIDTHS
from docvault.pdf.text import Run
from docvault.rules.consents import ConsentUnknown
from docvault.rules.envelopes import EnvelopeRefused, Part, State
from docvault.values import DocVaultError, EnvelopeId
from docvault.web import forms, problems, words
from docvault.web.access import SIGNERS, portal_of, signed_in
from docvault.web.pages.envelopes import recipient_lines
from docvault.web.pages.prepare import field_data
from docvault.web.rendering import home_of, render
from docvault.web.running import run
from docvault.web.sheets import INLINE, sheets
from docvault.web.standings import standing_of
from docvault.web.words import Words

WebRequest = Request[Any, Any, Any]

DEEDS = {Part.APPROVER: "approve", Part.VIEWER: "read", Part.COPY: "copy"}
HEADINGS = {
    "sign": "{name} asks you to sign",
    "approve": "{name} asks you to approve",
    "read": "{name} asks you to read",
    "copy": "{name} sends you a copy",
}
DONE = {
    "sign": "You have signed",
    "approve": "You have approved",
    "read": "You have read it",
    "copy": "A copy",
}
THANKS = {
    "sign": "Thank you, {name}. You have signed.",
    "approve": "Thank you, {name}. You have approved.",
    "read": "Thank you, {name}. You have read it.",
    "copy": "Thank you, {name}.",
}
_READ = ("book-open", "Read everything")
_END = ("download", "Get the signed document when everybody has signed")
NEXT = {
    "sign": [
        ("book-open", "Read the document"),
        ("signature", "Fill in the fields; we take you to each one"),
        ("shield-check", "Confirm with a code from your authenticator app"),
        _END,
    ],
    "approve": [_READ, ("shield-check", "Approve with a code from your authenticator app"), _END],
    "read": [_READ, ("book-open-check", "Confirm that you have read it"), _END],
    "copy": [_END],
}
_MAILED = ("mail-check", "Confirm with a code that is mailed to you")
BESIDE = {NEXT["sign"][2]: _MAILED, NEXT["approve"][1]: _MAILED}  # in person
PAGES_A_MINUTE = 4  # of a contract, read attentively


class ConsentForm(msgspec.Struct, forbid_unknown_fields=True):
    consent_id: str
    consent_sha256: str
    agree: str = ""


class ReasonForm(msgspec.Struct, forbid_unknown_fields=True):
    reason: str = ""


@get("/sign/{envelope_id:str}", opt=SIGNERS)
async def start(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """Who asks, for what, and what comes next; consent is given here, apart from signing."""
    view = await _ceremony(request, envelope_id)
    if view.state == "signed":
        return Redirect(f"/sign/{envelope_id}/done", status_code=303)
    return _start(request, view)


def _start(request: WebRequest, view: CeremonyView, error: DocVaultError | None = None) -> Response[str]:
    return render(
        request,
        "sign_start.html",
        problems.meaning_of(error).status if error else 200,
        nav="inbox",
        envelope_id=view.envelope.id,
        title=view.envelope.title,
        t=words_of(view),
        deed=deed_of(view),
        headings=HEADINGS,
        documents=view.documents,
        next_steps=_next_steps(view),
        host_name=view.host_name,
        may_use_paper=view.may_use_paper,
        may_name=view.may_name,
        sender_name=view.sender_name,
        sender_organisation=view.sender_organisation,
        message=view.message,
        reason=view.reason,
        due_at=view.due_at,
        pages=view.pages,
        minutes=max(2, round(view.pages / PAGES_A_MINUTE)),
        fields_required=sum(field.required for field in view.fields),
        state=view.state,
        standing=standing_of(view, home_of(signed_in(request))),
        consent=view.consent,
        consent_paragraphs=view.consent.text.split("\n\n"),
        consented=view.consented,
        wished_at=view.wished_at,
        home=home_of(signed_in(request)),
        trouble=words.said(words_of(view), str(error or "")),
    )


def _next_steps(view: CeremonyView) -> list[tuple[str, str]]:
    """Return what comes; beside a host it is confirmed with a code from a mail."""
    return [BESIDE.get(each, each) if view.host_name else each for each in NEXT[deed_of(view)]]


@post("/sign/{envelope_id:str}/consent", opt=SIGNERS)
async def consent(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """Agree to sign electronically, then read."""
    form = await forms.read(request, ConsentForm)
    portal = portal_of(request)
    if form.agree != "yes":
        return _start(request, await _ceremony(request, envelope_id), CONSENT_NEEDED)
    try:
        await run(
            ceremonies.give_consent,
            portal.db,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            consent_id=form.consent_id,
            consent_sha256=form.consent_sha256,
            now=portal.clock(),
        )
    except (EnvelopeRefused, ConsentUnknown) as error:
        return _start(request, await _ceremony(request, envelope_id), error)
    return Redirect(f"/sign/{envelope_id}/review", status_code=303)


CONSENT_NEEDED = forms.FormInvalid("Please tick the box if you agree to sign electronically.")


@post("/sign/{envelope_id:str}/decline", opt=SIGNERS)
async def decline(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """Decline with a reason; the start page then says how things stand."""
    form = await forms.read(request, ReasonForm)
    portal = portal_of(request)
    try:
        await run(
            ceremonies.decline_envelope,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            reason=form.reason,
            now=portal.clock(),
        )
    except EnvelopeRefused as error:
        return _start(request, await _ceremony(request, envelope_id), error)
    return Redirect(f"/sign/{envelope_id}", status_code=303)


@get("/sign/{envelope_id:str}/review", opt=SIGNERS)
async def review(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """The pages with the fields of this person."""
    view = await _ceremony(request, envelope_id)
    if not _may_go_on(view):
        return Redirect(f"/sign/{envelope_id}", status_code=303)
    runs = {page: await _runs(request, envelope_id, page) for page in range(1, min(INLINE, view.pages) + 1)}
    base = f"/api/v1/envelopes/{envelope_id}/pages"
    return render(
        request,
        "sign_review.html",
        envelope_id=envelope_id,
        title=view.envelope.title,
        t=words_of(view),
        deed=deed_of(view),
        documents=view.documents,
        sender_name=view.sender_name,
        may_use_paper=view.may_use_paper,
        ceremony=_script_data(request, view),
        sheets=sheets(base, view.page_sizes, runs),
        widths=WIDTHS,
        eager={1} | {field.page for field in view.fields},
    )


@get("/sign/{envelope_id:str}/text", opt=SIGNERS)
async def text(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """The text of what is to be signed."""
    view = await _ceremony(request, envelope_id)
    if not _may_go_on(view):
        return Redirect(f"/sign/{envelope_id}", status_code=303)
    portal = portal_of(request)
    texts = [
        await run(
            envelope_files.envelope_paragraphs,
            portal.db,
            portal.vault,
            portal.pdf,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            page=page,
            now=portal.clock(),
        )
        for page in range(1, view.pages + 1)
    ]
    return render(
        request,
        "sign_text.html",
        t=words_of(view),
        envelope_id=envelope_id,
        title=view.envelope.title,
        texts=texts,
    )


@get("/sign/{envelope_id:str}/confirm", opt=SIGNERS)
async def confirm(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """What is about to be signed, and the code that confirms it."""
    view = await _ceremony(request, envelope_id)
    if not _may_go_on(view):
        return Redirect(f"/sign/{envelope_id}", status_code=303)
    deed = deed_of(view)
    if deed == "read":
        return render(
            request,
            "sign_read.html",
            t=words_of(view),
            envelope_id=envelope_id,
            title=view.envelope.title,
            sender_name=view.sender_name,
        )
    return render(
        request,
        "sign_confirm.html",
        t=words_of(view),
        envelope_id=envelope_id,
        title=view.envelope.title,
        deed=deed,
        documents=view.documents,
        pages=view.pages,
        ceremony=_script_data(request, view),
    )


@post("/sign/{envelope_id:str}/read", opt=SIGNERS)
async def read(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """Confirm having read everything; what is missing is said on the start page."""
    portal = portal_of(request)
    try:
        await run(
            ceremonies.approve_envelope,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            step_up_id=None,
            now=portal.clock(),
        )
    except EnvelopeRefused as error:
        return _start(request, await _ceremony(request, envelope_id), error)
    return Redirect(f"/sign/{envelope_id}/done", status_code=303)


@get("/sign/{envelope_id:str}/done", opt=SIGNERS)
async def done(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """What happens now that the person has signed."""
    view = await _ceremony(request, envelope_id)
    if view.signed_at is None:
        return Redirect(f"/sign/{envelope_id}", status_code=303)
    envelope = await run(
        envelopes.show_envelope,
        portal_of(request).db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
    )
    under_way = envelope.state in {State.SENT, State.COMPLETING}
    return render(
        request,
        "sign_done.html",
        envelope=envelope,
        t=words_of(view),
        deed=deed_of(view),
        thanks=THANKS,
        done_titles=DONE,
        recipients=recipient_lines(envelope.recipients),
        signed_at=view.signed_at,
        host_name=view.host_name,
        waiting=envelope.signers - envelope.signed if under_way else 0,
        finishing=envelope.state is State.COMPLETING,
    )


async def _ceremony(request: WebRequest, envelope_id: str) -> CeremonyView:
    portal = portal_of(request)
    return await run(
        ceremonies.start_ceremony,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        now=portal.clock(),
    )


async def _runs(request: WebRequest, envelope_id: str, page: int) -> Sequence[Run]:
    portal = portal_of(request)
    return await run(
        envelope_files.envelope_page_runs,
        portal.db,
        portal.vault,
        portal.pdf,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        page=page,
        now=portal.clock(),
    )


def _may_go_on(view: CeremonyView) -> bool:
    return view.state == "your-turn" and (view.consented or deed_of(view) != "sign")


def words_of(view: CeremonyView) -> Words:
    """Return the words of the language that the ceremony is held in."""
    return words.in_language(view.language)


def deed_of(view: CeremonyView) -> str:
    """Return what a recipient is asked for: sign, approve, read or copy."""
    return DEEDS.get(view.recipient.part, "sign")


def _script_data(request: WebRequest, view: CeremonyView) -> dict[str, Any]:
    """What the page's script needs; see readCeremony in answers.js."""
    lines = recipient_lines(view.recipients)
    return {
        "envelope": view.envelope.id,
        "recipient": view.recipient.id,
        "digest": view.digest,
        "name": signed_in(request).name,
        "deed": deed_of(view),
        "colour": next(line.colour for line in lines if line.id == view.recipient.id),
        "pages": view.pages,
        "seen": list(view.seen_pages),
        "fields": [field_data(field) for field in view.fields],
        "answers": dict(view.answers),
    }


HANDLERS = [start, consent, decline, review, text, confirm, read, done]
