"""Folders: the list, and one folder with its documents, the people who see it, and a place to drop files."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from docvault.actions import folders, organisations, quotas, sharing
from docvault.database.document_order import NEWEST, ORDERS
from docvault.policy.vocabulary import Permission, Role
from docvault.rules.folders import FolderRefused
from docvault.rules.names import BadName
from docvault.values import DocVaultError, OrganisationId
from docvault.web import file_forms, forms, kept, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

KINDS = {
    "contract": "Contract",
    "rfp": "RFP",
    "sow": "SOW",
    "whitepaper": "Whitepaper",
    "general": "General",
}
# What each role of a share may do, in the words of the form; the rights themselves stand in policies/.
ROLES = {
    "viewer": "read the documents",
    "contributor": "read, and add documents",
    "signer": "read, and be asked to sign",
    "manager": "read, add, sign, share the folder and keep people out",
}
# What a click on the head of a column asks for: the order it begins with, and the other way round.
SORTING = {"Name": ("name", "name-back"), "Size": ("largest", "smallest"), "Added": (NEWEST, "oldest")}
REFUSALS = (FolderRefused, BadName)


@dataclass(frozen=True, slots=True)
class Filters:
    search: str | None = None
    kind: str | None = None


class FolderForm(msgspec.Struct, forbid_unknown_fields=True):
    organisation_id: str
    name: str = ""
    kind: str = "general"


class InsideForm(msgspec.Struct, forbid_unknown_fields=True):
    name: str = ""
    kind: str = "general"


class ShareForm(msgspec.Struct, forbid_unknown_fields=True):
    person_id: str
    role: str
    until: date | None = None  # the last day, in UTC


class PersonForm(msgspec.Struct, forbid_unknown_fields=True):
    person_id: str


@get("/folders")
async def list_folders(
    request: WebRequest,
    search: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    purpose: FromQuery[str] = "",
) -> Response[str]:
    """The folders a person may see; purpose is `signature` on the way to a new envelope."""
    known = kind if kind in KINDS else None
    return await _list(request, Filters(search or None, known), after, choosing=purpose == "signature")


async def _list(
    request: WebRequest,
    filters: Filters,
    after: str | None = None,
    error: DocVaultError | None = None,
    *,
    choosing: bool = False,
) -> Response[str]:
    db, acting = portal_of(request).db, signed_in(request)
    found = await run(
        folders.list_folders, db, acting=acting, search=filters.search, kind=filters.kind, after=after
    )
    return render(
        request,
        "folders.html",
        problems.meaning_of(error).status if error else 200,
        nav="folders",
        folders=found,
        filters=filters,
        kinds=KINDS,
        choosing=choosing,
        organisations=await _own_clients(request),
        next_href=next_page("/folders", found.next, search=filters.search, kind=filters.kind),
        trouble=str(error or ""),
    )


async def _own_clients(request: WebRequest) -> list[Any]:
    """The clients to offer for a new folder; whether one may be made there the policy says again."""
    acting = signed_in(request)
    if acting.role is not Role.ACCOUNT_MANAGER:
        return []
    known = await run(organisations.list_organisations, portal_of(request).db, acting=acting)
    return [one for one in known if one.id in acting.clients]


def next_page(path: str, cursor: str | None, **filters: str | bool | None) -> str | None:
    """Return the address of the next page of a list with the same filters, or None on the last."""
    if cursor is None:
        return None
    return (
        f"{path}?{urlencode({name: value for name, value in filters.items() if value} | {'after': cursor})}"
    )


@post("/folders")
async def create_folder(request: WebRequest) -> Response[Any]:
    """Make a folder, then show it."""
    form = await forms.read(request, FolderForm)
    portal = portal_of(request)
    try:
        folder_id = await run(
            folders.create_folder,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            organisation_id=OrganisationId(form.organisation_id),
            name=form.name,
            kind=form.kind,
            now=portal.clock(),
        )
    except REFUSALS as error:
        return await _list(request, Filters(), error=error)
    return Redirect(f"/folders/{folder_id}", status_code=303)


@get("/folders/{folder_id:str}")
async def show_folder(
    request: WebRequest,
    folder_id: FromPath[str],
    after: FromQuery[str | None] = None,
    folders_after: FromQuery[str | None] = None,
    sort: FromQuery[str] = NEWEST,
    binned: FromQuery[str] = "",
) -> Response[str]:
    """One folder. binned: something in it was just put into the bin."""
    known = sort if sort in ORDERS else NEWEST
    return await _show(request, folder_id, after, folders_after, sort=known, binned=bool(binned))


async def _show(
    request: WebRequest,
    folder_id: str,
    after: str | None = None,
    folders_after: str | None = None,
    error: DocVaultError | None = None,
    *,
    sort: str = NEWEST,
    binned: bool = False,
) -> Response[str]:
    portal, acting = portal_of(request), signed_in(request)
    view = await run(
        folders.show_folder,
        portal.db,
        acting=acting,
        folder_id=folder_id,
        sort=sort,
        after=after,
        folders_after=folders_after,
    )
    who: dict[str, Any] = {"acting": acting, "folder_id": folder_id}
    may_share, may_manage = (each in view.may for each in (Permission.FOLDER_SHARE, Permission.FOLDER_MANAGE))
    return render(
        request,
        "folder.html",
        problems.meaning_of(error).status if error else 200,
        nav="folders",
        view=view,
        sort=sort,
        sorting=SORTING,
        kinds=KINDS,
        roles=ROLES,
        may_upload=Permission.FOLDER_UPLOAD in view.may,
        may_share=may_share,
        may_manage=may_manage,
        may_arrange=Permission.FOLDER_ARRANGE in view.may,
        may_take=acting.role in (Role.ACCOUNT_MANAGER, Role.CLIENT),  # the policy says it again
        binned=binned,
        shareable=await run(sharing.shareable_people, portal.db, **who) if may_share else [],
        removable=await run(sharing.removable_people, portal.db, **who) if may_manage else [],
        today=portal.clock().astimezone(UTC).date(),
        most={"tus": portal.db.policy.numbers.uploads.max_bytes, "form": file_forms.FILE_MOST},
        room=await run(quotas.folder_room, portal.db, **who),
        next_href=next_page(
            f"/folders/{folder_id}", view.documents.next, folders_after=folders_after, sort=sort
        ),
        next_folders=_next_folders(folder_id, view.folders.next),
        trouble=str(error or ""),
        **await kept.of_folder(request, view.folder.id, view.folder.kind),
    )


def _next_folders(folder_id: str, cursor: str | None) -> str | None:
    return f"/folders/{folder_id}?{urlencode({'folders_after': cursor})}" if cursor else None


@post("/folders/{folder_id:str}/folders")
async def create_inside(request: WebRequest, folder_id: FromPath[str]) -> Response[Any]:
    """Make a folder in this one, then show it."""
    form = await forms.read(request, InsideForm)
    portal = portal_of(request)
    try:
        made = await run(
            folders.create_folder_inside,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            parent_id=folder_id,
            name=form.name,
            kind=form.kind,
            now=portal.clock(),
        )
    except REFUSALS as error:
        return await _show(request, folder_id, error=error)
    return Redirect(f"/folders/{made}", status_code=303)


@post("/folders/{folder_id:str}/share")
async def share(request: WebRequest, folder_id: FromPath[str]) -> Response[Any]:
    """Share a folder with a person."""
    form = await forms.read(request, ShareForm)
    more = {"role": form.role, "last_day": form.until}
    return await _do(request, sharing.share_folder, folder_id, form.person_id, **more)


@post("/folders/{folder_id:str}/change")
async def change(request: WebRequest, folder_id: FromPath[str]) -> Response[Any]:
    """Give a person another role or another last day."""
    form = await forms.read(request, ShareForm)
    more = {"role": form.role, "last_day": form.until}
    return await _do(request, sharing.change_share, folder_id, form.person_id, **more)


@post("/folders/{folder_id:str}/unshare")
async def unshare(request: WebRequest, folder_id: FromPath[str]) -> Response[Any]:
    """End the sharing with a person."""
    form = await forms.read(request, PersonForm)
    return await _do(request, sharing.unshare_folder, folder_id, form.person_id)


@post("/folders/{folder_id:str}/keep-out")
async def keep_out(request: WebRequest, folder_id: FromPath[str]) -> Response[Any]:
    """Keep a person out of the folder and of all that lies in it."""
    form = await forms.read(request, PersonForm)
    return await _do(request, sharing.keep_out, folder_id, form.person_id)


@post("/folders/{folder_id:str}/let-in")
async def let_in(request: WebRequest, folder_id: FromPath[str]) -> Response[Any]:
    """No longer keep a person out."""
    form = await forms.read(request, PersonForm)
    return await _do(request, sharing.let_in_again, folder_id, form.person_id)


async def _do(
    request: WebRequest, deed: Callable[..., None], folder_id: str, person_id: str, **more: Any
) -> Response[Any]:
    """Carry out a deed about a person, then show the folder, with the reason where it was refused."""
    portal = portal_of(request)
    try:
        await run(
            deed,
            portal.db,
            acting=signed_in(request),
            folder_id=folder_id,
            person_id=person_id,
            now=portal.clock(),
            **more,
        )
    except FolderRefused as error:
        return await _show(request, folder_id, error=error)
    return Redirect(f"/folders/{folder_id}", status_code=303)


HANDLERS = [
    list_folders,
    create_folder,
    show_folder,
    create_inside,
    share,
    change,
    unshare,
    keep_out,
    let_in,
]
