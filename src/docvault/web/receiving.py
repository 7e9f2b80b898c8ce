"""Bytes of uploads on their way in: stored in whole segments as they come; plaintext is never spooled."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from mmap import mmap
from typing import Any, Self

from litestar import Request
from litestar.exceptions import InternalServerException

from docvault.actions import uploads
from docvault.actions.uploads import UploadState
from docvault.policy.vocabulary import Acting, Guest
from docvault.values import UploadId
from docvault.vault.files import SEGMENT
from docvault.web import tus
from docvault.web.running import run
from docvault.web.tus import TusRefused
from docvault.wiring import Portal

WebRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Deed:
    """One request's actor and upload."""

    portal: Portal
    acting: Acting | Guest
    upload_id: UploadId


def check_part(request: WebRequest, state: UploadState) -> None:
    """Raise TusRefused for a part of another kind, or for another place than the next one."""
    if tus.content_type(request) != tus.PART:
        raise TusRefused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content-type", f"Parts are sent as {tus.PART}.")
    if tus.number(request, "upload-offset") != state.received:
        raise TusRefused(
            HTTPStatus.CONFLICT,
            "upload-offset",
            f"The upload goes on at byte {state.received}.",
            offset=state.received,
        )


async def state(deed: Deed) -> UploadState:
    """Return how far the upload has come."""
    return await run(
        uploads.upload_state,
        deed.portal.db,
        acting=deed.acting,
        upload_id=deed.upload_id,
        now=deed.portal.clock(),
    )


async def _store(deed: Deed, offset: int, plaintext: memoryview) -> UploadState:
    return await run(
        uploads.store_segment,
        deed.portal.db,
        deed.portal.vault,
        acting=deed.acting,
        upload_id=deed.upload_id,
        offset=offset,
        plaintext=plaintext,
        now=deed.portal.clock(),
    )


async def abandon(deed: Deed) -> None:
    """Give up; what has arrived is removed."""
    await run(
        uploads.abandon_upload,
        deed.portal.db,
        deed.portal.vault,
        acting=deed.acting,
        upload_id=deed.upload_id,
        now=deed.portal.clock(),
    )


async def first_part(request: WebRequest, deed: Deed, state: UploadState) -> UploadState:
    """Take the part that came with the creation. If it is refused, nothing was begun either."""
    try:
        return await taken(request, deed, state)
    except TusRefused:
        await abandon(deed)
        raise


async def taken(request: WebRequest, deed: Deed, state: UploadState) -> UploadState:
    """Take the bytes of this request, checked if they came with a checksum."""
    expected = tus.read_checksum(request.headers.get("upload-checksum"))
    if expected:
        return await _take_checked(request, deed, state, expected)
    return await _take(request, deed, state)


async def _take(request: WebRequest, deed: Deed, state: UploadState) -> UploadState:
    """Store each segment as soon as it is whole; the bytes after the last whole one are forgotten.

    One segment is stored while the next one arrives, so two are in memory and never more.
    """
    began = arrived = state.received
    filling, resting = _Room(state), _Room(state)
    async with _Storing(deed, state) as storing:
        async for chunk in _body(request):
            arrived += len(chunk)
            if arrived > state.size:
                raise _too_long(await storing.done())
            rest = memoryview(chunk)
            while rest:
                rest = rest[filling.take(rest) :]
                if filling.is_full():
                    await storing.next(filling.given())
                    filling, resting = resting, filling
        last = filling.given()
        if last and arrived == state.size:
            await storing.next(last)
        elif last and arrived - began < SEGMENT:
            raise TusRefused(
                HTTPStatus.BAD_REQUEST,
                "upload-part",
                f"A part must be at least {SEGMENT} bytes long, or reach the end of the file.",
            )
        return await storing.done()


