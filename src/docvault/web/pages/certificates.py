"""What certificates point readers to: certificates, revocation lists and status answers, all public.

Whoever checks a signature may keep them for a while, and so may what stands between (RFC 5019, 6).
"""

import base64
import binascii
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from litestar import Request, Response, get, post
from litestar.exceptions import ClientException
from litestar.params import FromPath

from docvault.certificates.status import REQUEST_MOST
from docvault.values import NotFound
from docvault.web.access import PUBLIC, portal_of
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

TYPES = {"cer": "application/pkix-cert", "crl": "application/pkix-crl"}  # RFC 2585, 4
QUESTION, ANSWER = "application/ocsp-request", "application/ocsp-response"  # RFC 6960, A
KEPT = 3600  # seconds: a revocation is known everywhere after an hour


@get("/pki/{name:str}", opt=PUBLIC)
async def published(request: WebRequest, name: FromPath[str]) -> Response[bytes]:
    """One certificate or revocation list, DER: of the authorities in use, and of those before."""
    content = await run(portal_of(request).authority.published, name)
    return Response(content, media_type=TYPES[name.partition(".")[2]], headers=_for_a_while())


@post("/pki/ocsp", opt=PUBLIC, status_code=200, request_max_body_size=REQUEST_MOST)
async def status(request: WebRequest) -> Response[bytes]:
    """The status of one certificate, asked and answered in DER (RFC 6960)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != QUESTION:
        raise ClientException(status_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    return await _answered(request, await request.body(), kept=False)


@get("/pki/ocsp/{question:path}", opt=PUBLIC)
async def status_to_keep(request: WebRequest, question: FromPath[str]) -> Response[bytes]:  # noqa: ARG001
    """The same, asked in the address: base64 of the request, so that the answer can be kept.

    It is read from the address as it came: in the path that leads here two slashes in a row are one, and in
    base64 they are two letters.
    """
    sent = request.scope["raw_path"].decode("latin-1").partition("?")[0].partition("/pki/ocsp/")[2]
    try:
        asked = base64.b64decode(unquote(sent), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotFound from error
    return await _answered(request, asked, kept=True)


async def _answered(request: WebRequest, asked: bytes, *, kept: bool) -> Response[bytes]:
    answer = await run(portal_of(request).authority.answer_status, asked)
    headers = {}
    if kept and answer.until is not None:
        headers = {"last-modified": _http(answer.at), "expires": _http(answer.until), **_for_a_while()}
    return Response(answer.der, media_type=ANSWER, headers=headers, status_code=HTTPStatus.OK)


def _for_a_while() -> dict[str, str]:
    return {"cache-control": f"max-age={KEPT}, public, no-transform, must-revalidate"}


def _http(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


HANDLERS = [published, status, status_to_keep]
