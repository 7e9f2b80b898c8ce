"""The installation's own keys, opened: each does the one deed that its name is for. They stay in this file.

Format: "Small secrets" of docs/formats/file-encryption.md; their rows are those of the table of keys.
"""

import hmac

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from docvault.encryption import records
from docvault.encryption.errors import KeyKept, Tampered

OWN = "key"  # what the contexts of own keys begin with
RESERVED = f"record-{OWN}"  # the purpose that opens them: for no caller
LOG, PEPPER, SHREDDED = "log", "pepper", "shredded"
AUTHORITY = "ca-"  # what the names of the certificate authority's keys begin with


class LogSigner:
    """The key of the audit log: Ed25519."""

    def __init__(self, secret: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(secret)

    def public(self) -> bytes:
        return _spki(self._key.public_key())

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


class AuthoritySigner:
    """A key of the certificate authority or of a signer: ECDSA over P-256 with SHA-256."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    @classmethod
    def read(cls, secret: bytes) -> "AuthoritySigner":
        """Return the key of a PKCS#8 DER. Raises ValueError."""
        key = serialization.load_der_private_key(secret, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("a key of the authority is on a curve")  # noqa: TRY004 - what it holds is wrong
        return cls(key)

    @classmethod
    def make(cls) -> "AuthoritySigner":
        return cls(ec.generate_private_key(ec.SECP256R1()))

    def public(self) -> bytes:
        return _spki(self._key.public_key())

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, ec.ECDSA(hashes.SHA256()))


class Pepper:
    """A pepper of passwords."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def mac(self, message: bytes) -> bytes:
        return hmac.digest(self._secret, message, "sha256")


class Sealer:
    """The key of tombstones."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def seal(self, context: bytes, plaintext: bytes) -> bytes:
        return records.seal(self._secret, context, plaintext)

    def unseal(self, context: bytes, record: bytes) -> bytes:
        return records.unseal(self._secret, context, record)


OwnKey = LogSigner | AuthoritySigner | Pepper | Sealer


def name_of(context: str) -> str:
    """Return the name in the context of an own key. Raises KeyKept for any other context."""
    purpose, _, rest = context.partition(":")
    if purpose != OWN or not rest:
        raise KeyKept
    return rest.partition(":")[0]


def opened(context: str, secret: bytes) -> OwnKey:
    """Return the key that its name says it is. Raises KeyKept for an unknown name, Tampered."""
    name = name_of(context)
    try:
        if name == LOG:
            return LogSigner(secret)
        if name == PEPPER:
            return Pepper(secret)
        if name == SHREDDED:
            return Sealer(secret)
        if name.startswith(AUTHORITY):
            return AuthoritySigner.read(secret)
    except (ValueError, TypeError):
        raise Tampered from None
    raise KeyKept


def _spki(key: ec.EllipticCurvePublicKey | Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
