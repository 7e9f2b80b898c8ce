"""The recycle bin: what one may bring back. Bringing back itself is in places.py."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get
from litestar.params import FromQuery, QueryParameter

from docvault.actions import bin as bins
from docvault.database.engine import PAGE, PAGE_MOST
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=PAGE_MOST)]


class BinItem(Answer):
    """place_is_there: it can go back to where it lay; otherwise another folder must be named."""

    kind: Literal["document", "folder"]
    id: str
    name: str
    organisation_name: str
    place_name: str | None
    place_is_there: bool
    trashed_at: datetime
    by: str | None


class BinItems(Answer):
    items: list[BinItem]
    next: str | None


@get("/bin", summary="List what is in the bin", tags=["Bin"])
async def list_bin(
    request: Request[Any, Any, Any], after: FromQuery[str | None] = None, limit: Limit = PAGE
) -> BinItems:
    """Documents and folders in the bin that the person may bring back; what went there last comes first."""
    found = await run(
        bins.list_bin, portal_of(request).db, acting=signed_in(request), after=after, limit=limit
    )
    return msgspec.convert(found, BinItems, from_attributes=True)


HANDLERS = [list_bin]
