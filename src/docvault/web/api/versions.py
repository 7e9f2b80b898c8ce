"""Versions of documents beside reading them: an older one comes back as a new one."""

from typing import Any

import msgspec
from litestar import Request, post
from litestar.params import FromPath, JSONBody

from docvault.actions import versions
from docvault.web.access import portal_of, signed_in
from docvault.web.api.documents import Document, PageNumber
from docvault.web.running import run
from docvault.web.wire import Body


class Restore(Body):
    """comment: what changed, for the list of versions."""

    comment: str = ""


@post(
    "/documents/{document_id:str}/versions/{number:int}/restore",
    status_code=201,
    summary="Bring an older version back",
    tags=["Documents"],
)
async def restore(
    request: Request[Any, Any, Any], document_id: FromPath[str], number: PageNumber, data: JSONBody[Restore]
) -> Document:
    """Make the bytes of an older version the newest one; the versions between stay as they are."""
    portal = portal_of(request)
    view = await run(
        versions.restore_version,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        document_id=document_id,
        number=number,
        comment=data.comment,
        now=portal.clock(),
    )
    return msgspec.convert(view, Document, from_attributes=True)


HANDLERS = [restore]
