"""One request to one listed host, and its whole answer, within a time and a size. Follows no redirect.

Whoever answers may be slow, taken over or lying (promise 85): no answer makes us ask another host, and no
environment variable another proxy (promise 36).
"""

import asyncio
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from docvault.values import DocVaultError

_OK = 200
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Unanswered(DocVaultError):
    """No answer, not in time, too much of it, or not one that says that all is well."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks the hosts it was made for, and no other. hosts: `name` or `name:port`, as in an address.

    plain: whether http is good enough, because what is answered is signed; on this machine it always is.
    """

    hosts: Collection[str]
    seconds: float  # for one answer, from the first packet to the last
    most: int  # bytes of one answer
    plain: bool = False
    _trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def may_ask(self, address: str) -> bool:
        """Tell whether an address is on a listed host, and encrypted where it has to be."""
        try:
            parts = urlsplit(address)
        except ValueError:
            return False
        clear = parts.scheme == "http" and (self.plain or parts.hostname in _LOOPBACK)
        listed = parts.netloc.rpartition("@")[2] in self.hosts
        return (parts.scheme == "https" or clear) and listed and address.isprintable() and "\\" not in address

    def ask(
        self, method: str, address: str, *, headers: Mapping[str, str] | None = None, content: bytes = b""
    ) -> bytes:
        """Return the body of the answer. Raises Unanswered."""
        if not self.may_ask(address):
            raise Unanswered(f"{address} is not on a host that may be asked")
        # gzip turns a small answer into a large one, so only plain ones are asked for.
        sent = {**(headers or {}), "accept-encoding": "identity"}
        try:
            request = httpx.Request(method, address, headers=sent, content=content)
            return asyncio.run(asyncio.wait_for(self._answer(request), self.seconds))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            raise Unanswered(f"{_shown(address)}: {type(error).__name__}") from error

    async def _answer(self, request: httpx.Request) -> bytes:
        client = httpx.AsyncClient(
            verify=self._trust, timeout=self.seconds, follow_redirects=False, trust_env=False
        )
        async with client:
            answer = await client.send(request, stream=True)
            if answer.status_code != _OK or "content-encoding" in answer.headers:
                raise Unanswered(f"{_shown(str(request.url))} answered {answer.status_code}")
            body = bytearray()
            async for part in answer.aiter_raw():
                body += part
                if len(body) > self.most:
                    raise Unanswered(f"{_shown(str(request.url))} answered more than {self.most} bytes")
            return bytes(body)


def _shown(address: str) -> str:
    """Return the address without a name and password in it."""
    head, at, rest = address.partition("@")
    return f"{head.partition('//')[0]}//{rest}" if at and "/" not in head.partition("//")[2] else address
