"""Requests for files: guests without an account upload into one folder, by a link."""

from datetime import date, datetime
from typing import Any

import msgspec
from litestar import Request, get, post, put
from litestar.params import FromPath, JSONBody

from docvault.actions import file_requests
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class NewFileRequest(Body):
    """until: the last day, which ends at midnight UTC. most_bytes: of all files together."""

    title: str
    until: date
    most_files: int
    most_bytes: int
    message: str = ""
    access_code: bool = False


class FileRequestMade(Answer):
    """path: of the link, with its secret behind the #. The secret and the code are told this once."""

    id: str
    path: str
    access_code: str | None


class NewEnd(Body):
    until: date


class GuestVisit(Answer):
    """Who came by the link, as they say, and how much of theirs arrived."""

    name: str
    email: str
    began_at: datetime
    files: int
    bytes: int


class FileRequest(Answer):
    id: str
    title: str
    message: str
    maker_name: str
    created_at: datetime
    ends_at: datetime
    closed_at: datetime | None
    has_code: bool
    most_files: int
    most_bytes: int
    files: int
    bytes: int
    state: str
    visits: list[GuestVisit]


class FileRequests(Answer):
    items: list[FileRequest]
    next: str | None


@get("/folders/{folder_id:str}/requests", summary="List requests for files", tags=["Folders"])
async def list_requests(request: WebRequest, folder_id: FromPath[str]) -> FileRequests:
    """The requests of a folder that you may share, newest first."""
    portal = portal_of(request)
    about: dict[str, Any] = {"acting": signed_in(request), "folder_id": folder_id, "now": portal.clock()}
    view = await run(file_requests.list_requests, portal.db, **about)
    items = msgspec.convert(view.requests, list[FileRequest], from_attributes=True)
    return FileRequests(items=items, next=None)


@post("/folders/{folder_id:str}/requests", summary="Ask guests for files", tags=["Folders"])
async def make_request(
    request: WebRequest, folder_id: FromPath[str], data: JSONBody[NewFileRequest]
) -> FileRequestMade:
    """Make a link by which guests upload into the folder, without seeing what is in it."""
    portal = portal_of(request)
    made = await run(
        file_requests.make_request,
        portal.db,
        portal.hasher,
        acting=signed_in(request),
        folder_id=folder_id,
        title=data.title,
        message=data.message,
        last_day=data.until,
        most_files=data.most_files,
        most_bytes=data.most_bytes,
        with_code=data.access_code,
        now=portal.clock(),
    )
    return FileRequestMade(id=made.id, path=f"/r#{made.token}", access_code=made.code)


@post(
    "/requests/{request_id:str}/close", status_code=204, summary="Close a request for files", tags=["Folders"]
)
async def close_request(request: WebRequest, request_id: FromPath[str]) -> None:
    """End the link and the visits by it, at once and for good. What arrived stays."""
    portal = portal_of(request)
    about: dict[str, Any] = {"acting": signed_in(request), "request_id": request_id, "now": portal.clock()}
    await run(file_requests.close_request, portal.db, **about)


@put(
    "/requests/{request_id:str}/end", status_code=204, summary="Extend a request for files", tags=["Folders"]
)
async def extend_request(request: WebRequest, request_id: FromPath[str], data: JSONBody[NewEnd]) -> None:
    """Give a request another last day, later or earlier."""
    portal = portal_of(request)
    about: dict[str, Any] = {"acting": signed_in(request), "request_id": request_id, "now": portal.clock()}
    await run(file_requests.extend_request, portal.db, last_day=data.until, **about)


HANDLERS = [list_requests, make_request, close_request, extend_request]
