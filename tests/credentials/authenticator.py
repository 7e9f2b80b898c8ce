"""A software authenticator, written from W3C WebAuthn Level 3 (sections 6 and 7) and RFC 8949, with our own CBOR.

It does what it is told, also what an honest one would not: another origin, no user verification, an old counter.
"""

import hashlib
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from docvault.credentials.passkeys import Creation, Made, RelyingParty, Request, Signed

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40  # bits of the flags (6.1)
AAGUID = bytes(range(16))


def cbor(value: object) -> bytes:
    """Encode what an attestation needs: integers, bytes, text and maps (RFC 8949, 3)."""
    match value:
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case list():
            return _head(4, len(value)) + b"".join(map(cbor, value))
        case dict():
            return _head(5, len(value)) + b"".join(cbor(key) + cbor(each) for key, each in value.items())
    raise TypeError(value)


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    size = next(size for size in (1, 2, 4, 8) if number < 1 << 8 * size)
    return bytes([major << 5 | 23 + (1, 2, 4, 8).index(size) + 1]) + number.to_bytes(size, "big")


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass
class Key:
    """One credential in it."""

    id: bytes
    private: Private
    handle: bytes
    count: int = 0

    def sign(self, data: bytes) -> bytes:
        match self.private:
            case ec.EllipticCurvePrivateKey() as private:
                return private.sign(data, ec.ECDSA(SHA256()))
            case rsa.RSAPrivateKey() as private:
                return private.sign(data, PKCS1v15(), SHA256())
        return self.private.sign(data)


def es256() -> Private:
    return ec.generate_private_key(ec.SECP256R1())


def eddsa() -> Private:
    return ed25519.Ed25519PrivateKey.generate()


def rs256(bits: int = 2048) -> Private:
    return rsa.generate_private_key(65537, bits)


@dataclass(frozen=True)
class Lies:
    """What it says that is not so; nothing by default."""

    origin: str | None = None
    rp_id: str | None = None
    challenge: bytes | None = None
    type: str | None = None
    cross_origin: bool = False
    flags: int = UP | UV
    count: int | None = None
    handle: bytes | None = None
    signature: bytes | None = None
    algorithm: int = 0  # of the key itself
    format: str = "none"
    statement: dict[str, object] | None = None


HONEST = Lies()


@dataclass
class Authenticator:
    """Holds keys of several portals. counts: whether it keeps a counter (synced passkeys do not)."""

    counts: bool = True
    synced: bool = False
    new_key: Callable[[], Private] = es256
    id_size: int = 32  # bytes
    keys: list[Key] = field(default_factory=list)

    def make(self, wanted: Creation, lies: Lies = HONEST) -> Made:
        """Make a credential (navigator.credentials.create)."""
        key = Key(os.urandom(self.id_size), self.new_key(), wanted.handle)
        self.keys.append(key)
        client_data = self._client_data("webauthn.create", wanted.party, wanted.challenge, lies)
        data = self._data(key, wanted.party, lies, made=True)
        made = {
            "fmt": lies.format,
            "attStmt": self._statement(key, data, client_data, lies),
            "authData": data,
        }
        return Made(key.id, client_data, cbor(made), ("internal", "hybrid", "made-up"))

    def sign(self, wanted: Request, lies: Lies = HONEST, *, key: Key | None = None) -> Signed:
        """Sign with a credential that is allowed (navigator.credentials.get)."""
        allowed = {each.id for each in wanted.allowed}
        key = key or next(each for each in self.keys if not allowed or each.id in allowed)
        key.count += self.counts
        client_data = self._client_data("webauthn.get", wanted.party, wanted.challenge, lies)
        data = self._data(key, wanted.party, lies, made=False)
        signature = key.sign(data + hashlib.sha256(client_data).digest())
        return Signed(key.id, client_data, data, lies.signature or signature, lies.handle or key.handle)

    def _client_data(self, kind: str, party: RelyingParty, challenge: bytes, lies: Lies) -> bytes:
        said = {
            "type": lies.type or kind,
            "challenge": base64url(challenge if lies.challenge is None else lies.challenge),
            "origin": lies.origin or party.origin,
            "crossOrigin": lies.cross_origin,
        }
        return json.dumps(said).encode()

    def _data(self, key: Key, party: RelyingParty, lies: Lies, *, made: bool) -> bytes:
        count = key.count if lies.count is None else lies.count
        flags = lies.flags | (AT if made else 0) | (BE | BS if self.synced else 0)
        rp_id_hash = hashlib.sha256((lies.rp_id or party.id).encode()).digest()
        head = rp_id_hash + bytes([flags]) + count.to_bytes(4, "big")
        if not made:
            return head
        return head + AAGUID + len(key.id).to_bytes(2, "big") + key.id + self._public(key, lies)

    def _public(self, key: Key, lies: Lies) -> bytes:
        """COSE_Key: EC2 on P-256 or P-384 and OKP on Ed25519 (RFC 9053, 7), RSA (RFC 8230, 4)."""
        match key.private:
            case ec.EllipticCurvePrivateKey() as private:
                numbers = private.public_key().public_numbers()
                size, curve = (32, 1) if private.key_size == 256 else (48, 2)
                x, y = (number.to_bytes(size, "big") for number in (numbers.x, numbers.y))
                return cbor({1: 2, 3: lies.algorithm or -7, -1: curve, -2: x, -3: y})
            case rsa.RSAPrivateKey() as private:
                n = private.public_key().public_numbers().n
                whole = n.to_bytes(private.key_size // 8, "big")
                return cbor({1: 3, 3: lies.algorithm or -257, -1: whole, -2: b"\x01\x00\x01"})
        return cbor({1: 1, 3: lies.algorithm or -8, -1: 6, -2: key.private.public_key().public_bytes_raw()})

    def _statement(self, key: Key, data: bytes, client_data: bytes, lies: Lies) -> dict[str, object]:
        if lies.statement is not None:
            return lies.statement
        if lies.format != "packed":
            return {}
        signed = data + hashlib.sha256(client_data).digest()
        return {"alg": lies.algorithm or -7, "sig": lies.signature or key.sign(signed)}


def lying(**what: object) -> Lies:
    return replace(HONEST, **what)