class _Room:
    """Room for one segment of an upload, filled as its bytes come, given away whole and filled again.

    Joining pieces as they came took twice the time of sealing, hashing and writing them.
    """

    def __init__(self, state: UploadState) -> None:
        self._most = min(SEGMENT, state.size - state.received)
        self._bytes = memoryview(b"")
        self._filled = 0

    def is_full(self) -> bool:
        return self._filled == self._most

    def take(self, chunk: memoryview) -> int:
        """Keep what there is room for, and return how many bytes that were."""
        if not self._bytes:
            self._bytes = memoryview(mmap(-1, self._most))  # memory that nobody clears before it is used
        fitting = chunk[: self._most - self._filled]
        self._bytes[self._filled : self._filled + len(fitting)] = fitting
        self._filled += len(fitting)
        return len(fitting)

    def given(self) -> memoryview:
        """Return what was kept. It must be used before anything else is taken in."""
        filled, self._filled = self._filled, 0
        return self._bytes[:filled]


class _Storing:
    """Stores segments in their order, one at a time, beside what the caller does. None is left alone: leaving
    waits for it, whatever happened.
    """

    def __init__(self, deed: Deed, state: UploadState) -> None:
        self._deed = deed
        self._state = state
        self._task: asyncio.Task[UploadState] | None = None

    async def next(self, plaintext: memoryview) -> None:
        """Begin to store the next segment, once the one before it is stored. Raises what that one raised."""
        state = await self.done()
        self._task = asyncio.create_task(_store(self._deed, state.received, plaintext))

    async def done(self) -> UploadState:
        """Wait for the segment under way, and return how far the upload has come. Raises what it raised."""
        task, self._task = self._task, None
        if task is not None:
            self._state = await task
        return self._state

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:  # the caller failed for a reason of its own, which is the one to be told
            await asyncio.gather(self._task, return_exceptions=True)


async def _take_checked(
    request: WebRequest, deed: Deed, state: UploadState, expected: tus.Checksum
) -> UploadState:
    """Store one segment after its checksum was right: nothing wrong is ever kept."""
    room = _Room(state)
    async for chunk in _body(request):
        if room.take(memoryview(chunk)) < len(chunk):
            raise _too_long(state)
    part = room.given()
    if not expected.fits(part):
        raise TusRefused(
            tus.CHECKSUM_MISMATCH, "upload-checksum", "The part was damaged on its way. Please send it again."
        )
    most = min(SEGMENT, state.size - state.received)
    if len(part) < most:
        raise TusRefused(
            HTTPStatus.BAD_REQUEST, "upload-part", f"A part with a checksum must be {most} bytes long here."
        )
    return await _store(deed, state.received, part) if part else state


def _too_long(state: UploadState) -> TusRefused:
    return TusRefused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "upload-part",
        "More bytes came than the upload announced, or than fit into one checked part.",
        offset=state.received,
    )


async def _body(request: WebRequest) -> AsyncIterator[bytes]:
    """The raw body, piece by piece. The framework's word for a client that hung up becomes ours."""
    try:
        async for chunk in request.stream():
            yield chunk
    except InternalServerException as error:
        raise TusRefused(HTTPStatus.BAD_REQUEST, "connection-lost", "The connection was lost.") from error


async def finish(deed: Deed, state: UploadState) -> dict[str, str]:
    """Make the document, and return what is told of it: its id, and the digest of what was kept."""
    portal, upload_id, now = deed.portal, deed.upload_id, deed.portal.clock()
    parts = (portal.db, portal.vault, portal.pdf)
    if isinstance(deed.acting, Guest):
        digest = await run(
            uploads.finish_guest_upload, *parts, acting=deed.acting, upload_id=upload_id, now=now
        )
        return {"x-content-sha256": digest}
    document = await run(uploads.finish_upload, *parts, acting=deed.acting, upload_id=upload_id, now=now)
    kept = next(version for version in document.versions if version.id == state.version_id)
    return {"x-document-id": document.id, "x-content-sha256": kept.sha256}
