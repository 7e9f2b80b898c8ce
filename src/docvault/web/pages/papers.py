"""Signing on paper: the signer's page with its three steps, and what the sender says of a scan."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from docvault.actions import paper_checks, papers
from docvault.rules.envelopes import EnvelopeRefused
from docvault.rules.papers import PaperForbidden
from docvault.values import EnvelopeId
from docvault.web import forms, words
from docvault.web.access import SIGNERS, portal_of, signed_in
from docvault.web.api.papers import Sheets
from docvault.web.pages.envelopes import ReasonForm, envelope_page
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]


@get("/sign/{envelope_id:str}/paper", opt=SIGNERS)
async def paper(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """Print, sign by hand, hand in; who cannot is sent to where things stand."""
    portal = portal_of(request)
    try:
        view = await run(
            papers.show_paper,
            portal.db,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            now=portal.clock(),
        )
    except PaperForbidden:
        raise
    except EnvelopeRefused:
        return Redirect(f"/sign/{envelope_id}", status_code=303)
    return render(
        request,
        "sign_paper.html",
        t=words.in_language(view.language),
        envelope_id=envelope_id,
        title=view.title,
        sender_name=view.sender_name,
        documents=view.documents,
        asked_pages=view.asked_pages,
        returned=view.returned,
        paper=msgspec.to_builtins(msgspec.convert(view, Sheets, from_attributes=True))
        | {"envelope": envelope_id},
    )


@post("/envelopes/{envelope_id:str}/papers/{paper_id:str}/accept")
async def accept(request: WebRequest, envelope_id: FromPath[str], paper_id: FromPath[str]) -> Response[Any]:
    """Accept a scan as signed."""
    portal = portal_of(request)
    try:
        await run(
            paper_checks.accept_paper,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            paper_id=paper_id,
            now=portal.clock(),
        )
    except EnvelopeRefused as error:
        return await envelope_page(request, envelope_id, error=error)
    return Redirect(f"/envelopes/{envelope_id}?notice=paper-accepted", status_code=303)


@post("/envelopes/{envelope_id:str}/papers/{paper_id:str}/return")
async def send_back(
    request: WebRequest, envelope_id: FromPath[str], paper_id: FromPath[str]
) -> Response[Any]:
    """Send a scan back with a reason."""
    form = await forms.read(request, ReasonForm)
    portal = portal_of(request)
    try:
        await run(
            paper_checks.return_paper,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            paper_id=paper_id,
            reason=form.reason,
            now=portal.clock(),
        )
    except EnvelopeRefused as error:
        return await envelope_page(request, envelope_id, error=error)
    return Redirect(f"/envelopes/{envelope_id}?notice=paper-returned", status_code=303)


HANDLERS = [paper, accept, send_back]
