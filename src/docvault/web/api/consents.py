"""Asking for paper instead, and taking back the consent to sign electronically."""

from typing import Any

from litestar import Request, post
from litestar.params import FromPath, JSONBody

from docvault.actions import consents
from docvault.values import EnvelopeId
from docvault.web.access import SIGNERS, portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Body

WebRequest = Request[Any, Any, Any]


class Note(Body):
    """note: to the sender; may be left out."""

    note: str = ""


@post(
    "/envelopes/{envelope_id:str}/ceremony/withdraw",
    opt=SIGNERS,
    status_code=204,
    summary="Ask for paper, or take the consent back",
    tags=["Ceremony"],
)
async def withdraw(request: WebRequest, envelope_id: FromPath[str], data: JSONBody[Note]) -> None:
    """Tell the sender that the person would rather sign on paper; what they agreed to is taken back."""
    portal = portal_of(request)
    await run(
        consents.prefer_paper,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        note=data.note,
        now=portal.clock(),
    )


HANDLERS = [withdraw]
