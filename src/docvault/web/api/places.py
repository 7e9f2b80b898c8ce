"""Folders and documents get another name or another place, and come back from the recycle bin.

How they get there is in folders.py and documents.py, beside showing them: it is the same address.
"""

from typing import Any

from litestar import Request, post, put
from litestar.params import FromPath, JSONBody

from docvault.actions import places
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class Name(Body):
    name: str


class Into(Body):
    """The folder it goes to; null is the top of its client."""

    parent_id: str | None


class DocumentInto(Body):
    folder_id: str


class BackInto(Body):
    """Another folder to bring it back to; without one it goes to where it lay."""

    into: str | None = None


class Place(Answer):
    """The folder in which a document lies again, or the folder that came back."""

    folder_id: str


@put("/folders/{folder_id:str}/name", status_code=204, summary="Rename a folder", tags=["Folders"])
async def rename_folder(request: WebRequest, folder_id: FromPath[str], data: JSONBody[Name]) -> None:
    """Give a folder another name."""
    portal = portal_of(request)
    about: dict[str, Any] = {"folder_id": folder_id, "name": data.name, "now": portal.clock()}
    await run(places.rename_folder, portal.db, acting=signed_in(request), **about)


@put("/documents/{document_id:str}/name", status_code=204, summary="Rename a document", tags=["Documents"])
async def rename_document(request: WebRequest, document_id: FromPath[str], data: JSONBody[Name]) -> None:
    """Give a document another name; its bytes and its media type stay."""
    portal = portal_of(request)
    about: dict[str, Any] = {"document_id": document_id, "name": data.name, "now": portal.clock()}
    await run(places.rename_document, portal.db, acting=signed_in(request), **about)


@put("/folders/{folder_id:str}/parent", status_code=204, summary="Move a folder", tags=["Folders"])
async def move_folder(request: WebRequest, folder_id: FromPath[str], data: JSONBody[Into]) -> None:
    """Move a folder, with all that lies in it, into another folder of the same client or to its top."""
    await _move(request, data.parent_id, folder_ids=[folder_id])


@put("/documents/{document_id:str}/folder", status_code=204, summary="Move a document", tags=["Documents"])
async def move_document(
    request: WebRequest, document_id: FromPath[str], data: JSONBody[DocumentInto]
) -> None:
    """Move a document into another folder of the same client. Who sees it is said by that folder then."""
    await _move(request, data.folder_id, document_ids=[document_id])


@post("/bin/folders/{folder_id:str}/restore", status_code=200, summary="Bring a folder back", tags=["Bin"])
async def bring_back_folder(request: WebRequest, folder_id: FromPath[str], data: JSONBody[BackInto]) -> Place:
    """Take a folder out of the bin, with all that went there with it."""
    portal = portal_of(request)
    about: dict[str, Any] = {"folder_id": folder_id, "into": data.into, "now": portal.clock()}
    back = await run(places.bring_back_folder, portal.db, acting=signed_in(request), **about)
    return Place(folder_id=back)


@post(
    "/bin/documents/{document_id:str}/restore", status_code=200, summary="Bring a document back", tags=["Bin"]
)
async def bring_back_document(
    request: WebRequest, document_id: FromPath[str], data: JSONBody[BackInto]
) -> Place:
    """Take a document out of the bin."""
    portal = portal_of(request)
    about: dict[str, Any] = {"document_id": document_id, "into": data.into, "now": portal.clock()}
    back = await run(places.bring_back_document, portal.db, portal.vault, acting=signed_in(request), **about)
    return Place(folder_id=back)


async def _move(request: WebRequest, into: str | None, **things: list[str]) -> None:
    portal = portal_of(request)
    about: dict[str, Any] = {**things, "into": into, "now": portal.clock()}
    await run(places.move_things, portal.db, portal.vault, acting=signed_in(request), **about)


HANDLERS = [
    rename_folder,
    rename_document,
    move_folder,
    move_document,
    bring_back_folder,
    bring_back_document,
]
