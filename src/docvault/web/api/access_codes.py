"""The access code of somebody without an account, made anew by whoever runs the envelope."""

from typing import Any

from litestar import Request, post
from litestar.params import FromPath

from docvault.actions import access_codes
from docvault.values import EnvelopeId, RecipientId
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer

WebRequest = Request[Any, Any, Any]


class AccessCode(Answer):
    """Eight digits, shown this once: tell them by phone, not by mail."""

    code: str


@post(
    "/envelopes/{envelope_id:str}/recipients/{recipient_id:str}/access-code",
    summary="Make a new access code",
    tags=["Envelopes"],
)
async def set_access_code(
    request: WebRequest, envelope_id: FromPath[str], recipient_id: FromPath[str]
) -> AccessCode:
    """Make the code that a recipient without an account still owes; one made before counts no more.

    Whoever took over a part that asks for a code (`needs-code`) is invited by this.
    """
    portal = portal_of(request)
    code = await run(
        access_codes.set_access_code,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        recipient_id=RecipientId(recipient_id),
        now=portal.clock(),
    )
    return AccessCode(code=code)


HANDLERS = [set_access_code]
