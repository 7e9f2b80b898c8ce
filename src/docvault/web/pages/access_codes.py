"""The page that makes a new access code for somebody without an account, and shows it once."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from docvault.actions import access_codes, envelopes
from docvault.database.envelope_views import EnvelopeView, RecipientView
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Permission
from docvault.rules.envelopes import EnvelopeRefused
from docvault.rules.outsiders import grouped
from docvault.values import DocVaultError, EnvelopeId, NotFound, RecipientId
from docvault.web import problems
from docvault.web.access import portal_of, signed_in
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]


@get("/envelopes/{envelope_id:str}/recipients/{recipient_id:str}/access-code")
async def show(request: WebRequest, envelope_id: FromPath[str], recipient_id: FromPath[str]) -> Response[str]:
    """What a new code means, and the button that makes one."""
    return await _page(request, envelope_id, recipient_id)


@post("/envelopes/{envelope_id:str}/recipients/{recipient_id:str}/access-code")
async def make(request: WebRequest, envelope_id: FromPath[str], recipient_id: FromPath[str]) -> Response[str]:
    """Make a code and show it, this once."""
    portal = portal_of(request)
    try:
        code = await run(
            access_codes.set_access_code,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            recipient_id=RecipientId(recipient_id),
            now=portal.clock(),
        )
    except EnvelopeRefused as error:
        return await _page(request, envelope_id, recipient_id, error=error)
    return await _page(request, envelope_id, recipient_id, code=grouped(code))


async def _page(
    request: WebRequest,
    envelope_id: str,
    recipient_id: str,
    *,
    code: str = "",
    error: DocVaultError | None = None,
) -> Response[str]:
    view, recipient = await _recipient(request, envelope_id, recipient_id)
    return render(
        request,
        "access_code.html",
        problems.meaning_of(error).status if error else 200,
        nav="envelopes",
        envelope=view,
        recipient=recipient,
        handed=[one for one in view.handovers if one.recipient_id == recipient_id][-1:],
        code=code,
        trouble=str(error or ""),
    )


async def _recipient(
    request: WebRequest, envelope_id: str, recipient_id: str
) -> tuple[EnvelopeView, RecipientView]:
    """Return whom the code is for. Raises NotFound, Forbidden."""
    view = await run(
        envelopes.show_envelope,
        portal_of(request).db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
    )
    if Permission.ENVELOPE_MANAGE not in view.may:
        raise Forbidden(Permission.ENVELOPE_MANAGE)
    recipient = next((one for one in view.recipients if one.id == recipient_id), None)
    if recipient is None:
        raise NotFound
    return view, recipient


HANDLERS = [show, make]
