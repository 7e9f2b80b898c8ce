"""What an address and its headers may say: each thing once, and only what the route knows (promises 23, 24).

A part that nobody reads is a mistake or an attempt to have two readers see two things; both are told at once.
"""

from collections.abc import Mapping
from typing import Any

from litestar import Litestar
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute

from docvault.web.access import AccessError, Connection

# What a handler says as its `opt["query"]` when its parameters are not those of its signature: names, or
# ANY for an address that another program writes and may add to (RFC 6749, 4.1.2). Twice is refused there too.
ANY = "any"
SHOWN = 40  # characters of a name in an answer

# Headers that decide something. Two of one kind are two readings; a list in one line is one header.
ONCE = frozenset(
    {
        "authorization",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "idempotency-key",
        "origin",
        "range",
        "sec-fetch-dest",
        "sec-fetch-mode",
        "sec-fetch-site",
        "tus-resumable",
        "upload-checksum",
        "upload-length",
        "upload-metadata",
        "upload-offset",
        "x-csrf-token",
    }
)

Known = Mapping[str, bool]  # name of a parameter -> whether it may be given several times


class ParametersUnclear(AccessError):
    """The address or a header says something twice, or something this route does not know."""


def parameters_of(app: Litestar) -> dict[Any, Known]:
    """Return what each handler's function reads from an address, as the framework found it in signatures."""
    return {
        handler.fn: {one.field_alias: one.is_sequence for one in model.expected_query_params}
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler, model in route.route_handler_map.values()
    }


async def refuse_unclear(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of the whole application. Raises ParametersUnclear."""
    _check_headers(connection)
    if not connection.scope.get("query_string"):
        return
    named = handler.opt.get("query")
    known: Known = connection.app.state.parameters.get(handler.fn, {})  # a guard is given a copy
    if named is not None and named != ANY:
        known = dict.fromkeys(named, False)
    seen = set()
    for name, _value in connection.query_params.multi_items():
        if name in seen and not known.get(name):
            raise ParametersUnclear(f"The address says “{name[:SHOWN]}” twice. Please say it once.")
        if name not in known and named != ANY:
            raise ParametersUnclear(
                f"“{name[:SHOWN]}” means nothing in this address. Please take it out and try again."
            )
        seen.add(name)


def _check_headers(connection: Connection) -> None:
    names = [name for name, _value in connection.scope["headers"]]
    if len(names) == len(set(names)):
        return
    for name in ONCE:
        if names.count(name.encode()) > 1:
            raise ParametersUnclear(f"The request has the header {name} twice. Please send it once.")
