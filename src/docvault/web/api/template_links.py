"""How somebody comes by the link of a template: who they are, then the code that was mailed to them."""

from typing import Any

from litestar import Request, Response, post
from litestar.params import JSONBody

from docvault.actions import template_links
from docvault.web import cookies
from docvault.web.access import PUBLIC, portal_of, source_of
from docvault.web.running import run
from docvault.web.wire import Body

WebRequest = Request[Any, Any, Any]


class Visitor(Body):
    """token: what stands behind the # of the link."""

    token: str
    name: str
    email: str


@post(
    "/template-link-codes",
    opt=PUBLIC,
    status_code=204,
    summary="Say who opened the link of a template",
    tags=["Without an account"],
)
async def ask_for_code(request: WebRequest, data: JSONBody[Visitor]) -> Response[None]:
    """Mail a code to the address; the answer's cookie is good for giving it in this browser."""
    portal = portal_of(request)
    secret = await run(
        template_links.ask_for_code,
        portal.db,
        portal.vault.records,
        token=data.token,
        name=data.name,
        email=data.email,
        source=source_of(request.scope),
        now=portal.clock(),
    )
    return Response(None, status_code=204, cookies=[cookies.asked_cookie(secret)])


HANDLERS = [ask_for_code]
