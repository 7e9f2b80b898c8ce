"""Folders, who may see them, and the documents in them."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from docvault.actions import folders
from docvault.database.engine import PAGE, PAGE_MOST
from docvault.values import FolderId, OrganisationId, PersonId
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=PAGE_MOST)]
KindName = Literal["rfp", "sow", "contract", "whitepaper", "general"]
MemberRole = Literal["viewer", "contributor", "manager"]


class NewFolder(Body):
    organisation_id: str
    name: str
    kind: KindName = "general"


class NewMember(Body):
    person_id: str
    role: MemberRole


class Made(Answer):
    id: str


class Folder(Answer):
    id: str
    name: str
    kind: str
    organisation_id: str
    organisation_name: str
    documents: int
    changed_at: datetime


class Folders(Answer):
    items: list[Folder]
    next: str | None


class Member(Answer):
    person_id: str
    name: str
    email: str
    organisation: str
    role: str
    why: str


class Members(Answer):
    items: list[Member]
    next: str | None


class FolderDocument(Answer):
    id: str
    name: str
    size: int
    media_type: str
    versions: int
    created_at: datetime
    by: str
    signed: bool


class FolderDocuments(Answer):
    items: list[FolderDocument]
    next: str | None


@get("/folders", summary="List folders", tags=["Folders"])
async def list_folders(
    request: WebRequest,
    search: FromQuery[str | None] = None,
    kind: FromQuery[KindName | None] = None,
    organisation: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Limit = PAGE,
) -> Folders:
    """Folders the person may see, newest first."""
    found = await run(
        folders.list_folders,
        portal_of(request).db,
        acting=signed_in(request),
        search=search,
        kind=kind,
        organisation_id=OrganisationId(organisation) if organisation else None,
        after=after,
        limit=limit,
    )
    return msgspec.convert(found, Folders, from_attributes=True)


@post("/folders", summary="Make a folder", tags=["Folders"])
async def create_folder(request: WebRequest, data: JSONBody[NewFolder]) -> Made:
    """Make a folder for a client."""
    portal = portal_of(request)
    folder_id = await run(
        folders.create_folder,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        organisation_id=OrganisationId(data.organisation_id),
        name=data.name,
        kind=data.kind,
        now=portal.clock(),
    )
    return Made(id=folder_id)


@get("/folders/{folder_id:str}", summary="Show a folder", tags=["Folders"])
async def show_folder(request: WebRequest, folder_id: FromPath[str]) -> Folder:
    """One folder."""
    view = await _show(request, folder_id)
    return msgspec.convert(view.folder, Folder, from_attributes=True)


@get("/folders/{folder_id:str}/members", summary="List who can see a folder", tags=["Folders"])
async def members(request: WebRequest, folder_id: FromPath[str]) -> Members:
    """Everybody who can see the folder, and why."""
    view = await _show(request, folder_id)
    return Members(items=msgspec.convert(view.members, list[Member], from_attributes=True), next=None)


@post("/folders/{folder_id:str}/members", status_code=204, summary="Share a folder", tags=["Folders"])
async def share(request: WebRequest, folder_id: FromPath[str], data: JSONBody[NewMember]) -> None:
    """Share the folder with a person."""
    portal = portal_of(request)
    await run(
        folders.share_folder,
        portal.db,
        acting=signed_in(request),
        folder_id=FolderId(folder_id),
        person_id=PersonId(data.person_id),
        role=data.role,
        now=portal.clock(),
    )


@delete(
    "/folders/{folder_id:str}/members/{person_id:str}",
    status_code=204,
    summary="Stop sharing with a person",
    tags=["Folders"],
)
async def unshare(request: WebRequest, folder_id: FromPath[str], person_id: FromPath[str]) -> None:
    """Take a person off the folder."""
    portal = portal_of(request)
    await run(
        folders.unshare_folder,
        portal.db,
        acting=signed_in(request),
        folder_id=FolderId(folder_id),
        person_id=PersonId(person_id),
        now=portal.clock(),
    )


@get("/folders/{folder_id:str}/documents", summary="List documents of a folder", tags=["Folders"])
async def documents(
    request: WebRequest, folder_id: FromPath[str], after: FromQuery[str | None] = None
) -> FolderDocuments:
    """The documents in the folder, newest first."""
    view = await _show(request, folder_id, after)
    return msgspec.convert(view.documents, FolderDocuments, from_attributes=True)


async def _show(request: WebRequest, folder_id: str, after: str | None = None) -> folders.FolderView:
    return await run(
        folders.show_folder,
        portal_of(request).db,
        acting=signed_in(request),
        folder_id=FolderId(folder_id),
        after=after,
    )


HANDLERS = [list_folders, create_folder, show_folder, members, share, unshare, documents]
