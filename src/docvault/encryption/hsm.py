"""A root key in a PKCS#11 token: an HSM, a smart card, SoftHSM. It never leaves there.

The object is an AES key of 256 bits. Format: "Master key" of docs/formats/file-encryption.md.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pkcs11 import GCMParams, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import EncryptedDataInvalid, NoSuchKey

from docvault.encryption.contexts import MasterContext
from docvault.encryption.errors import Tampered, UnknownAlgorithm
from docvault.encryption.keyring import KeyringError, RootKeyAway
from docvault.encryption.pkcs11_tokens import AddressUnclear, Token, TokenAway

ALGORITHM = b"\x01"  # AES-256-GCM in the token; every other value is refused
NONCE = 12  # random: a root key wraps a handful of masters in its life
TAG = 16


class HsmKey:
    """A root key in a token. A session is opened for each use and closed again."""

    def __init__(self, address: str) -> None:
        """address: an RFC 7512 URI. Asks the token nothing yet. Raises KeyringError for an unclear one."""
        try:
            self._token = Token(address)
        except AddressUnclear as error:
            raise KeyringError(f"The address of a PKCS#11 root key {error}") from error

    @property
    def name(self) -> str:
        return self._token.name

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
        token = self._token
        try:
            with token.session() as session:
                try:
                    key = session.get_key(
                        object_class=ObjectClass.SECRET_KEY, key_type=KeyType.AES, label=token.object
                    )
                except NoSuchKey as error:
                    raise RootKeyAway(
                        f"The token {token.label} has no AES key called {token.object}."
                    ) from error
                yield key
        except TokenAway as error:
            raise RootKeyAway(str(error)) from error
