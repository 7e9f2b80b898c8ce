"""The HTTP door, put together: routes, guards, problem answers, and what wraps them all."""

from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from docvault.policy.numbers import Numbers
from docvault.web import static_files
from docvault.web.access import PUBLIC, TOKENS, Connection, require_session, with_session
from docvault.web.api.reports import Notebook
from docvault.web.api.verification import Places
from docvault.web.cookies import SESSION, VISIT
from docvault.web.csrf import refuse_cross_site
from docvault.web.dav import door
from docvault.web.dav.door import Drive
from docvault.web.headers import with_headers
from docvault.web.parameters import parameters_of, refuse_unclear
from docvault.web.problems import answer
from docvault.web.rendering import make_environment
from docvault.web.static_files import StaticFiles
from docvault.web.wire import StrictRequest
from docvault.wiring import Portal

BODY_MOST = 64 * 1024  # bytes of a request; a route that takes more says so itself

# What programs may use with a token; a subject that is not here is closed to them.
FOR_PROGRAMS = frozenset(
    {
        "archives",
        "audit",
        "bin",
        "bulk_sends",
        "comparisons",
        "documents",
        "envelope_files",
        "envelopes",
        "folders",
        "organisations",
        "people",
        "places",
        "search",
        "templates",
        "uploads",
        "versions",
    }
)
SESSION_SCHEME, TOKEN_SCHEME, GUEST_SCHEME = (
    "session",
    "token",
    "guest",
)  # as the API's description calls them

ROOTS = {"health": "/", "log": "/"}  # subjects that are not simply under /api/v1
WITH_PDF = ("verification", "signed_versions")  # take a whole PDF as a body


def create_app(portal: Portal) -> Litestar:
    """Return the application for `portal`; makes no connection and starts nothing."""
    return connect(assemble(portal.settings.name, portal.db.policy.numbers), portal)


def assemble(name: str, numbers: Numbers) -> Litestar:
    """Return the routes and pages of a portal called `name`, which answer once they are connected to one."""
    static = StaticFiles()
    app = Litestar(
        route_handlers=[*static_files.HANDLERS, *door.HANDLERS, *_api(numbers), *_pages()],
        guards=[admit],
        exception_handlers={Exception: answer},
        request_class=StrictRequest,
        request_max_body_size=BODY_MOST,
        openapi_config=_openapi(name),
        state=State({"static": static, "environment": make_environment(static, name)}),
        logging_config=None,
    )
    app.state.parameters = parameters_of(app)
    return app


async def admit(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of the whole application: one, because Litestar copies the handler for each.

    Raises as require_session, refuse_unclear and refuse_cross_site, tried in that order.
    """
    await require_session(connection, handler)
    await refuse_unclear(connection, handler)
    await refuse_cross_site(connection, handler)


def connect(app: Litestar, portal: Portal) -> Litestar:
    """Let the routes of `app` answer for `portal`; return it."""
    own = {
        "portal": portal,
        "drive": Drive(portal),
        "verification_places": Places(),
        "browser_reports": Notebook(),
    }
    app.state = State(app.state.dict() | own)
    # Litestar's own middleware starts behind its router; these two must also see what finds no route.
    app.asgi_handler = with_headers(with_session(app.asgi_handler, portal))
    return app


def _api(numbers: Numbers) -> list[Router]:
    """Every file of api/, by what it holds; those that take a whole PDF have the policy's limit for it."""
    limits = dict.fromkeys(WITH_PDF, numbers.uploads.max_signing_bytes)
    return [
        router for subject in _subjects("api") for router in _routers(subject, limits.get(subject, BODY_MOST))
    ]


def _routers(subject: str, body_most: int) -> list[Router]:
    """A subject's routes: those for everybody, and those that need a session or, where it may be, a token."""
    handlers = _handlers("api", subject)
    public = [each for each in handlers if each.opt.get("access") == "public"]
    guests = [each for each in handlers if each.opt.get("access") == "guest"]
    closed = [each for each in handlers if each.opt.get("access") not in {"public", "guest"}]
    programs = subject in FOR_PROGRAMS
    names = [SESSION_SCHEME, TOKEN_SCHEME] if programs else [SESSION_SCHEME]
    schemes: list[dict[str, list[str]]] = [{name: []} for name in names]
    root = ROOTS.get(subject, "/api/v1")
    parts = (Router(root, route_handlers=public, request_max_body_size=body_most),) if public else ()
    if guests:
        visit: list[dict[str, list[str]]] = [{GUEST_SCHEME: []}]
        made = Router(root, route_handlers=guests, request_max_body_size=body_most, security=visit)
        parts = (*parts, made)
    if closed:
        opt = TOKENS if programs else {}
        made = Router(root, route_handlers=closed, request_max_body_size=body_most, opt=opt, security=schemes)
        parts = (*parts, made)
    return list(parts)


def _pages() -> list[Router]:
    return [
        Router("/", route_handlers=_handlers("pages", subject), include_in_schema=False)
        for subject in _subjects("pages")
    ]


def _subjects(room: str) -> list[str]:
    return sorted(path.stem for path in (Path(__file__).parent / room).glob("[a-z]*.py"))


def _handlers(room: str, subject: str) -> list[Any]:
    handlers: list[Any] = import_module(f"docvault.web.{room}.{subject}").HANDLERS
    return handlers


def _openapi(name: str) -> OpenAPIConfig:
    """Only the bare description: Litestar's own reference pages load from other hosts."""
    return OpenAPIConfig(
        title=name,
        version=version("docvault"),
        path="/api",
        openapi_router=Router("/api", route_handlers=[], opt=PUBLIC, include_in_schema=False),
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        components=Components(
            security_schemes={
                SESSION_SCHEME: SecurityScheme(
                    type="apiKey",
                    name=SESSION,
                    security_scheme_in="cookie",
                    description="Writes also carry the header X-CSRF-Token, as GET /api/v1/me says it.",
                ),
                GUEST_SCHEME: SecurityScheme(
                    type="apiKey",
                    name=VISIT,
                    security_scheme_in="cookie",
                    description="The visit of a guest who answers a request for files.",
                ),
                TOKEN_SCHEME: SecurityScheme(
                    type="http",
                    scheme="bearer",
                    bearer_format="dv_…",
                    description="An API token of yours; it does what it was made for, and ends by itself.",
                ),
            }
        ),
    )
