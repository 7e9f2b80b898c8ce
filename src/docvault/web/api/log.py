"""The audit log for witnesses and monitors, by the paths of c2sp.org/tlog-tiles: hashes, never entries."""

import re
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from docvault.actions import log
from docvault.values import NotFound
from docvault.web.access import PUBLIC, portal_of
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

# Level 0 to 63; groups of three digits, x before all but the last; the width of a partial tile, 1 to 255.
_TILE = re.compile(r"/([0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?\Z")


@get("/log/checkpoint", opt=PUBLIC, media_type="text/plain", summary="The newest checkpoint", tags=["Audit"])
async def checkpoint(request: WebRequest) -> str:
    """A C2SP signed note: origin, size and root of the log, signed by its key."""
    return await run(log.newest_checkpoint, portal_of(request).db)


@get("/log/tile/{tile:path}", opt=PUBLIC, summary="A tile of the log's tree", tags=["Audit"])
async def tile(request: WebRequest, tile: FromPath[str]) -> Response[bytes]:
    """Up to 256 hashes of 32 bytes, e.g. `/log/tile/0/x001/234` or `/log/tile/0/000.p/7`."""
    found = _TILE.match(tile)
    if found is None or int(found[3] or 1) > 255:  # noqa: PLR2004 - 256 hashes are a full tile, without .p
        raise NotFound
    index = int("".join(re.findall(r"[0-9]{3}", found[2])))
    width = {"width": int(found[3])} if found[3] else {}
    hashes = await run(log.hash_tile, portal_of(request).db, level=int(found[1]), index=index, **width)
    return Response(hashes, media_type="application/octet-stream")


HANDLERS = [checkpoint, tile]
