"""Many documents, or a whole folder, as one ZIP that is made while it is sent."""

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from docvault.actions import archives
from docvault.web import downloads
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Body

WebRequest = Request[Any, Any, Any]


class Selection(Body):
    document_ids: list[str] = msgspec.field(default_factory=list)
    folder_ids: list[str] = msgspec.field(default_factory=list)


@get("/folders/{folder_id:str}/archive", summary="Download a folder", tags=["Folders"])
async def folder_archive(request: WebRequest, folder_id: FromPath[str]) -> Stream:
    """The newest versions of all in a folder and in the folders inside, as one ZIP."""
    return await archive(request, [], [folder_id])


@post("/archives", status_code=200, summary="Download many", tags=["Documents"])
async def make_archive(request: WebRequest, data: JSONBody[Selection]) -> Stream:
    """Documents and folders as one ZIP, with a manifest of what is in it and what was left out."""
    return await archive(request, data.document_ids, data.folder_ids)


async def archive(request: WebRequest, document_ids: list[str], folder_ids: list[str]) -> Stream:
    """Answer with the ZIP of a selection."""
    portal = portal_of(request)
    made = await run(
        archives.download_things,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        document_ids=document_ids,
        folder_ids=folder_ids,
        now=portal.clock(),
    )
    return downloads.send_archive(made.name, made.parts)


HANDLERS = [folder_archive, make_archive]
