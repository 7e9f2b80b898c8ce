"""Where anybody drops a PDF and reads in plain words what holds. Nothing is kept."""

from typing import Any

from litestar import Request, Response, get

from docvault.policy.vocabulary import PORTAL, Permission
from docvault.web.access import PUBLIC, acting_or_none, portal_of
from docvault.web.rendering import render

WebRequest = Request[Any, Any, Any]


@get("/verify", opt=PUBLIC)
async def verify(request: WebRequest) -> Response[str]:
    """The page, for visitors and for people who are signed in."""
    policy = portal_of(request).db.policy
    acting = acting_or_none(request)
    return render(
        request,
        "verify.html",
        nav="verify",
        most=policy.numbers.uploads.max_signing_bytes,
        may_see_trust=acting is not None and policy.decide(acting, Permission.TRUST_SEE, PORTAL).allowed,
    )


HANDLERS = [verify]
