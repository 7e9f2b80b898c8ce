"""The floor of large files: the same granian and Litestar that only seal what comes and put it into a store.

The same segments and objects as DocVault's; it hashes nothing and keeps no books.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from litestar import Litestar, Request, Response, get, put
from litestar.params import FromPath
from litestar.response import Stream
from objects import SEGMENT, get_opened, of_the_environment, put_sealed


@get("/hello")
async def hello() -> dict[str, str]:
    return {"hello": "world"}


@put("/files/{name:str}", status_code=204, request_max_body_size=None)
async def take(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[None]:
    """Receive, AES-256-GCM, put; every segment is in the store before the next is taken."""
    store, waiting, index = request.app.state.store, bytearray(), 0
    async for chunk in request.stream():
        waiting += chunk
        while len(waiting) >= SEGMENT:
            rest = waiting[SEGMENT:]
            del waiting[SEGMENT:]
            await asyncio.to_thread(put_sealed, store, name, index, waiting)
            waiting, index = rest, index + 1
    return Response(None, status_code=204)


@get("/files/{name:str}/{segments:int}")
async def send(request: Request[Any, Any, Any], name: FromPath[str], segments: FromPath[int]) -> Stream:
    """Get, AES-256-GCM, send."""
    store = request.app.state.store

    async def parts() -> AsyncIterator[bytes]:
        for index in range(segments):
            yield await asyncio.to_thread(get_opened, store, name, index)

    return Stream(parts(), media_type="application/octet-stream")


def application() -> Litestar:
    app = Litestar([hello, take, send], openapi_config=None, logging_config=None)
    app.state.store = of_the_environment()
    return app
