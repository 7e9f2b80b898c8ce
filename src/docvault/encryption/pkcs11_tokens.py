"""A PKCS#11 token by its address: an HSM, a smart card, SoftHSM. Opens sessions; knows nothing of keys.

Address: RFC 7512, `pkcs11:token=…;object=…?module-path=…&pin-source=file:…`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import pkcs11
from pkcs11.exceptions import NoSuchToken, PKCS11Error

from docvault.values import DocVaultError

# Whoever is logged in to a token is so for the whole process: two at once would log each other out.
_ONE = threading.Lock()


class AddressUnclear(DocVaultError):
    """The address lacks something."""

    def __init__(self) -> None:
        super().__init__(
            "has token, object, module-path and pin-source: "
            "pkcs11:token=docvault;object=root?module-path=/usr/lib/….so&pin-source=file:/run/secrets/pin"
        )


class TokenAway(DocVaultError):
    """The token cannot be used now; the message says why and shows no PIN."""


class Token:
    """One token, and the label of one object in it."""

    def __init__(self, address: str) -> None:
        """address: an RFC 7512 URI. Asks the token nothing yet. Raises AddressUnclear."""
        path, _, query = address.removeprefix("pkcs11:").partition("?")
        where = {name: unquote(value) for name, _, value in (part.partition("=") for part in path.split(";"))}
        how = dict(parse_qsl(query))
        missing = {"token", "object"} - where.keys() | {"module-path"} - how.keys()
        if missing or not {"pin-source", "pin-value"} & how.keys():
            raise AddressUnclear
        self.label, self.object = where["token"], where["object"]
        self._module = how["module-path"]
        self._pin_source, self._pin = how.get("pin-source", ""), how.get("pin-value", "")

    @property
    def name(self) -> str:
        """Say which object of which token this is; no secret."""
        return f"pkcs11:token={self.label};object={self.object}"

    def __repr__(self) -> str:
        return f"Token({self.name!r})"  # never the PIN

    @contextmanager
    def session(self) -> Iterator[Any]:
        """Lend a session, closed again afterwards. Raises TokenAway, also for what PKCS#11 says in it."""
        try:
            with _ONE:
                token = pkcs11.lib(self._module).get_token(token_label=self.label)
                with token.open(user_pin=self._read_pin()) as session:
                    yield session
        except NoSuchToken as error:
            raise TokenAway(f"There is no PKCS#11 token called {self.label}.") from error
        except (PKCS11Error, RuntimeError) as error:
            reason = str(error) or type(error).__name__
            raise TokenAway(f"The PKCS#11 token {self.label} cannot be used: {reason}.") from error

    def _read_pin(self) -> str:
        if not self._pin_source:
            return self._pin
        try:
            return Path(self._pin_source.removeprefix("file:")).read_text().strip()
        except OSError as error:
            raise TokenAway(f"The PIN of the token cannot be read: {error}.") from error
