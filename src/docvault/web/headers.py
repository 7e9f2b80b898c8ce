"""The security headers that every response carries, whoever made it: 404, 405, 413 and 500 too (promise 83).

Nothing inline, no third-party host, Trusted Types without a policy; browsers report what they stopped.
"""

from typing import Any

from litestar.types import ASGIApp, Message, Receive, Scope, Send

REPORTS = "/api/v1/browser-reports"

CONTENT_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
        f"report-uri {REPORTS}",  # for browsers that do not know the next one
        "report-to browser",
    ]
)

# A handler may set a value of its own (a download's sandbox, a hashed file's cache life); it cannot drop one.
HEADERS: dict[bytes, bytes] = {
    b"strict-transport-security": b"max-age=63072000; includeSubDomains",  # ASVS 5.0 3.4.1
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": CONTENT_POLICY.encode(),
    b"reporting-endpoints": f'browser="{REPORTS}"'.encode(),
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    b"cache-control": b"no-store",
}


def with_headers(app: ASGIApp) -> ASGIApp:
    """Wrap the whole application, so that answers made before any route is found are covered as well."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(message)
            await send(message)

        await app(scope, receive, send_with_headers)

    return wrapped


def _complete(message: Any) -> None:
    headers = [(name.lower(), value) for name, value in message["headers"]]
    given = {name for name, _ in headers}
    message["headers"] = headers + [item for item in HEADERS.items() if item[0] not in given]
