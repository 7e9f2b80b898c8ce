"""Small JSON documents from a provider, within a time, a size and a list of hosts.

The provider may be slow, taken over or lying (promise 85): no answer of its makes us ask another host
(promise 36), and none takes more than `SECONDS` and `MOST`.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlencode

from docvault.identity.errors import ProviderAway
from docvault.outbound.asking import Asker, Unanswered

SECONDS = 8.0  # for one document, from the first packet to the last
MOST = 256 * 1024  # bytes of one document

Form = Mapping[str, str]


class Fetcher:
    """Asks the hosts it was made for, and no other. hosts: `name` or `name:port`, as in an address."""

    def __init__(self, hosts: Collection[str]) -> None:
        self._asker = Asker(frozenset(hosts), SECONDS, MOST)

    def is_ours(self, address: str) -> bool:
        """Tell whether an address is one this may ask: https, or http on this machine, and a listed host."""
        return "@" not in address.partition("?")[0] and self._asker.may_ask(address)

    def get(self, address: str, *, bearer: str = "") -> dict[str, Any]:
        """Return the JSON object at `address`. Raises ProviderAway."""
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        return self._ask("GET", address, headers)

    def post(self, address: str, form: Form, headers: Mapping[str, str]) -> dict[str, Any]:
        """Return the JSON object that a form is answered with. Raises ProviderAway."""
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return self._ask("POST", address, {**headers, **kind}, urlencode(form).encode())

    def _ask(
        self, method: str, address: str, headers: Mapping[str, str], content: bytes = b""
    ) -> dict[str, Any]:
        if not self.is_ours(address):
            raise ProviderAway(f"{address} is not on a host that may be asked")
        asked = {**headers, "accept": "application/json"}
        try:
            body = self._asker.ask(method, address, headers=asked, content=content)
        except Unanswered as error:
            raise ProviderAway(str(error)) from error
        return _object(body, address)


def _object(body: bytes, address: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProviderAway(f"{address} did not answer JSON") from error
    if not isinstance(found, dict):
        raise ProviderAway(f"{address} did not answer a JSON object")
    return found
