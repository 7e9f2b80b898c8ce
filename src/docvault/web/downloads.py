"""How stored bytes leave the portal: as an attachment, never rendered here (promise 32), in ranges if asked.

RFC 6266 for the name, RFC 9110 section 14 for ranges. What a person named a file is data: it can break
neither a header nor the eye (promise 33).
"""

import re
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import quote

from litestar import Request
from litestar.exceptions import HTTPException
from litestar.response import Stream

from docvault.web.running import run_reading

NAME_MOST = 200  # characters of a file's name that are sent
NAMELESS = "document"
UNSAFE = set('/\\:*?"<>|')  # mean something to a file system somewhere
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # Unicode categories without a glyph
SANDBOX = "default-src 'none'; sandbox"  # even a browser that shows it runs nothing in it
RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")
SLICE = 1024 * 1024  # bytes handed to the server at once: fits a processor's cache
DIGITS_MOST = 18  # of a position in a Range; more cannot be a size

OpenRange = Callable[[int, int], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes to send: from `start` up to, not including, `stop`."""

    start: int
    stop: int


def safe_name(name: str) -> str:
    """Return the name without what could break a header, hide an extension or name a path.

    Control and formatting characters go: CR, LF, NUL, right-to-left overrides.
    """
    kept = "".join(
        "_" if letter in UNSAFE else letter
        for letter in unicodedata.normalize("NFC", name)
        if unicodedata.category(letter) not in UNSEEN
    )
    stem, dot, extension = kept.strip(" .").rpartition(".")
    if dot and len(extension) < NAME_MOST // 2:
        return f"{stem[: NAME_MOST - len(extension) - 1]}.{extension}"
    return kept.strip(" .")[:NAME_MOST] or NAMELESS


def disposition(name: str) -> str:
    """Return a Content-Disposition that makes browsers save the bytes under `name` (RFC 6266, RFC 8187)."""
    safe = safe_name(name)
    ascii_name = unicodedata.normalize("NFKD", safe).encode("ascii", "ignore").decode().strip(" .")
    ascii_name = "".join("_" if letter in UNSAFE else letter for letter in ascii_name)
    return f"attachment; filename=\"{ascii_name or NAMELESS}\"; filename*=UTF-8''{quote(safe, safe='')}"


def part_of(header: str | None, size: int) -> Part | None:
    """Read a Range header; None means the whole. Raises HTTPException 416 for one that cannot be met.

    Several ranges at once, or another unit, may be answered with the whole (RFC 9110 14.2).
    """
    match = RANGE.match(header.strip()) if header else None
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    if max(len(first), len(last)) > DIGITS_MOST:
        raise _unsatisfiable(size)
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < int(first):
            return None
    if start >= stop:
        raise _unsatisfiable(size)
    return Part(start, stop)


def _unsatisfiable(size: int) -> HTTPException:
    return HTTPException(
        status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        detail="The file does not have that part.",
        headers={"content-range": f"bytes */{size}"},
    )


def send_archive(name: str, parts: Iterator[bytes]) -> Stream:
    """Answer with a ZIP that is made while it is sent: nobody knows how long it gets, so it has no ranges."""
    headers = {
        "content-disposition": disposition(name),
        "content-security-policy": SANDBOX,
        "accept-ranges": "none",
    }
    return Stream(parts, status_code=HTTPStatus.OK, media_type="application/zip", headers=headers)


def headers_of(name: str, size: int, sha256: str) -> dict[str, str]:
    """Return the headers of a whole file. sha256: lower-case hex; it is the entity tag."""
    return {
        "content-disposition": disposition(name),
        "content-security-policy": SANDBOX,
        "content-length": str(size),
        "accept-ranges": "bytes",
        "etag": f'"{sha256}"',
    }


class File(Protocol):
    """What an action opened. sha256: lower-case hex of the whole."""

    @property
    def name(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def sha256(self) -> str: ...
    @property
    def open_range(self) -> OpenRange:
        """Yields the plaintext from start up to, not including, stop."""


async def _in_slices(first: bytes, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield pieces of up to 8 MiB bit by bit: the server copies what it is handed, never a whole one."""
    piece = first
    while piece:
        for start in range(0, len(piece), SLICE):
            yield piece[start : start + SLICE]
        piece = await run_reading(partial(next, pieces, b""))


async def send(request: Request[Any, Any, Any], file: File) -> Stream:
    """Answer with the file, or with the part that was asked for.

    The first piece is read before there is an answer: trouble of the store is told in words. The SHA-256 is
    the entity tag, and the part of another version is never sent.
    """
    etag = f'"{file.sha256}"'
    condition = request.headers.get("if-range")
    wanted = request.headers.get("range") if condition in {None, etag} else None
    part = part_of(wanted, file.size)
    start, stop = (part.start, part.stop) if part else (0, file.size)
    headers = headers_of(file.name, stop - start, file.sha256)
    if part:
        headers["content-range"] = f"bytes {start}-{stop - 1}/{file.size}"
    pieces = file.open_range(start, stop)
    first = await run_reading(partial(next, pieces, b""))
    return Stream(
        _in_slices(first, pieces),
        status_code=HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK,
        media_type=file.media_type,
        headers=headers,
    )
