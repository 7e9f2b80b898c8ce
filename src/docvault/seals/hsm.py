"""A seal's key in a PKCS#11 token: an HSM, a smart card, SoftHSM. It never leaves there.

A private key of P-256, or of RSA, beside its public key of the same label. What is signed is hashed here: not
every token knows the mechanisms that hash.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import MGF, Mechanism, ObjectClass
from pkcs11.constants import Attribute
from pkcs11.exceptions import MultipleObjectsReturned, NoSuchKey
from pkcs11.mechanisms import KeyType
from pkcs11.util.ec import encode_ec_public_key
from pkcs11.util.rsa import encode_rsa_public_key

from docvault.certificates import mechanisms
from docvault.certificates.mechanisms import SALT, PublicKey
from docvault.encryption.pkcs11_tokens import AddressUnclear, Token, TokenAway
from docvault.seals.errors import SealAway, SealUnclear

_PSS = (Mechanism.SHA256, MGF.SHA256, SALT)


class TokenHolder:
    """A key in a token. A session is opened for each use and closed again."""

    certificates: tuple[x509.Certificate, ...] = ()  # none lies beside the key

    def __init__(self, address: str) -> None:
        """address: an RFC 7512 URI. Asks the token nothing yet. Raises SealUnclear for an unclear one."""
        try:
            self._token = Token(address)
        except AddressUnclear as error:
            raise SealUnclear(f"DOCVAULT_SIGNER: the address of a PKCS#11 key {error}") from error

    @property
    def name(self) -> str:
        return self._token.name

    def public_key(self) -> PublicKey:
        """Return the public part. Raises SealUnclear, KeyUnfit or SealAway."""
        with self._opened(ObjectClass.PUBLIC_KEY) as key:
            encoded = (
                encode_ec_public_key(key)
                if key[Attribute.KEY_TYPE] == KeyType.EC
                else encode_rsa_public_key(key)
            )
        return mechanisms.known(load_der_public_key(encoded))

    def sign(self, message: bytes) -> bytes:
        """Return the signature of SHA-256 of `message`; of ECDSA in DER. Raises SealUnclear or SealAway."""
        digest = hashlib.sha256(message).digest()
        with self._opened(ObjectClass.PRIVATE_KEY) as key:
            if key[Attribute.KEY_TYPE] != KeyType.EC:
                return bytes(key.sign(digest, mechanism=Mechanism.RSA_PKCS_PSS, mechanism_param=_PSS))
            raw = bytes(key.sign(digest, mechanism=Mechanism.ECDSA))
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))

    def __repr__(self) -> str:
        return f"TokenHolder({self.name!r})"  # never the PIN

    @contextmanager
    def _opened(self, kind: ObjectClass) -> Iterator[Any]:
        token = self._token
        try:
            with token.session() as session:
                try:
                    key = session.get_key(object_class=kind, label=token.object)
                except (NoSuchKey, MultipleObjectsReturned) as error:
                    what = "private" if kind is ObjectClass.PRIVATE_KEY else "public"
                    raise SealUnclear(
                        f"The token {token.label} has not exactly one {what} key called {token.object}."
                    ) from error
                yield key
        except TokenAway as error:
            raise SealAway(f"The seal's key cannot be used. {error}") from error
