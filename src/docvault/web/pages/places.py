"""Another name, another place, into the bin: forms of folders' and documents' pages, and choosing a place.

Everything here works without scripts: a selection travels in the address of the page that asks where to.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from docvault.actions import choosing, folders, places, versions
from docvault.actions.archives import ArchiveRefused
from docvault.actions.documents import show_document
from docvault.policy.vocabulary import Permission
from docvault.rules.names import BadName
from docvault.rules.places import PlaceRefused
from docvault.values import DocumentId, DocVaultError
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.api.archives import archive
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]
PICKED = "pick-"  # a tick box: pick-document-ID or pick-folder-ID
REFUSALS = (PlaceRefused, BadName, versions.AlreadyNewest)


class NameForm(msgspec.Struct, forbid_unknown_fields=True):
    name: str = ""


class MoveForm(msgspec.Struct, forbid_unknown_fields=True):
    documents: str = ""
    folders: str = ""
    into: str | None = None
    binned: bool = False


class RestoreForm(msgspec.Struct, forbid_unknown_fields=True):
    comment: str = ""


@post("/folders/{folder_id:str}/rename")
async def rename_folder(request: WebRequest, folder_id: FromPath[str]) -> Response[Any]:
    """Give the folder another name."""
    form = await forms.read(request, NameForm)
    portal = portal_of(request)
    about: dict[str, Any] = {"folder_id": folder_id, "name": form.name, "now": portal.clock()}
    try:
        await run(places.rename_folder, portal.db, acting=signed_in(request), **about)
    except BadName as error:
        return refused(request, error, f"/folders/{folder_id}")
    return Redirect(f"/folders/{folder_id}", status_code=303)


@post("/documents/{document_id:str}/rename")
async def rename_document(request: WebRequest, document_id: FromPath[str]) -> Response[Any]:
    """Give the document another name."""
    form = await forms.read(request, NameForm)
    portal = portal_of(request)
    about: dict[str, Any] = {"document_id": document_id, "name": form.name, "now": portal.clock()}
    try:
        await run(places.rename_document, portal.db, acting=signed_in(request), **about)
    except BadName as error:
        return await _versions(request, document_id, error)
    return Redirect(f"/documents/{document_id}/versions", status_code=303)


@post("/folders/{folder_id:str}/bin")
async def bin_folder(request: WebRequest, folder_id: FromPath[str]) -> Response[Any]:
    """Put the folder into the bin, then show where it lay."""
    acting, db = signed_in(request), portal_of(request).db
    view = await run(folders.show_folder, db, acting=acting, folder_id=folder_id, limit=1)
    above = view.folder.parent_id
    return await _bin(request, f"/folders/{above}" if above else "/folders", folder_ids=[folder_id])


@post("/documents/{document_id:str}/bin")
async def bin_document(request: WebRequest, document_id: FromPath[str]) -> Response[Any]:
    """Put the document into the bin, then show where it lay."""
    acting, db = signed_in(request), portal_of(request).db
    view = await run(show_document, db, acting=acting, document_id=document_id)
    return await _bin(request, f"/folders/{view.folder_id}", document_ids=[document_id])


@post("/folders/{folder_id:str}/selected")
async def selected(request: WebRequest, folder_id: FromPath[str]) -> Response[Any]:
    """Do something with what is ticked: download it as one ZIP, move it, or put it into the bin."""
    fields = await forms.pairs(request)
    db, acting = portal_of(request).db, signed_in(request)
    await run(folders.show_folder, db, acting=acting, folder_id=folder_id, limit=1)
    documents, inner = picked(fields, "document"), picked(fields, "folder")
    if not documents and not inner:
        nothing = PlaceRefused("Please tick at least one document or folder first.")
        return refused(request, nothing, f"/folders/{folder_id}")
    if fields.get("deed") == "download":
        try:
            return await archive(request, documents, inner)
        except ArchiveRefused as error:
            return refused(request, error, f"/folders/{folder_id}")
    if fields.get("deed") == "bin":
        return await _bin(request, f"/folders/{folder_id}", document_ids=documents, folder_ids=inner)
    return Redirect(choose_href(documents, inner, into=folder_id), status_code=303)


@get("/move")
async def choose(
    request: WebRequest,
    documents: FromQuery[str] = "",
    folders: FromQuery[str] = "",
    into: FromQuery[str | None] = None,
    binned: FromQuery[str] = "",
) -> Response[str]:
    """One level of the folders that something may be moved or brought back to."""
    form = MoveForm(documents, folders, into or None, bool(binned))
    return await _choose(request, form)


@post("/move")
async def move(request: WebRequest) -> Response[Any]:
    """Move what was chosen into the folder that was chosen, or bring it back there."""
    form = await forms.read(request, MoveForm)
    portal, acting = portal_of(request), signed_in(request)
    about: dict[str, Any] = {"acting": acting, "into": form.into, "now": portal.clock()}
    documents, inner = ids_of(form.documents), ids_of(form.folders)
    try:
        if form.binned:
            for each in inner:
                await run(places.bring_back_folder, portal.db, folder_id=each, **about)
            for each in documents:
                await run(places.bring_back_document, portal.db, portal.vault, document_id=each, **about)
        else:
            things: dict[str, Any] = {"document_ids": documents, "folder_ids": inner}
            await run(places.move_things, portal.db, portal.vault, **things, **about)
    except PlaceRefused as error:
        return await _choose(request, form, error)
    return Redirect(f"/folders/{form.into}" if form.into else "/folders", status_code=303)


@get("/documents/{document_id:str}/versions")
async def show_versions(request: WebRequest, document_id: FromPath[str]) -> Response[str]:
    """The versions of a document: who, when, what changed; and what can be done with it."""
    return await _versions(request, document_id)


@post("/documents/{document_id:str}/versions/{number:int}/restore")
async def restore(request: WebRequest, document_id: FromPath[str], number: FromPath[int]) -> Response[Any]:
    """Bring an older version back as the newest one."""
    form = await forms.read(request, RestoreForm)
    portal = portal_of(request)
    about: dict[str, Any] = {"document_id": document_id, "number": number, "now": portal.clock()}
    try:
        await run(
            versions.restore_version,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            comment=form.comment,
            **about,
        )
    except REFUSALS as error:
        return await _versions(request, document_id, error)
    return Redirect(f"/documents/{document_id}/versions", status_code=303)


def picked(fields: dict[str, str], kind: str) -> list[str]:
    """Return the ids of the tick boxes of one kind that are ticked."""
    start = f"{PICKED}{kind}-"
    return [name.removeprefix(start) for name in fields if name.startswith(start)]


def ids_of(text: str) -> list[str]:
    """Return the ids that stand in an address, with dots between them."""
    return [each for each in text.split(".") if each]


def choose_href(
    documents: Sequence[str] = (),
    folders: Sequence[str] = (),
    *,
    into: str | None = None,
    binned: bool = False,
) -> str:
    """Return the address of the page that asks where to."""
    given = {
        "documents": ".".join(documents),
        "folders": ".".join(folders),
        "into": into or "",
        "binned": "yes" if binned else "",
    }
    return f"/move?{urlencode({name: value for name, value in given.items() if value}, safe='.')}"


def refused(request: WebRequest, error: DocVaultError, back: str) -> Response[str]:
    """Say why nothing was done, with the way back."""
    status = problems.meaning_of(error).status
    return render(request, "refused.html", status, nav="folders", trouble=str(error), back=back)


async def _bin(request: WebRequest, back: str, **things: Sequence[str]) -> Response[Any]:
    portal = portal_of(request)
    about: dict[str, Any] = {**things, "now": portal.clock()}
    try:
        await run(places.bin_things, portal.db, acting=signed_in(request), **about)
    except PlaceRefused as error:
        return refused(request, error, back)
    return Redirect(f"{back}?binned=yes" if back != "/folders" else back, status_code=303)


async def _choose(request: WebRequest, form: MoveForm, error: DocVaultError | None = None) -> Response[str]:
    documents, inner = ids_of(form.documents), ids_of(form.folders)
    view = await run(
        choosing.show_places,
        portal_of(request).db,
        acting=signed_in(request),
        document_ids=documents,
        folder_ids=inner,
        into=form.into,
        binned=form.binned,
    )
    return render(
        request,
        "move.html",
        problems.meaning_of(error).status if error else 200,
        nav="folders",
        view=view,
        form=form,
        level=lambda into: choose_href(documents, inner, into=into, binned=form.binned),
        trouble=str(error or ""),
    )


async def _versions(
    request: WebRequest, document_id: str, error: DocVaultError | None = None
) -> Response[str]:
    db, acting = portal_of(request).db, signed_in(request)
    view = await run(show_document, db, acting=acting, document_id=DocumentId(document_id))
    return render(
        request,
        "versions.html",
        problems.meaning_of(error).status if error else 200,
        nav="folders",
        document=view,
        may_change=Permission.DOCUMENT_CHANGE in view.may,
        may_download=Permission.DOCUMENT_DOWNLOAD in view.may,
        may_read=Permission.DOCUMENT_READ in view.may,
        move_href=choose_href([view.id], into=view.folder_id),
        trouble=str(error or ""),
    )


HANDLERS = [
    rename_folder,
    rename_document,
    bin_folder,
    bin_document,
    selected,
    choose,
    move,
    show_versions,
    restore,
]
