"""Asking for paper instead, and taking back the consent to sign electronically (promise 72)."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from docvault.actions import ceremonies, consents
from docvault.rules.envelopes import SIGNING, EnvelopeRefused
from docvault.values import DocVaultError, EnvelopeId
from docvault.web import forms, problems, words
from docvault.web.access import SIGNERS, portal_of, signed_in
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]


class NoteForm(msgspec.Struct, forbid_unknown_fields=True):
    note: str = ""


@get("/sign/{envelope_id:str}/withdraw", opt=SIGNERS)
async def show(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """What it means, and the form that does it."""
    return await _show(request, envelope_id)


async def _show(
    request: WebRequest, envelope_id: str, note: str = "", error: DocVaultError | None = None
) -> Response[Any]:
    portal = portal_of(request)
    view = await run(
        ceremonies.start_ceremony,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        now=portal.clock(),
    )
    if view.state != "your-turn" or view.recipient.part not in SIGNING or (view.wished_at and error is None):
        return Redirect(f"/sign/{envelope_id}", status_code=303)
    t = words.in_language(view.language)
    return render(
        request,
        "sign_withdraw.html",
        problems.meaning_of(error).status if error else 200,
        envelope_id=envelope_id,
        title=view.envelope.title,
        t=t,
        sender_name=view.sender_name,
        consented=view.consented,
        note=note,
        trouble=words.said(t, str(error or "")),
    )


@post("/sign/{envelope_id:str}/withdraw", opt=SIGNERS)
async def withdraw(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """Tell the sender; the start page then says how things stand."""
    form = await forms.read(request, NoteForm)
    portal = portal_of(request)
    try:
        await run(
            consents.prefer_paper,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            note=form.note,
            now=portal.clock(),
        )
    except EnvelopeRefused as error:
        return await _show(request, envelope_id, form.note, error)
    return Redirect(f"/sign/{envelope_id}", status_code=303)


HANDLERS = [show, withdraw]
