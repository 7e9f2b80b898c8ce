"""Files in, by tus 1.0: creation, termination, checksum and expiration (tus.io/protocols/resumable-upload).

The raw body is read as it comes and handed on in whole segments; plaintext is never spooled. A client that
hangs up leaves the offset at the last whole segment, and goes on from there.
"""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any, Self

from litestar import HttpMethod, Request, Response, Router, route
from litestar.exceptions import InternalServerException
from litestar.params import FromPath

from docvault.actions import uploads
from docvault.actions.uploads import UploadState
from docvault.policy.vocabulary import Acting
from docvault.values import DocumentId, DocVaultError, FolderId, UploadId
from docvault.vault.files import SEGMENT
from docvault.web import problems
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.wiring import Portal

WebRequest = Request[Any, Any, Any]

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,checksum,expiration"
CHECKSUM_MISMATCH = 460  # of the checksum extension
PART = "application/offset+octet-stream"
METADATA_MOST = 4096  # bytes of the Upload-Metadata header
DIGITS_MOST = 15  # of a length or an offset


class TusRefused(Exception):
    """What the protocol says no to. words: for the person at the page; offset: where to go on."""

    def __init__(self, status: int, slug: str, words: str, *, offset: int | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.slug = slug
        self.words = words
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Deed:
    """One request's actor and upload."""

    portal: Portal
    acting: Acting
    upload_id: UploadId


@route("/", http_method=[HttpMethod.OPTIONS])
async def describe(request: WebRequest) -> Response[None]:
    """What this server can do; asks for no session."""
    most = portal_of(request).db.policy.numbers.uploads.max_bytes
    headers = {
        "tus-version": VERSION,
        "tus-extension": EXTENSIONS,
        "tus-max-size": str(most),
        "tus-checksum-algorithm": "sha256",
    }
    return Response(None, status_code=HTTPStatus.NO_CONTENT, headers=headers)


@route("/", http_method=[HttpMethod.POST], status_code=HTTPStatus.CREATED)
async def create(request: WebRequest) -> Response[None]:
    """Begin an upload. Metadata: `folder`, `filename`; for a new version `document` and `comment`."""
    _require_version(request)
    portal = portal_of(request)
    metadata = read_metadata(request.headers.get("upload-metadata", ""))
    for name in ("folder", "filename"):
        if not metadata.get(name):
            raise TusRefused(
                HTTPStatus.BAD_REQUEST, "upload-metadata", f"The upload does not say its {name}."
            )
    document = metadata.get("document")
    state = await run(
        uploads.begin_upload,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        folder_id=FolderId(metadata["folder"]),
        filename=metadata["filename"],
        comment=metadata.get("comment", ""),
        size=_number(request, "upload-length"),
        document_id=DocumentId(document) if document else None,
        now=portal.clock(),
    )
    headers = _headers(state) | {"location": f"/api/v1/uploads/{state.id}"}
    return Response(None, status_code=HTTPStatus.CREATED, headers=headers)


@route("/{upload_id:str}", http_method=[HttpMethod.HEAD], status_code=HTTPStatus.OK)
async def progress(request: WebRequest, upload_id: FromPath[str]) -> Response[None]:
    """How much has arrived."""
    _require_version(request)
    state = await _state(_deed(request, upload_id))
    return Response(None, status_code=HTTPStatus.OK, headers=_headers(state))


@route(
    "/{upload_id:str}",
    http_method=[HttpMethod.PATCH],
    status_code=HTTPStatus.NO_CONTENT,
    request_max_body_size=None,  # what is left of this upload is the limit; its whole was checked at creation
)
async def append(request: WebRequest, upload_id: FromPath[str]) -> Response[None]:
    """Take the bytes from `Upload-Offset` on; the last ones make the document."""
    _require_version(request)
    deed = _deed(request, upload_id)
    state = await _state(deed)
    _check_part(request, state)
    expected = read_checksum(request.headers.get("upload-checksum"))
    if expected:
        state = await _take_checked(request, deed, state, expected)
    else:
        state = await _take(request, deed, state)
    if state.received < state.size:
        return Response(None, status_code=HTTPStatus.NO_CONTENT, headers=_headers(state))
    return await _finish(deed, state)


@route("/{upload_id:str}", http_method=[HttpMethod.DELETE], status_code=HTTPStatus.NO_CONTENT)
async def abandon(request: WebRequest, upload_id: FromPath[str]) -> Response[None]:
    """Give up; what has arrived is removed."""
    _require_version(request)
    deed = _deed(request, upload_id)
    await run(
        uploads.abandon_upload,
        deed.portal.db,
        deed.portal.vault,
        acting=deed.acting,
        upload_id=deed.upload_id,
        now=deed.portal.clock(),
    )
    return Response(None, status_code=HTTPStatus.NO_CONTENT)


def read_metadata(header: str) -> dict[str, str]:
    """Read `key base64,key base64`. Raises TusRefused for what is not that, and for a key given twice."""
    if len(header) > METADATA_MOST:
        raise TusRefused(HTTPStatus.BAD_REQUEST, "upload-metadata", "The upload's description is too long.")
    metadata: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            text = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise TusRefused(
                HTTPStatus.BAD_REQUEST, "upload-metadata", "The upload's description cannot be read."
            ) from error
        if key in metadata:
            raise TusRefused(HTTPStatus.BAD_REQUEST, "upload-metadata", f"The upload says its {key} twice.")
        metadata[key] = text
    return metadata


def read_checksum(header: str | None) -> bytes | None:
    """Read `sha256 base64` into 32 bytes. Raises TusRefused for anything else."""
    if header is None:
        return None
    algorithm, _, value = header.partition(" ")
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except binascii.Error:
        digest = b""
    if algorithm != "sha256" or len(digest) != hashlib.sha256().digest_size:
        raise TusRefused(HTTPStatus.BAD_REQUEST, "upload-checksum", "Only SHA-256 checksums are understood.")
    return digest


def _require_version(request: WebRequest) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise TusRefused(
            HTTPStatus.PRECONDITION_FAILED,
            "tus-version",
            f"Uploads speak tus {VERSION} (header Tus-Resumable).",
        )


def _number(request: WebRequest, header: str) -> int:
    text = request.headers.get(header, "")
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS_MOST:
        raise TusRefused(
            HTTPStatus.BAD_REQUEST, header, f"The header {header.title()} must be a number of bytes."
        )
    return int(text)


def _check_part(request: WebRequest, state: UploadState) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip() != PART:
        raise TusRefused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content-type", f"Parts are sent as {PART}.")
    if _number(request, "upload-offset") != state.received:
        raise TusRefused(
            HTTPStatus.CONFLICT,
            "upload-offset",
            f"The upload goes on at byte {state.received}.",
            offset=state.received,
        )


async def _state(deed: Deed) -> UploadState:
    return await run(
        uploads.upload_state,
        deed.portal.db,
        acting=deed.acting,
        upload_id=deed.upload_id,
        now=deed.portal.clock(),
    )


async def _store(deed: Deed, offset: int, plaintext: bytes) -> UploadState:
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


async def _take(request: WebRequest, deed: Deed, state: UploadState) -> UploadState:
    """Store each segment as soon as it is whole; the bytes after the last whole one are forgotten.

    One segment is stored while the next one arrives, so two are in memory and never more.
    """
    waiting = bytearray()
    began = arrived = state.received  # arrived: bytes handed on to be stored
    async with _Storing(deed, state) as storing:
        async for chunk in _body(request):
            waiting += chunk
            if arrived + len(waiting) > state.size:
                raise _too_long(await storing.done())
            while len(waiting) >= SEGMENT:
                await storing.next(bytes(waiting[:SEGMENT]))
                arrived += SEGMENT
                del waiting[:SEGMENT]
        if waiting and arrived + len(waiting) == state.size:
            await storing.next(bytes(waiting))
        elif waiting and arrived == began:
            raise TusRefused(
                HTTPStatus.BAD_REQUEST,
                "upload-part",
                f"A part must be at least {SEGMENT} bytes long, or reach the end of the file.",
            )
        return await storing.done()


class _Storing:
    """Stores segments in their order, one at a time, beside what the caller does. None is left alone: leaving
    waits for it, whatever happened.
    """

    def __init__(self, deed: Deed, state: UploadState) -> None:
        self._deed = deed
        self._state = state
        self._task: asyncio.Task[UploadState] | None = None

    async def next(self, plaintext: bytes) -> None:
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


async def _take_checked(request: WebRequest, deed: Deed, state: UploadState, expected: bytes) -> UploadState:
    """Store one segment after its checksum was right: nothing wrong is ever kept."""
    waiting = bytearray()
    most = min(SEGMENT, state.size - state.received)
    async for chunk in _body(request):
        waiting += chunk
        if len(waiting) > most:
            raise _too_long(state)
    if hashlib.sha256(waiting).digest() != expected:
        raise TusRefused(
            CHECKSUM_MISMATCH, "upload-checksum", "The part was damaged on its way. Please send it again."
        )
    if len(waiting) < most:
        raise TusRefused(
            HTTPStatus.BAD_REQUEST, "upload-part", f"A part with a checksum must be {most} bytes long here."
        )
    return await _store(deed, state.received, bytes(waiting)) if waiting else state


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


async def _finish(deed: Deed, state: UploadState) -> Response[None]:
    document = await run(
        uploads.finish_upload,
        deed.portal.db,
        deed.portal.vault,
        deed.portal.pdf,
        acting=deed.acting,
        upload_id=deed.upload_id,
        now=deed.portal.clock(),
    )
    newest = max(document.versions, key=lambda version: version.number)
    headers = _headers(state) | {"x-document-id": document.id, "x-content-sha256": newest.sha256}
    return Response(None, status_code=HTTPStatus.NO_CONTENT, headers=headers)


def _deed(request: WebRequest, upload_id: str) -> Deed:
    return Deed(portal_of(request), signed_in(request), UploadId(upload_id))


def _headers(state: UploadState) -> dict[str, str]:
    return {
        "upload-offset": str(state.received),
        "upload-length": str(state.size),
        "upload-expires": format_datetime(state.expires_at, usegmt=True),
    }


def answer(request: WebRequest, error: Exception) -> Response[Any]:
    """Answer a refusal in the protocol's way: its status, our words, and where to go on."""
    if not isinstance(error, TusRefused):
        if isinstance(error, uploads.OffsetConflict):
            return answer(request, _conflict(error))
        response = problems.answer(request, error)
        response.headers["tus-resumable"] = VERSION
        return response
    problem = problems.Problem(
        type=f"/api/docs#problem-{error.slug}",
        title="The upload cannot go on like this",
        status=error.status,
        detail=error.words,
    )
    headers = {"tus-resumable": VERSION, "tus-version": VERSION}
    if error.offset is not None:
        headers["upload-offset"] = str(error.offset)
    return Response(problem, status_code=error.status, media_type=problems.PROBLEM, headers=headers)


def _conflict(error: DocVaultError) -> TusRefused:
    return TusRefused(HTTPStatus.CONFLICT, "upload-offset", str(error))


async def _name_protocol(response: Response[Any]) -> Response[Any]:
    response.headers["tus-resumable"] = VERSION
    return response


HANDLERS = [
    Router(
        "/uploads",
        route_handlers=[describe, create, progress, append, abandon],
        exception_handlers={Exception: answer},
        after_request=_name_protocol,
    )
]
