"""A root key in a PKCS#11 token: an HSM, a smart card, SoftHSM. It never leaves there.

Address: RFC 7512, `pkcs11:token=…;object=…?module-path=…&pin-source=file:…`. The object is an AES key of 256
bits. Format: "Master key" of docs/formats/file-encryption.md.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import pkcs11
from pkcs11 import GCMParams, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import EncryptedDataInvalid, NoSuchKey, NoSuchToken, PKCS11Error

from docvault.encryption.contexts import MasterContext
from docvault.encryption.errors import Tampered, UnknownAlgorithm
from docvault.encryption.keyring import KeyringError, RootKeyAway

ALGORITHM = b"\x01"  # AES-256-GCM in the token; every other value is refused
NONCE = 12  # random: a root key wraps a handful of masters in its life
TAG = 16


class HsmKey:
    """A root key in a token. A session is opened for each use and closed again."""

    def __init__(self, address: str) -> None:
        """address: an RFC 7512 URI. Asks the token nothing yet. Raises KeyringError for an unclear one."""
        path, _, query = address.removeprefix("pkcs11:").partition("?")
        where = {name: unquote(value) for name, _, value in (part.partition("=") for part in path.split(";"))}
        how = dict(parse_qsl(query))
        missing = {"token", "object"} - where.keys() | {"module-path"} - how.keys()
        if missing or not {"pin-source", "pin-value"} & how.keys():
            raise KeyringError(
                "The address of a PKCS#11 root key has token, object, module-path and pin-source: "
                "pkcs11:token=docvault;object=root?module-path=/usr/lib/….so&pin-source=file:/run/secrets/pin"
            )
        self._token, self._object = where["token"], where["object"]
        self._module = how["module-path"]
        self._pin_source, self._pin = how.get("pin-source", ""), how.get("pin-value", "")

    @property
    def name(self) -> str:
        return f"pkcs11:token={self._token};object={self._object}"

    def wrap(self, master: bytes, context: MasterContext) -> bytes:
        """Return the master wrapped for its context. Raises RootKeyAway."""
        nonce = os.urandom(NONCE)
        with self._opened() as key:
            how = GCMParams(nonce, context.encode(), TAG * 8)
            body = key.encrypt(master, mechanism=Mechanism.AES_GCM, mechanism_param=how)
        return ALGORITHM + nonce + bytes(body)

    def unwrap(self, wrapped: bytes, context: MasterContext) -> bytes:
        """Return the master again. Raises RootKeyAway, UnknownAlgorithm or Tampered."""
        if wrapped[:1] != ALGORITHM:
            raise UnknownAlgorithm
        nonce, body = wrapped[1 : 1 + NONCE], wrapped[1 + NONCE :]
        if len(body) < TAG:
            raise Tampered
        with self._opened() as key:
            how = GCMParams(nonce, context.encode(), TAG * 8)
            try:
                return bytes(key.decrypt(body, mechanism=Mechanism.AES_GCM, mechanism_param=how))
            except EncryptedDataInvalid:
                raise Tampered from None

    def __repr__(self) -> str:
        return f"HsmKey({self.name!r})"  # never the PIN

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            token = pkcs11.lib(self._module).get_token(token_label=self._token)
            with token.open(user_pin=self._read_pin()) as session:
                yield session.get_key(
                    object_class=ObjectClass.SECRET_KEY, key_type=KeyType.AES, label=self._object
                )
        except NoSuchToken as error:
            raise RootKeyAway(f"There is no PKCS#11 token called {self._token}.") from error
        except NoSuchKey as error:
            raise RootKeyAway(f"The token {self._token} has no AES key called {self._object}.") from error
        except (PKCS11Error, RuntimeError) as error:
            reason = str(error) or type(error).__name__
            raise RootKeyAway(f"The PKCS#11 token {self._token} cannot be used: {reason}.") from error

    def _read_pin(self) -> str:
        if not self._pin_source:
            return self._pin
        try:
            return Path(self._pin_source.removeprefix("file:")).read_text().strip()
        except OSError as error:
            raise RootKeyAway(f"The PIN of the token cannot be read: {error}.") from error
