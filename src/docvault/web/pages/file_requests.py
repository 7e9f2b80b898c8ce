"""Requests for files of a folder: the list, making one and showing its link this once, extending, closing."""

from datetime import UTC, date, timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from docvault.actions import file_requests
from docvault.actions.file_requests import NewRequest
from docvault.rules.requests import RequestError
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

MEGABYTE = 1024**2  # bytes, as the form counts
TICKED = "yes"
SUGGESTED_DAYS = 14


class RequestForm(msgspec.Struct, forbid_unknown_fields=True):
    title: str = ""
    message: str = ""
    until: date | None = None
    most_files: int = 20
    most_megabytes: int = 1024
    access_code: str = ""


class EndForm(msgspec.Struct, forbid_unknown_fields=True):
    until: date


@get("/folders/{folder_id:str}/requests")
async def show_requests(request: WebRequest, folder_id: FromPath[str]) -> Response[str]:
    """The requests of a folder and the form for a new one."""
    return await _show(request, folder_id)


@post("/folders/{folder_id:str}/requests", status_code=200)
async def make_request(request: WebRequest, folder_id: FromPath[str]) -> Response[str]:
    """Make a request and show its link, this once."""
    form = await forms.read(request, RequestForm)
    portal = portal_of(request)
    try:
        made = await run(
            file_requests.make_request,
            portal.db,
            portal.hasher,
            acting=signed_in(request),
            folder_id=folder_id,
            title=form.title,
            message=form.message,
            last_day=form.until or _suggested(request),
            most_files=form.most_files,
            most_bytes=form.most_megabytes * MEGABYTE,
            with_code=form.access_code == TICKED,
            now=portal.clock(),
        )
    except RequestError as error:
        return await _show(request, folder_id, form, error=error)
    return await _show(request, folder_id, made=made)


@post("/requests/{request_id:str}/extend")
async def extend_request(request: WebRequest, request_id: FromPath[str]) -> Redirect:
    """Give a request another last day."""
    form = await forms.read(request, EndForm)
    portal = portal_of(request)
    about: dict[str, Any] = {"acting": signed_in(request), "request_id": request_id, "now": portal.clock()}
    folder_id = await run(file_requests.extend_request, portal.db, last_day=form.until, **about)
    return Redirect(f"/folders/{folder_id}/requests", status_code=303)


@post("/requests/{request_id:str}/close")
async def close_request(request: WebRequest, request_id: FromPath[str]) -> Redirect:
    """Close a request."""
    portal = portal_of(request)
    about: dict[str, Any] = {"acting": signed_in(request), "request_id": request_id, "now": portal.clock()}
    folder_id = await run(file_requests.close_request, portal.db, **about)
    return Redirect(f"/folders/{folder_id}/requests", status_code=303)


def _suggested(request: WebRequest) -> date:
    return portal_of(request).clock().astimezone(UTC).date() + timedelta(days=SUGGESTED_DAYS)


async def _show(
    request: WebRequest,
    folder_id: str,
    form: RequestForm | None = None,
    *,
    made: NewRequest | None = None,
    error: RequestError | None = None,
) -> Response[str]:
    portal = portal_of(request)
    about: dict[str, Any] = {"acting": signed_in(request), "folder_id": folder_id, "now": portal.clock()}
    return render(
        request,
        "file_requests.html",
        problems.meaning_of(error).status if error else 200,
        nav="folders",
        view=await run(file_requests.list_requests, portal.db, **about),
        form=form or RequestForm(),
        until=(form.until if form and form.until else _suggested(request)),
        today=portal.clock().astimezone(UTC).date(),
        most_files=portal.db.policy.numbers.uploads.request_files,
        code=made.code if made else None,
        link=f"{portal.settings.base_url.rstrip('/')}/r#{made.token}" if made else None,
        trouble=str(error or ""),
    )


HANDLERS = [show_requests, make_request, extend_request, close_request]
