"""Files in, by tus 1.0: creation (with the first part, if there is one), termination, checksum and expiration
(tus.io/protocols/resumable-upload).

A client that hangs up leaves the offset at the last whole segment, and goes on from there.
"""

from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import HttpMethod, Request, Response, Router, get, post, route
from litestar.params import FromPath, JSONBody

from docvault.actions import upload_lists, uploads
from docvault.actions.uploads import UploadState
from docvault.policy.vocabulary import Guest
from docvault.values import DocumentId, FolderId, UploadId
from docvault.web import receiving, tus
from docvault.web.access import portal_of, sender_of, signed_in
from docvault.web.receiving import Deed
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]

NAMES_MOST = 200  # asked about at once


class Unfinished(Answer):
    """An upload of yours that can go on where it stopped: ask its address for the offset."""

    id: str
    filename: str
    folder_id: str | None
    folder_name: str | None
    size: int
    received: int
    started_at: datetime
    expires_at: datetime


class UnfinishedList(Answer):
    items: list[Unfinished]
    next: str | None


class Names(Body):
    """folder: its id. names: of files that are about to be sent."""

    folder: str
    names: Annotated[list[str], msgspec.Meta(max_length=NAMES_MOST)]


class NamedDocument(Answer):
    name: str
    id: str


class Named(Answer):
    items: list[NamedDocument]
    next: str | None


@route("/", http_method=[HttpMethod.OPTIONS])
async def describe(request: WebRequest) -> Response[None]:
    """What this server can do; asks for no session."""
    most = portal_of(request).db.policy.numbers.uploads.max_bytes
    headers = {
        "tus-version": tus.VERSION,
        "tus-extension": tus.EXTENSIONS,
        "tus-max-size": str(most),
        "tus-checksum-algorithm": ",".join(tus.ALGORITHMS),
    }
    return Response(None, status_code=HTTPStatus.NO_CONTENT, headers=headers)


@get("/", summary="List your unfinished uploads", tags=["Folders"])
async def unfinished(request: WebRequest) -> UnfinishedList:
    """What you began to send and can go on with, newest first."""
    portal = portal_of(request)
    found = await run(upload_lists.list_unfinished, portal.db, acting=sender_of(request), now=portal.clock())
    return UnfinishedList(items=msgspec.convert(found, list[Unfinished], from_attributes=True), next=None)


@post("/names", status_code=HTTPStatus.OK, summary="Find documents by name", tags=["Folders"])
async def same_names(request: WebRequest, data: JSONBody[Names]) -> Named:
    """Which of these names documents of the folder have: a file may become the next version of one."""
    found = await run(
        upload_lists.same_names,
        portal_of(request).db,
        acting=signed_in(request),
        folder_id=data.folder,
        wanted=data.names,
    )
    return Named(items=[NamedDocument(name=name, id=each) for name, each in found.items()], next=None)


@route(
    "/",
    http_method=[HttpMethod.POST],
    status_code=HTTPStatus.CREATED,
    request_max_body_size=None,  # the announced length is the limit, as it is for every part
)
async def create(request: WebRequest) -> Response[None]:
    """Begin an upload. Metadata: `folder`, `filename`, `document` when it is a new version of one, `comment`.

    A body is the first part. An empty file is whole at once.
    """
    tus.require_version(request)
    portal = portal_of(request)
    about = _about(request, tus.read_metadata(request.headers.get("upload-metadata", "")))
    state = await run(
        uploads.begin_upload,
        portal.db,
        portal.vault,
        acting=sender_of(request),
        size=tus.number(request, "upload-length"),
        now=portal.clock(),
        **about,
    )
    deed = _deed(request, state.id)
    headers = {"location": f"{request.scope['path'].rstrip('/')}/{state.id}"}
    if tus.content_type(request) == tus.PART:
        state = await receiving.first_part(request, deed, state)
    made = await receiving.finish(deed, state) if state.received == state.size else {}
    return Response(None, status_code=HTTPStatus.CREATED, headers=_headers(state) | headers | made)


@route("/{upload_id:str}", http_method=[HttpMethod.HEAD], status_code=HTTPStatus.OK)
async def progress(request: WebRequest, upload_id: FromPath[str]) -> Response[None]:
    """How much has arrived."""
    tus.require_version(request)
    state = await receiving.state(_deed(request, upload_id))
    return Response(None, status_code=HTTPStatus.OK, headers=_headers(state))


@route(
    "/{upload_id:str}",
    http_method=[HttpMethod.PATCH],
    status_code=HTTPStatus.NO_CONTENT,
    request_max_body_size=None,  # what is left of this upload is the limit; its whole was checked at creation
)
async def append(request: WebRequest, upload_id: FromPath[str]) -> Response[None]:
    """Take the bytes from `Upload-Offset` on; the last ones make the document."""
    tus.require_version(request)
    deed = _deed(request, upload_id)
    state = await receiving.state(deed)
    receiving.check_part(request, state)
    state = await receiving.taken(request, deed, state)
    made = await receiving.finish(deed, state) if state.received == state.size else {}
    return Response(None, status_code=HTTPStatus.NO_CONTENT, headers=_headers(state) | made)


@route("/{upload_id:str}", http_method=[HttpMethod.DELETE], status_code=HTTPStatus.NO_CONTENT)
async def abandon(request: WebRequest, upload_id: FromPath[str]) -> Response[None]:
    """Give up; what has arrived is removed."""
    tus.require_version(request)
    await receiving.abandon(_deed(request, upload_id))
    return Response(None, status_code=HTTPStatus.NO_CONTENT)


def _about(request: WebRequest, metadata: dict[str, str]) -> dict[str, Any]:
    """Return what an upload says of itself; a guest's folder is that of the request. Raises TusRefused."""
    guest = isinstance(sender_of(request), Guest)
    for name in ("filename",) if guest else ("folder", "filename"):
        if not metadata.get(name):
            words = f"The upload does not say its {name}."
            raise tus.TusRefused(HTTPStatus.BAD_REQUEST, "upload-metadata", words)
    if guest:
        return {"filename": metadata["filename"]}
    return {
        "folder_id": FolderId(metadata["folder"]),
        "filename": metadata["filename"],
        "document_id": DocumentId(metadata["document"]) if metadata.get("document") else None,
        "comment": metadata.get("comment", ""),
    }


def _deed(request: WebRequest, upload_id: str) -> Deed:
    return Deed(portal_of(request), sender_of(request), UploadId(upload_id))


def _headers(state: UploadState) -> dict[str, str]:
    return {
        "upload-offset": str(state.received),
        "upload-length": str(state.size),
        "upload-expires": format_datetime(state.expires_at, usegmt=True),
    }


PROTOCOL = [describe, unfinished, create, progress, append, abandon]  # guests speak it too: visits.py

HANDLERS = [
    Router(
        "/uploads",
        route_handlers=[*PROTOCOL, same_names],
        exception_handlers={Exception: tus.answer},
        after_request=tus.name_protocol,
    )
]
