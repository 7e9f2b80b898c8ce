"""Who comes in at `/dav`: a file manager with an app password, which is an API token of its owner's.

Only `Authorization: Basic` opens it, never a cookie. The name is the owner's e-mail address, the password the
token. What the drive may do is what the token was made for and its owner may do at that moment.
"""

import base64
import binascii
import logging
from typing import Any
from urllib.parse import unquote

from a2wsgi import WSGIMiddleware
from litestar import asgi
from litestar.datastructures import Headers
from litestar.types import HTTPScope, Receive, Scope, Send
from wsgidav.request_resolver import RequestResolver
from wsgidav.wsgidav_app import WsgiDAVApp

from docvault.actions import sessions
from docvault.credentials.tokens import API_PREFIX
from docvault.database.sessions import TOKEN
from docvault.policy.vocabulary import Acting
from docvault.web.access import PUBLIC, source_of
from docvault.web.dav.errors import Errors
from docvault.web.dav.keeping import Properties
from docvault.web.dav.locking import ACTING, Locks
from docvault.web.dav.tree import Tree
from docvault.web.running import run
from docvault.wiring import Portal

MOUNT = "/dav"
THREADS = 10  # requests of drives at the same time; each waits for the database, the store or its client
BLOCK = 1024 * 1024  # bytes that are moved at once
XML_MOST = 256 * 1024  # bytes of a request that carries no file
CARRY_A_FILE = {"PUT"}
DECLARATION = b"<!DOCTYPE"  # of entities: nothing in WebDAV needs one (promise 30)


class Drive:
    """The ASGI application behind `/dav`."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        named: Any = _Named(_dav(portal))
        self._wsgi: Any = WSGIMiddleware(named, workers=THREADS)  # its types of ASGI are not Litestar's

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        headers = Headers.from_scope(scope)
        acting = await self._recognised(scope, headers)
        if acting is None:
            await _answer(send, 401, "Please sign in with your e-mail address and an app password.")
            return
        if not _fits(scope, headers):
            await _answer(send, 413, "This request is larger than it can be.")
            return
        if scope["method"] not in CARRY_A_FILE:
            body = await _body(receive)
            if DECLARATION in body.replace(b"\0", b"").upper():
                await _answer(send, 400, "The request may not declare a document type.")
                return
            receive = _again(body)
        ACTING.set(acting)  # the threads that answer take the context along
        path = unquote(scope["raw_path"].decode("latin-1").partition("?")[0].removeprefix(MOUNT)) or "/"
        inner: Any = {**scope, "docvault_acting": acting, "root_path": MOUNT, "path": path}

        async def received() -> Any:  # a2wsgi wants a coroutine, and a server may give another awaitable
            return await receive()

        await self._wsgi(inner, received, send)

    async def _recognised(self, scope: Scope, headers: Headers) -> Acting | None:
        """Return whose drive this is; None for anything but one right app password."""
        name, token = _basic(headers)
        if not token.startswith(API_PREFIX):
            return None
        portal = self._portal
        signed = await run(
            sessions.authenticate, portal.db, token=token, source=source_of(scope), now=portal.clock()
        )
        if signed is None or signed.acting.session_kind != TOKEN:
            return None
        return signed.acting if signed.acting.email.casefold() == name.casefold() else None


@asgi(MOUNT, is_mount=True, copy_scope=True, opt=PUBLIC)
async def open_drive(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand the request to the drive; it asks for an app password itself."""
    await scope["litestar_app"].state.drive(scope, receive, send)


HANDLERS = [open_drive]


class _Named:
    """Hands who acts on to wsgidav, which knows only the environment of a request."""

    def __init__(self, app: WsgiDAVApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        acting: Acting = environ["asgi.scope"]["docvault_acting"]
        environ["docvault.acting"] = acting
        environ["wsgidav.auth.user_name"] = acting.person_id
        environ["wsgidav.auth.roles"] = environ["wsgidav.auth.permissions"] = ()
        return self._app(environ, start_response)


def _dav(portal: Portal) -> WsgiDAVApp:
    logging.getLogger("wsgidav").setLevel(logging.CRITICAL)  # it would write down paths; what fails we log
    return WsgiDAVApp(
        {
            "provider_mapping": {"/": Tree(portal)},
            "mount_path": MOUNT,
            "middleware_stack": [Errors, RequestResolver],
            "lock_storage": Locks(portal),
            "property_manager": Properties(portal),
            "http_authenticator": {"domain_controller": None},
            "hotfixes": {"emulate_win32_lastmod": False},
            "block_size": BLOCK,
            "suppress_version_info": True,
            "logging": {"enable": False},
            "verbose": 0,
        }
    )


def _basic(headers: Headers) -> tuple[str, str]:
    """Return name and password of the request's one Basic header (RFC 7617), or two empty texts."""
    given = headers.getall("authorization", [])
    scheme, _, encoded = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def _fits(scope: HTTPScope, headers: Headers) -> bool:
    """Tell whether a request that carries no file is small enough to be read at once."""
    if scope["method"] in CARRY_A_FILE:
        return True
    size = headers.get("content-length", "0")
    return "transfer-encoding" not in headers and size.isdigit() and int(size) <= XML_MOST


async def _body(receive: Receive) -> bytes:
    """Return the whole body of a request that `_fits`."""
    parts = []
    while True:
        message: Any = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes) -> Receive:
    """Return what a body that was read is received from once more."""

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _answer(send: Send, status: int, text: str) -> None:
    body = f"{text}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    if status == 401:  # noqa: PLR2004 - RFC 9110, 15.5.2: it says how to sign in
        headers.append((b"www-authenticate", b'Basic realm="DocVault", charset="UTF-8"'))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
