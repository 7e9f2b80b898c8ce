"""The HTTP door, put together: routes, guards, problem answers, and what wraps them all."""

from importlib import import_module
from importlib.metadata import version
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from docvault.web import static_files
from docvault.web.access import PUBLIC, require_session, with_session
from docvault.web.csrf import refuse_cross_site
from docvault.web.headers import with_headers
from docvault.web.problems import answer
from docvault.web.rendering import make_environment
from docvault.web.static_files import StaticFiles
from docvault.wiring import Portal

BODY_MOST = 64 * 1024  # bytes of a request; a route that takes more says so itself

API = ("session", "people", "organisations", "audit", "verification")
OPEN = ("health", "log", "reference")  # beside /api/v1: no version in their paths
PAGES = ("sign_in", "enrolment", "welcome", "people", "audit", "verify", "outbox", "account")


def create_app(portal: Portal) -> Litestar:
    """Return the application for `portal`; makes no connection and starts nothing."""
    static = StaticFiles()
    app = Litestar(
        route_handlers=[
            *static_files.HANDLERS,
            Router("/api/v1", route_handlers=_handlers("api", API)),
            *_handlers("api", OPEN),
            Router("/", route_handlers=_handlers("pages", PAGES), include_in_schema=False),
        ],
        guards=[require_session, refuse_cross_site],
        exception_handlers={Exception: answer},
        request_max_body_size=BODY_MOST,
        openapi_config=_openapi(portal),
        state=State(
            {
                "portal": portal,
                "static": static,
                "environment": make_environment(static, portal.settings.name),
            }
        ),
        logging_config=None,
        compression_config=None,
    )
    # Litestar's own middleware starts behind its router; these two must also see what finds no route.
    app.asgi_handler = with_headers(with_session(app.asgi_handler, portal))
    return app


def _handlers(room: str, subjects: tuple[str, ...]) -> list[Any]:
    return [
        handler
        for subject in subjects
        for handler in import_module(f"docvault.web.{room}.{subject}").HANDLERS
    ]


def _openapi(portal: Portal) -> OpenAPIConfig:
    return OpenAPIConfig(
        title=portal.settings.name,
        version=version("docvault"),
        path="/api",
        openapi_router=Router("/api", route_handlers=[], opt=PUBLIC),
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
    )
