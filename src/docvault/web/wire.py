"""How requests are read: JSON strictly, into the struct a handler names. Nothing is guessed or converted.

The framework alone would take "true" for a boolean and "1" for a number (promise 23). Of two equal keys every
reader takes one, and readers do not agree on which: a body with a key twice is refused (promise 24).
"""

import json
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ClientException
from litestar.status_codes import HTTP_415_UNSUPPORTED_MEDIA_TYPE

from docvault.web.access import AccessError

JSON = "application/json"


class BodyInvalid(AccessError):
    """The body does not fit; the message names the part, e.g. `Expected str, got int - at $.email`."""


class StrictRequest(Request[Any, Any, Any]):
    """A request whose JSON body must fit its handler's `data` exactly."""

    async def json(self) -> Any:
        """Return the body as plain values. Raises BodyInvalid, and 415 for anything but JSON."""
        if self.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            raise ClientException(status_code=HTTP_415_UNSUPPORTED_MEDIA_TYPE)
        wanted = self.route_handler.parsed_fn_signature.parameters["data"].annotation
        body = await self.body()
        try:
            msgspec.json.decode(body, type=wanted)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BodyInvalid(f"The body does not fit: {error}.") from error
        return json.loads(body, object_pairs_hook=_each_once)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON. Raises BodyInvalid for one that has a key twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BodyInvalid(f"The body says “{twice[:40]}” twice. Please say it once.")
    return found


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a request may bring; a field that is not named is refused."""


class Answer(msgspec.Struct, kw_only=True):
    """What an answer holds, exactly."""
