"""Small JSON documents from a provider, within a time, a size and a list of hosts. Follows no redirect.

The provider may be slow, taken over or lying (promise 85): no answer of its makes us ask another host
(promise 36), and none takes more than `SECONDS` and `MOST`.
"""

import asyncio
import json
import ssl
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from docvault.identity.errors import ProviderAway

SECONDS = 8.0  # for one document, from the first packet to the last
MOST = 256 * 1024  # bytes of one document
_OK = 200
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

Form = Mapping[str, str]


class Fetcher:
    """Asks the hosts it was made for, and no other. hosts: `name` or `name:port`, as in an address."""

    def __init__(self, hosts: Collection[str]) -> None:
        self._hosts = frozenset(hosts)
        self._trust = ssl.create_default_context()

    def is_ours(self, address: str) -> bool:
        """Tell whether an address is one this may ask: https, or http on this machine, and a listed host."""
        try:
            parts = urlsplit(address)
            encrypted = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
            return encrypted and parts.netloc in self._hosts and address.isprintable() and "\\" not in address
        except ValueError:
            return False

    def get(self, address: str, *, bearer: str = "") -> dict[str, Any]:
        """Return the JSON object at `address`. Raises ProviderAway."""
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        return self._ask(httpx.Request("GET", address, headers=headers), address)

    def post(self, address: str, form: Form, headers: Mapping[str, str]) -> dict[str, Any]:
        """Return the JSON object that a form is answered with. Raises ProviderAway."""
        return self._ask(httpx.Request("POST", address, data=dict(form), headers=dict(headers)), address)

    def _ask(self, request: httpx.Request, address: str) -> dict[str, Any]:
        if not self.is_ours(address):
            raise ProviderAway(f"{address} is not on a host that may be asked")
        # gzip turns a small answer into a large one, so only plain ones are asked for.
        request.headers.update({"accept": "application/json", "accept-encoding": "identity"})
        try:
            body = asyncio.run(asyncio.wait_for(self._answer(request), SECONDS))
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            raise ProviderAway(f"{address}: {type(error).__name__}") from error
        return _object(body, address)

    async def _answer(self, request: httpx.Request) -> bytes:
        client = httpx.AsyncClient(
            verify=self._trust, timeout=SECONDS, follow_redirects=False, trust_env=False
        )
        async with client:
            answer = await client.send(request, stream=True)
            if answer.status_code != _OK or "content-encoding" in answer.headers:
                raise ProviderAway(f"{request.url} answered {answer.status_code}")
            body = bytearray()
            async for part in answer.aiter_raw():
                body += part
                if len(body) > MOST:
                    raise ProviderAway(f"{request.url} answered more than {MOST} bytes")
            return bytes(body)


def _object(body: bytes, address: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProviderAway(f"{address} did not answer JSON") from error
    if not isinstance(found, dict):
        raise ProviderAway(f"{address} did not answer a JSON object")
    return found
