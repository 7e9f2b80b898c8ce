"""Folders: the list, and one folder with its documents, the people who see it, and a place to drop files."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from docvault.actions import folders, organisations
from docvault.policy.vocabulary import Permission, Role
from docvault.rules.names import BadName
from docvault.values import DocVaultError, FolderId, OrganisationId, PersonId
from docvault.web import forms, problems
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
REFUSALS = (folders.FolderRefused, BadName)


@dataclass(frozen=True, slots=True)
class Filters:
    search: str | None = None
    kind: str | None = None


class FolderForm(msgspec.Struct, forbid_unknown_fields=True):
    organisation_id: str
    name: str = ""
    kind: str = "general"


class ShareForm(msgspec.Struct, forbid_unknown_fields=True):
    person_id: str
    role: str


class UnshareForm(msgspec.Struct, forbid_unknown_fields=True):
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
    request: WebRequest, folder_id: FromPath[str], after: FromQuery[str | None] = None
) -> Response[str]:
    """One folder."""
    return await _show(request, folder_id, after)


async def _show(
    request: WebRequest, folder_id: str, after: str | None = None, error: DocVaultError | None = None
) -> Response[str]:
    db, acting = portal_of(request).db, signed_in(request)
    view = await run(folders.show_folder, db, acting=acting, folder_id=FolderId(folder_id), after=after)
    may_share = Permission.FOLDER_SHARE in view.may
    shareable = (
        await run(folders.shareable_people, db, acting=acting, folder_id=FolderId(folder_id))
        if may_share
        else []
    )
    return render(
        request,
        "folder.html",
        problems.meaning_of(error).status if error else 200,
        nav="folders",
        view=view,
        kinds=KINDS,
        may_upload=Permission.FOLDER_UPLOAD in view.may,
        may_share=may_share,
        shareable=shareable,
        most=db.policy.numbers.uploads.max_bytes,
        next_href=next_page(f"/folders/{folder_id}", view.documents.next),
        trouble=str(error or ""),
    )


@post("/folders/{folder_id:str}/share")
async def share(request: WebRequest, folder_id: FromPath[str]) -> Response[Any]:
    """Share a folder with a person."""
    form = await forms.read(request, ShareForm)
    portal = portal_of(request)
    try:
        await run(
            folders.share_folder,
            portal.db,
            acting=signed_in(request),
            folder_id=FolderId(folder_id),
            person_id=PersonId(form.person_id),
            role=form.role,
            now=portal.clock(),
        )
    except folders.FolderRefused as error:
        return await _show(request, folder_id, error=error)
    return Redirect(f"/folders/{folder_id}", status_code=303)


@post("/folders/{folder_id:str}/unshare")
async def unshare(request: WebRequest, folder_id: FromPath[str]) -> Redirect:
    """End the sharing with a person."""
    form = await forms.read(request, UnshareForm)
    portal = portal_of(request)
    await run(
        folders.unshare_folder,
        portal.db,
        acting=signed_in(request),
        folder_id=FolderId(folder_id),
        person_id=PersonId(form.person_id),
        now=portal.clock(),
    )
    return Redirect(f"/folders/{folder_id}", status_code=303)


HANDLERS = [list_folders, create_folder, show_folder, share, unshare]
