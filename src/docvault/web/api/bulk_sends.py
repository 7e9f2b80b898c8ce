"""Bulk sends: a list is tried against a template, then each of its rows is sent once."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from docvault.actions import bulk_sends, templates
from docvault.rules import bulk_files
from docvault.rules.bulk_sends import BulkRefused, RowState
from docvault.web.access import portal_of, signed_in
from docvault.web.downloads import disposition
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]

LIST_MOST = 2 * bulk_files.BYTES_MOST + 64 * 1024  # bytes of a body: a list as JSON, which escapes some of it


class ChosenForAll(Body):
    role: str
    person_id: str


class NewBulkSend(Body):
    """csv: the list as text. people: who takes a role wherever a row names nobody."""

    csv: str
    people: list[ChosenForAll] = msgspec.field(default_factory=list)
    due_at: datetime | None = None


class BulkSendChecked(Answer):
    id: str


class BulkSend(Answer):
    """stage: `checked`, `sending`, `finished` or `cancelled`. The others count rows."""

    id: str
    template_id: str
    template_name: str
    version: int
    stage: str
    due_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    sent_before: datetime | None
    total: int
    refused: int
    ready: int
    sent: int
    failed: int
    cancelled: int


class BulkSends(Answer):
    items: list[BulkSend]


class BulkRow(Answer):
    """number: as a spreadsheet counts, the header is 1. state: of RowState. trouble: why it is not sent."""

    number: int
    state: str
    who: list[str]
    trouble: str
    note: str
    envelope_id: str | None


class BulkRows(Answer):
    """next: of which row the next page follows; null at the end."""

    items: list[BulkRow]
    next: int | None


@get(
    "/templates/{template_id:str}/list",
    summary="Get an empty list",
    tags=["Bulk sends"],
    media_type="text/csv",
)
async def empty_list(request: WebRequest, template_id: FromPath[str]) -> Response[bytes]:
    """A CSV with the columns that a list for this template needs."""
    portal = portal_of(request)
    name, content = await run(
        bulk_sends.header, portal.db, portal.vault, acting=signed_in(request), template_id=template_id
    )
    return Response(content, media_type="text/csv", headers={"content-disposition": disposition(name)})


@post(
    "/templates/{template_id:str}/bulk-sends",
    request_max_body_size=LIST_MOST,
    summary="Try a list",
    tags=["Bulk sends"],
)
async def check_list(
    request: WebRequest, template_id: FromPath[str], data: JSONBody[NewBulkSend]
) -> BulkSendChecked:
    """Keep a list and say of each row whether it could be sent; nothing is sent."""
    portal, acting = portal_of(request), signed_in(request)
    view = await run(templates.show_template, portal.db, portal.vault, acting=acting, template_id=template_id)
    chosen = {one.role.strip().casefold(): one.person_id for one in data.people}
    roles = [role.name.casefold() for role in view.roles]
    if not chosen.keys() <= set(roles):
        raise BulkRefused(f"This template has the roles {', '.join(role.name for role in view.roles)}.")
    bulk_id = await run(
        bulk_sends.check_list,
        portal.db,
        portal.vault,
        acting=acting,
        template_id=template_id,
        content=data.csv.encode(),
        fixed=[chosen.get(role, "") for role in roles],
        due_at=data.due_at,
        now=portal.clock(),
    )
    return BulkSendChecked(id=bulk_id)


@get("/bulk-sends", summary="List bulk sends", tags=["Bulk sends"])
async def list_bulk_sends(request: WebRequest) -> BulkSends:
    """Up to 200 of one's own, newest first."""
    found = await run(bulk_sends.list_bulk_sends, portal_of(request).db, acting=signed_in(request))
    return BulkSends(items=msgspec.convert(found, list[BulkSend], from_attributes=True))


@get("/bulk-sends/{bulk_id:str}", summary="Show a bulk send", tags=["Bulk sends"])
async def show_bulk_send(request: WebRequest, bulk_id: FromPath[str]) -> BulkSend:
    """How far it is."""
    found = await run(
        bulk_sends.show_bulk_send, portal_of(request).db, acting=signed_in(request), bulk_id=bulk_id
    )
    return msgspec.convert(found, BulkSend, from_attributes=True)


@get("/bulk-sends/{bulk_id:str}/rows", summary="List the rows of a bulk send", tags=["Bulk sends"])
async def list_rows(
    request: WebRequest,
    bulk_id: FromPath[str],
    after: FromQuery[int] = 0,
    status: FromQuery[RowState | None] = None,
) -> BulkRows:
    """Up to 100 rows after row `after`, of all or only those in one state."""
    portal = portal_of(request)
    found = await run(
        bulk_sends.list_rows,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        bulk_id=bulk_id,
        after=after,
        only=[status] if status else (),
    )
    items = [
        BulkRow(
            number=one.number,
            state=one.state.value,
            who=list(one.who),
            trouble=one.trouble,
            note=one.note,
            envelope_id=one.envelope_id,
        )
        for one in found
    ]
    return BulkRows(items=items, next=items[-1].number if len(items) == bulk_sends.SHOWN else None)


@post("/bulk-sends/{bulk_id:str}/start", status_code=204, summary="Start a bulk send", tags=["Bulk sends"])
async def start(request: WebRequest, bulk_id: FromPath[str]) -> None:
    """Send every row that is ready, each once."""
    await _do(request, bulk_sends.start_bulk_send, bulk_id)


@post(
    "/bulk-sends/{bulk_id:str}/retry", status_code=204, summary="Try failed rows again", tags=["Bulk sends"]
)
async def retry(request: WebRequest, bulk_id: FromPath[str]) -> None:
    """Let the rows that failed wait to be sent again."""
    await _do(request, bulk_sends.retry_failed, bulk_id)


@post("/bulk-sends/{bulk_id:str}/cancel", status_code=204, summary="Cancel a bulk send", tags=["Bulk sends"])
async def cancel(request: WebRequest, bulk_id: FromPath[str]) -> None:
    """Send nothing more; a list that was not started is erased."""
    await _do(request, bulk_sends.cancel_bulk_send, bulk_id)


async def _do(request: WebRequest, deed: Any, bulk_id: str) -> None:
    portal = portal_of(request)
    await run(deed, portal.db, acting=signed_in(request), bulk_id=bulk_id, now=portal.clock())


HANDLERS = [empty_list, check_list, list_bulk_sends, show_bulk_send, list_rows, start, retry, cancel]
