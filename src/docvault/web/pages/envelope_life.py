"""More time for an envelope, somebody else in a recipient's place, and a corrected envelope."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from docvault.actions import ceremonies, delegations, drafts, envelope_life, envelopes
from docvault.credentials.refusals import Throttled
from docvault.pdf.errors import NotSignable
from docvault.rules.envelopes import EnvelopeRefused
from docvault.rules.outsiders import Outsider
from docvault.values import DocVaultError, EnvelopeId, NotFound, PersonId, RecipientId
from docvault.web import forms, problems
from docvault.web.access import OUTSIDERS, portal_of, signed_in
from docvault.web.forms import FormInvalid
from docvault.web.pages.ceremonies import words_of
from docvault.web.pages.envelope_new import end_of_day
from docvault.web.pages.envelopes import envelope_page
from docvault.web.rendering import render
from docvault.web.running import run
from docvault.web.words import said

WebRequest = Request[Any, Any, Any]


class ExtendForm(msgspec.Struct, forbid_unknown_fields=True):
    due: str = ""  # a day, e.g. 2031-04-30


class InsteadForm(msgspec.Struct, forbid_unknown_fields=True):
    person_id: str = ""
    reason: str = ""


class HandOverForm(msgspec.Struct, forbid_unknown_fields=True):
    person_id: str = ""
    name: str = ""  # of somebody whom nobody could choose from a list
    email: str = ""
    naming: str = ""  # yes: there was no list to choose from
    reason: str = ""


@post("/envelopes/{envelope_id:str}/extend")
async def extend(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """Give more time."""
    form = await forms.read(request, ExtendForm)
    portal = portal_of(request)
    try:
        await run(
            envelope_life.extend_envelope,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            due_at=end_of_day(form.due),
            now=portal.clock(),
        )
    except EnvelopeRefused as error:
        return await envelope_page(request, envelope_id, error=error)
    return Redirect(f"/envelopes/{envelope_id}?notice=extended", status_code=303)


@post("/envelopes/{envelope_id:str}/correct")
async def correct(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """Make a draft that corrects this one, and go on to its fields."""
    portal = portal_of(request)
    try:
        made = await run(
            drafts.correct_envelope,
            portal.db,
            portal.vault,
            portal.pdf,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            now=portal.clock(),
        )
    except (EnvelopeRefused, NotSignable) as error:
        return await envelope_page(request, envelope_id, error=error)
    return Redirect(f"/envelopes/{made}?notice=corrected", status_code=303)


@get("/envelopes/{envelope_id:str}/recipients/{recipient_id:str}/replace")
async def choose_instead(
    request: WebRequest, envelope_id: FromPath[str], recipient_id: FromPath[str]
) -> Response[Any]:
    """The form that puts somebody else in a recipient's place."""
    return await _choose_instead(request, envelope_id, recipient_id, InsteadForm())


async def _choose_instead(
    request: WebRequest,
    envelope_id: str,
    recipient_id: str,
    form: InsteadForm,
    error: DocVaultError | None = None,
) -> Response[Any]:
    db, acting, envelope = portal_of(request).db, signed_in(request), EnvelopeId(envelope_id)
    view = await run(envelopes.show_envelope, db, acting=acting, envelope_id=envelope)
    recipient = next((one for one in view.recipients if one.id == recipient_id), None)
    if recipient is None:
        raise NotFound
    people = await run(envelope_life.possible_replacements, db, acting=acting, envelope_id=envelope)
    return render(
        request,
        "instead.html",
        problems.meaning_of(error).status if error else 200,
        nav="envelopes",
        title=f"Ask somebody else than {recipient.name}",
        about=view.title,
        back=f"/envelopes/{envelope_id}",
        action=f"/envelopes/{envelope_id}/recipients/{recipient_id}/replace",
        explained=f"{recipient.name} has not opened the envelope. They get no more mail about it and can no "
        "longer open it. Whoever you choose is asked instead, with the same fields. The evidence keeps the "
        "change and your reason.",
        nobody="There is nobody else who could be asked. Share the folder with them as signer first.",
        submit="Ask this person instead",
        people=people,
        form=form,
        trouble=str(error or ""),
    )


@post("/envelopes/{envelope_id:str}/recipients/{recipient_id:str}/replace")
async def ask_instead(
    request: WebRequest, envelope_id: FromPath[str], recipient_id: FromPath[str]
) -> Response[Any]:
    """Put somebody else in a recipient's place."""
    form = await forms.read(request, InsteadForm)
    portal = portal_of(request)
    try:
        await run(
            envelope_life.correct_recipient,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            recipient_id=RecipientId(recipient_id),
            person_id=PersonId(form.person_id),
            reason=form.reason,
            now=portal.clock(),
        )
    except EnvelopeRefused as error:
        return await _choose_instead(request, envelope_id, recipient_id, form, error)
    return Redirect(f"/envelopes/{envelope_id}?notice=asked-instead", status_code=303)


@get("/sign/{envelope_id:str}/delegate", opt=OUTSIDERS)
async def choose_colleague(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """The form that hands one's part to a colleague."""
    return await _choose_colleague(request, envelope_id, HandOverForm())


async def _choose_colleague(
    request: WebRequest, envelope_id: str, form: HandOverForm, error: DocVaultError | None = None
) -> Response[Any]:
    portal, acting, envelope = portal_of(request), signed_in(request), EnvelopeId(envelope_id)
    view = await run(
        ceremonies.start_ceremony,
        portal.db,
        portal.vault,
        acting=acting,
        envelope_id=envelope,
        now=portal.clock(),
    )
    if view.state != "your-turn":
        return Redirect(f"/sign/{envelope_id}", status_code=303)
    choice = await run(delegations.choice, portal.db, acting=acting, envelope_id=envelope)
    t = words_of(view)
    page = render(
        request,
        "sign_delegate.html",
        problems.meaning_of(error).status if error else 200,
        nav="inbox",
        t=t,
        envelope_id=envelope_id,
        title=view.envelope.title,
        sender_name=view.sender_name,
        people=choice.colleagues,
        anybody=choice.anybody,
        form=form,
        trouble=said(t, str(error or "")),
    )
    page.headers.update(problems.headers_of(error) if error else {})
    return page


@post("/sign/{envelope_id:str}/delegate", opt=OUTSIDERS)
async def hand_over(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """Hand one's part to a colleague."""
    form = await forms.read(request, HandOverForm)
    portal = portal_of(request)
    try:
        await run(
            delegations.delegate_part,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            to=_successor(form),
            reason=form.reason,
            now=portal.clock(),
        )
    except (EnvelopeRefused, FormInvalid, Throttled) as error:
        return await _choose_colleague(request, envelope_id, form, error)
    return Redirect(f"/envelopes/{envelope_id}?notice=handed-over", status_code=303)


def _successor(form: HandOverForm) -> PersonId | Outsider:
    """Return who was chosen, or named. Raises FormInvalid."""
    named = bool(form.name.strip() or form.email.strip())
    if named and form.person_id:
        raise TWO_AT_ONCE
    return Outsider(form.name, form.email) if named or form.naming else PersonId(form.person_id)


TWO_AT_ONCE = FormInvalid("Choose a colleague or name somebody, not both.")


HANDLERS = [extend, correct, choose_instead, ask_instead, choose_colleague, hand_over]
