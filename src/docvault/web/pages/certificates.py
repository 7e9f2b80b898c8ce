"""What certificates point readers to: certificates and revocation lists of the authorities, all public."""

from typing import Any

from litestar import Request, Response, get

from docvault.web.access import PUBLIC, portal_of
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

TYPES = {"cer": "application/pkix-cert", "crl": "application/pkix-crl"}  # RFC 2585, 4
PATHS = ["/pki/root.cer", "/pki/issuing.cer", "/pki/root.crl", "/pki/issuing.crl"]


@get(PATHS, opt=PUBLIC)
async def published(request: WebRequest) -> Response[bytes]:
    """One certificate or fresh revocation list, DER."""
    name = request.url.path.removeprefix("/pki/")
    content = await run(portal_of(request).authority.published()[name])
    return Response(content, media_type=TYPES[name.partition(".")[2]])


HANDLERS = [published]
