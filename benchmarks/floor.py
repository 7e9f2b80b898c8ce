"""What the servers are measured against: the same granian and Litestar doing nothing but the work itself.

A hello; taking a body while hashing, encrypting and writing it; sending it back, read and decrypted.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from litestar import Litestar, Request, Response, get, put
from litestar.response import Stream

SEGMENT = 8 * 1024 * 1024  # bytes, as DocVault's
SEALED = SEGMENT + 16  # with the tag
KEY = AESGCM(bytes(32))
_numbers = count()


@get("/hello")
async def hello() -> dict[str, str]:
    return {"hello": "world"}


@put("/file", status_code=204, request_max_body_size=None)
async def take(request: Request[Any, Any, Any]) -> Response[None]:
    """Receive, SHA-256, AES-256-GCM, write; on the disk before the answer."""
    digest, waiting, index = hashlib.sha256(), bytearray(), 0
    # A new file each time, as every upload is one: overwriting would reuse the pages of the last.
    with _file(next(_numbers)).open("wb") as target:

        def keep(segment: bytearray) -> None:
            digest.update(segment)
            target.write(KEY.encrypt(index.to_bytes(12, "big"), segment, None))

        async for chunk in request.stream():
            waiting += chunk
            while len(waiting) >= SEGMENT:
                rest = waiting[SEGMENT:]
                del waiting[SEGMENT:]  # and no copy of what is left: it would cost as much as the hash
                await asyncio.to_thread(keep, waiting)
                waiting, index = rest, index + 1
        await asyncio.to_thread(keep, waiting)
        target.flush()
        await asyncio.to_thread(os.fsync, target.fileno())
    return Response(None, status_code=204, headers={"x-content-sha256": digest.hexdigest()})


@get("/file")
async def send() -> Stream:
    """Read, decrypt, send."""

    async def segments() -> AsyncIterator[bytes]:
        with max(_folder().glob("floor-*")).open("rb") as source:
            index = 0
            while sealed := await asyncio.to_thread(source.read, SEALED):
                yield await asyncio.to_thread(KEY.decrypt, index.to_bytes(12, "big"), sealed, None)
                index += 1

    return Stream(segments(), media_type="application/octet-stream")


def _folder() -> Path:
    return Path(os.environ["BENCH_FOLDER"])


def _file(number: int) -> Path:
    return _folder() / f"floor-{number:04}"


def application() -> Litestar:
    return Litestar([hello, take, send], openapi_config=None, logging_config=None)
