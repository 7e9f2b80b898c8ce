"""What the link of a security notice does: one person closes their own account to everybody."""

from typing import Any

from litestar import Request, post
from litestar.params import JSONBody

from docvault.actions import freezing
from docvault.web.access import PUBLIC, portal_of, source_of
from docvault.web.running import run
from docvault.web.wire import Body

WebRequest = Request[Any, Any, Any]


class NotMe(Body):
    """token: what stands behind the # of the link in a notice."""

    token: str


@post("/freezes", opt=PUBLIC, status_code=204, summary="Say that it was not you", tags=["Account"])
async def freeze(request: WebRequest, data: JSONBody[NotMe]) -> None:
    """Close the account that a security notice was about, until an administrator enables it again."""
    portal = portal_of(request)
    await run(
        freezing.freeze_account,
        portal.db,
        portal.vault.records,
        token=data.token,
        source=source_of(request.scope),
        now=portal.clock(),
    )


HANDLERS = [freeze]
