"""The words of tus 1.0 (tus.io/protocols/resumable-upload): headers and refusals. Stores nothing."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from litestar import Request, Response

from docvault.actions import uploads
from docvault.values import DocVaultError
from docvault.web import problems

WebRequest = Request[Any, Any, Any]

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,checksum,expiration"
CHECKSUM_MISMATCH = 460  # of the checksum extension
PART = "application/offset+octet-stream"
# The specification asks for SHA-1; it finds damage on the way, nothing else. Ours sends SHA-256.
ALGORITHMS = {"sha256": 32, "sha1": 20}  # bytes of a digest
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
class Checksum:
    """What a part must have, by the name of its algorithm."""

    algorithm: str
    digest: bytes

    def fits(self, part: bytes | bytearray | memoryview) -> bool:
        made = hashlib.new(self.algorithm, part, usedforsecurity=False).digest()
        return hmac.compare_digest(made, self.digest)


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


def read_checksum(header: str | None) -> Checksum | None:
    """Read `sha256 base64` or `sha1 base64`. Raises TusRefused for anything else."""
    if header is None:
        return None
    algorithm, _, value = header.partition(" ")
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != ALGORITHMS.get(algorithm, -1):
        words = "Checksums are understood as sha256 or sha1, in base64."
        raise TusRefused(HTTPStatus.BAD_REQUEST, "upload-checksum", words)
    return Checksum(algorithm, digest)


def content_type(request: WebRequest) -> str:
    """Return the media type of the body, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip()


def require_version(request: WebRequest) -> None:
    """Raise TusRefused for another version of the protocol, or none."""
    if request.headers.get("tus-resumable") != VERSION:
        raise TusRefused(
            HTTPStatus.PRECONDITION_FAILED,
            "tus-version",
            f"Uploads speak tus {VERSION} (header Tus-Resumable).",
        )


def number(request: WebRequest, header: str) -> int:
    """Return a number of bytes. Raises TusRefused."""
    text = request.headers.get(header, "")
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS_MOST:
        raise TusRefused(
            HTTPStatus.BAD_REQUEST, header, f"The header {header.title()} must be a number of bytes."
        )
    return int(text)


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


async def name_protocol(response: Response[Any]) -> Response[Any]:
    """Name the version on every answer, as the protocol asks."""
    response.headers["tus-resumable"] = VERSION
    return response
