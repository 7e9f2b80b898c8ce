"""Finding documents over all folders."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get
from litestar.params import FromQuery, QueryParameter

from docvault.actions import search
from docvault.database.engine import PAGE, PAGE_MOST
from docvault.database.search import Wanted
from docvault.web.access import portal_of, signed_in
from docvault.web.api.folders import KindName
from docvault.web.running import run
from docvault.web.wire import Answer

WebRequest = Request[Any, Any, Any]

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=PAGE_MOST)]
StatusName = Literal["signed", "signatures", "envelope", "unscanned"]


class FoundDocument(Answer):
    id: str
    name: str
    size: int
    media_type: str
    created_at: datetime
    by: str | None
    signed: bool
    folder_id: str
    folder_name: str
    kind: str
    organisation_id: str
    organisation_name: str


class FoundDocuments(Answer):
    items: list[FoundDocument]
    next: str | None


@get("/search", summary="Find documents", tags=["Search"])
async def find(
    request: WebRequest,
    name: FromQuery[str | None] = None,
    inside: FromQuery[str | None] = None,
    kind: FromQuery[KindName | None] = None,
    organisation: FromQuery[str | None] = None,
    by: FromQuery[str | None] = None,
    first: FromQuery[date | None] = None,
    last: FromQuery[date | None] = None,
    status: FromQuery[StatusName | None] = None,
    after: FromQuery[str | None] = None,
    limit: Limit = PAGE,
) -> FoundDocuments:
    """Documents the person may see and that fit all that is given, newest first.

    name, by: every word of it is part of the document's name, or of the name of who brought it.
    inside: words that its newest version has, every one; only documents the person may read. Each such answer
    is recorded. first, last: days in UTC on which the newest version came. status: signed here, brought with
    signatures, in an envelope that waits for somebody, or never scanned for malware.
    """
    wanted = Wanted(
        name=name, kind=kind, organisation_id=organisation, by=by, first=first, last=last, state=status
    )
    portal = portal_of(request)
    asked: dict[str, Any] = {
        "acting": signed_in(request),
        "wanted": wanted,
        "after": after,
        "limit": limit,
    }
    if inside is None:
        found = await run(search.find_documents, portal.db, **asked)
    else:
        asked |= {"inside": inside, "now": portal.clock()}
        found = await run(search.find_inside, portal.db, portal.vault, **asked)
    return msgspec.convert(found, FoundDocuments, from_attributes=True)


HANDLERS = [find]
