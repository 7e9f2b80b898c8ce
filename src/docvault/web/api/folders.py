"""Folders, who may see them, and the documents in them."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from docvault.actions import folders, places, sharing
from docvault.database.engine import PAGE, PAGE_MOST
from docvault.values import FolderId, OrganisationId
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer, Body, BodyInvalid

WebRequest = Request[Any, Any, Any]

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=PAGE_MOST)]
KindName = Literal["rfp", "sow", "contract", "whitepaper", "general"]
SortName = Literal["newest", "oldest", "name", "name-back", "largest", "smallest"]
MemberRole = Literal["viewer", "contributor", "signer", "manager"]


class NewFolder(Body):
    """Either the client whose folder it becomes, or the folder that it lies in."""

    name: str
    organisation_id: str | None = None
    parent_id: str | None = None
    kind: KindName = "general"


class NewMember(Body):
    """until: the last day, which ends at midnight UTC; without it the share has no end."""

    person_id: str
    role: MemberRole
    until: date | None = None


class ChangedMember(Body):
    role: MemberRole
    until: date | None = None


class NewDenial(Body):
    person_id: str


class Made(Answer):
    id: str


class Folder(Answer):
    id: str
    name: str
    kind: str
    organisation_id: str
    organisation_name: str
    documents: int
    more_documents: bool
    changed_at: datetime
    parent_id: str | None
    parent_name: str | None


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
    until: date | None


class Members(Answer):
    items: list[Member]
    next: str | None


class Denial(Answer):
    person_id: str
    name: str
    email: str
    organisation: str
    own: bool


class Denials(Answer):
    items: list[Denial]
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
    parent: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Limit = PAGE,
) -> Folders:
    """Folders the person may see, newest first; with `parent`, those that lie in that folder."""
    found = await run(
        folders.list_folders,
        portal_of(request).db,
        acting=signed_in(request),
        search=search,
        kind=kind,
        organisation_id=OrganisationId(organisation) if organisation else None,
        parent_id=parent,
        after=after,
        limit=limit,
    )
    return msgspec.convert(found, Folders, from_attributes=True)


@post("/folders", summary="Make a folder", tags=["Folders"])
async def create_folder(request: WebRequest, data: JSONBody[NewFolder]) -> Made:
    """Make a folder for a client, or in another folder."""
    portal, acting = portal_of(request), signed_in(request)
    if (data.organisation_id is None) == (data.parent_id is None):
        raise BodyInvalid("The body does not fit: name either organisation_id or parent_id.")
    about: dict[str, Any] = {"acting": acting, "name": data.name, "kind": data.kind, "now": portal.clock()}
    if data.parent_id is not None:
        about["parent_id"] = data.parent_id
        return Made(id=await run(folders.create_folder_inside, portal.db, portal.vault, **about))
    about["organisation_id"] = data.organisation_id
    return Made(id=await run(folders.create_folder, portal.db, portal.vault, **about))


@get("/folders/{folder_id:str}", summary="Show a folder", tags=["Folders"])
async def show_folder(request: WebRequest, folder_id: FromPath[str]) -> Folder:
    """One folder."""
    view = await _show(request, folder_id)
    return msgspec.convert(view.folder, Folder, from_attributes=True)


@delete("/folders/{folder_id:str}", status_code=204, summary="Put a folder into the bin", tags=["Folders"])
async def bin_folder(request: WebRequest, folder_id: FromPath[str]) -> None:
    """Put a folder, with all that lies in it, into the recycle bin."""
    portal = portal_of(request)
    about: dict[str, Any] = {"folder_ids": [folder_id], "now": portal.clock()}
    await run(places.bin_things, portal.db, acting=signed_in(request), **about)


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
        sharing.share_folder,
        portal.db,
        acting=signed_in(request),
        folder_id=folder_id,
        person_id=data.person_id,
        role=data.role,
        last_day=data.until,
        now=portal.clock(),
    )


@put(
    "/folders/{folder_id:str}/members/{person_id:str}",
    status_code=204,
    summary="Change a share",
    tags=["Folders"],
)
async def change(
    request: WebRequest, folder_id: FromPath[str], person_id: FromPath[str], data: JSONBody[ChangedMember]
) -> None:
    """Give a person another role or another last day; without `until` the share has no end."""
    portal = portal_of(request)
    await run(
        sharing.change_share,
        portal.db,
        acting=signed_in(request),
        folder_id=folder_id,
        person_id=person_id,
        role=data.role,
        last_day=data.until,
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
    await _do(request, sharing.unshare_folder, folder_id, person_id)


@get("/folders/{folder_id:str}/denials", summary="List who is kept out of a folder", tags=["Folders"])
async def denials(request: WebRequest, folder_id: FromPath[str]) -> Denials:
    """Everybody who is kept out of the folder or of one it lies in, for whoever manages it."""
    view = await _show(request, folder_id)
    return Denials(items=msgspec.convert(view.outside, list[Denial], from_attributes=True), next=None)


@post("/folders/{folder_id:str}/denials", status_code=204, summary="Keep a person out", tags=["Folders"])
async def keep_out(request: WebRequest, folder_id: FromPath[str], data: JSONBody[NewDenial]) -> None:
    """Keep a person out of the folder and of all that lies in it; a share of it ends."""
    await _do(request, sharing.keep_out, folder_id, data.person_id)


@delete(
    "/folders/{folder_id:str}/denials/{person_id:str}",
    status_code=204,
    summary="No longer keep a person out",
    tags=["Folders"],
)
async def let_in_again(request: WebRequest, folder_id: FromPath[str], person_id: FromPath[str]) -> None:
    """End a denial. A share that it ended stays ended."""
    await _do(request, sharing.let_in_again, folder_id, person_id)


async def _do(request: WebRequest, deed: Callable[..., None], folder_id: str, person_id: str) -> None:
    portal = portal_of(request)
    await run(
        deed,
        portal.db,
        acting=signed_in(request),
        folder_id=folder_id,
        person_id=person_id,
        now=portal.clock(),
    )


@get("/folders/{folder_id:str}/documents", summary="List documents of a folder", tags=["Folders"])
async def documents(
    request: WebRequest,
    folder_id: FromPath[str],
    sort: FromQuery[SortName] = "newest",
    after: FromQuery[str | None] = None,
) -> FolderDocuments:
    """The documents in the folder, newest first unless `sort` says otherwise; a cursor fits its own order."""
    view = await _show(request, folder_id, sort, after)
    return msgspec.convert(view.documents, FolderDocuments, from_attributes=True)


async def _show(
    request: WebRequest, folder_id: str, sort: str = "newest", after: str | None = None
) -> folders.FolderView:
    return await run(
        folders.show_folder,
        portal_of(request).db,
        acting=signed_in(request),
        folder_id=FolderId(folder_id),
        sort=sort,
        after=after,
    )


HANDLERS = [
    list_folders,
    create_folder,
    show_folder,
    bin_folder,
    members,
    share,
    change,
    unshare,
    denials,
    keep_out,
    let_in_again,
    documents,
]
