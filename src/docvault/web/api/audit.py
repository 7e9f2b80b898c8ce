"""The audit trail over the API: reading with filters, and exports behind a fresh code."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.params import FromQuery, JSONBody, Parameter, QueryParameter
from litestar.response import Stream

from docvault.actions import audit
from docvault.database.audit_trail import Filters
from docvault.web.access import portal_of, signed_in
from docvault.web.downloads import disposition
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]

Aware = Annotated[datetime, msgspec.Meta(tz=True)]


class Entry(Answer):
    """One entry. `details` hold personal data and are null where there were none or they were erased."""

    index: int
    at: datetime
    kind: str
    sentence: str
    actor_id: str | None
    actor_name: str
    address: str | None
    organisation_id: str | None
    object_type: str | None
    object_id: str | None
    facts: dict[str, Any]
    details: dict[str, Any] | None
    leaf_hash: str


class EntryList(Answer):
    items: list[Entry]
    next: str | None


class ExportWanted(Body):
    """step_up: a proof for `audit:export`. Its digest is the hex SHA-256 of format and filters as JSON, with
    sorted keys and no spaces, the filters named start, end, actor, kind, organisation, object_type, object.
    proposal: one of yours that was confirmed for exactly this export. Only then are names, addresses and
    other details in the file; its id is part of the digest, named proposal.
    """

    format: Literal["csv", "jsonl", "bundle"]
    step_up: str
    start: Aware | None = None
    end: Aware | None = None
    actor_id: str | None = None
    kind: str | None = None
    organisation_id: str | None = None
    object_type: str | None = None
    object_id: str | None = None
    proposal: str | None = None


@get("/audit/entries", summary="Read the audit trail", tags=["Audit"])
async def list_entries(
    request: WebRequest,
    start: Annotated[Aware | None, QueryParameter(name="from")] = None,
    end: Annotated[Aware | None, QueryParameter(name="to")] = None,
    actor: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
    subject: Annotated[str | None, QueryParameter(name="object")] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
) -> EntryList:
    """Entries, newest first. kind: one kind, or the subject of several. Reading is an entry itself."""
    portal = portal_of(request)
    page = await run(
        audit.list_entries,
        portal.db,
        acting=signed_in(request),
        filters=Filters(start=start, end=end, actor_id=actor, kind=kind, object_id=subject),
        after=after,
        limit=limit,
        now=portal.clock(),
    )
    return EntryList(items=[_entry(item) for item in page.items], next=page.next)


def _entry(view: audit.EntryView) -> Entry:
    same = {name: getattr(view, name) for name in Entry.__struct_fields__ if name != "details"}
    return Entry(details=view.private, **same)


@post("/audit/exports", status_code=200, summary="Export the audit trail", tags=["Audit"])
async def export(request: WebRequest, data: JSONBody[ExportWanted]) -> Stream:
    """A file of all chosen entries, without personal details unless a second person confirmed those."""
    chosen = {name: getattr(data, name) for name in Filters.__dataclass_fields__}
    return await exported(request, Filters(**chosen), data.format, data.step_up, data.proposal)


async def exported(
    request: WebRequest, filters: Filters, kind: str, step_up_id: str, proposal_id: str | None = None
) -> Stream:
    """Return the export as a download, read in batches while it is sent."""
    portal = portal_of(request)
    made = await run(
        audit.export_trail,
        portal.db,
        portal.vault.records,
        portal.log_key,
        acting=signed_in(request),
        filters=filters,
        format=kind,
        step_up_id=step_up_id,
        proposal_id=proposal_id,
        now=portal.clock(),
    )
    headers = {"content-disposition": disposition(made.filename)}
    return Stream(_in_threads(made.content), media_type=made.media_type, headers=headers)


async def _in_threads(content: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Take each batch in a worker thread: reading the database would stop the event loop."""
    while (part := await run(next, content, None)) is not None:
        yield part


HANDLERS = [list_entries, export]
