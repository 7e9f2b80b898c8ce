"""Proofs that a page's form brings for its deed: a code to be checked now, or the id of one a script got.

Before it asks a passkey, the script sends the form with a header that asks what is to be confirmed; the
answer is the purpose and the digest of exactly what the form says, and nothing is done.
"""

from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import Cookie

from docvault.actions import step_ups
from docvault.web import cookies
from docvault.web.access import AccessError, portal_of, signed_in
from docvault.web.running import run

ASKING = "x-step-up"  # the header of a form that is sent to learn what its proof must name


class ProofWanted(AccessError):
    """What a proof for this form must name; for the page's own script."""

    def __init__(self, purpose: str, digest: str) -> None:
        super().__init__("Please confirm this with a second factor.")
        self.names = {"purpose": purpose, "digest": digest}


class ProofForm(msgspec.Struct, forbid_unknown_fields=True):
    """What parts/step_up.html sends."""

    code: str = ""
    step_up: str = ""


async def prove(
    request: Request[Any, Any, Any], purpose: str, digest: str, given: ProofForm
) -> tuple[str, list[Cookie]]:
    """Return the proof's id, and the session's new cookie if a code was checked.

    A proof that a script got with a passkey is only handed on: the deed itself looks whether it fits.
    Raises ProofWanted, or as `confirm_step_up`.
    """
    if request.headers.get(ASKING):
        raise ProofWanted(purpose, digest)
    if given.step_up:
        return given.step_up, []
    portal = portal_of(request)
    proof = await run(
        step_ups.confirm_step_up,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        purpose=purpose,
        digest=digest,
        code=given.code,
        now=portal.clock(),
    )
    return proof.id, [cookies.session_cookie(proof.token, request.scope["auth"])]
