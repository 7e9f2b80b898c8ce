"""Key pairs of the certificate authority and the keys of signers. Never writes anything anywhere.

Every key made here is P-256 (ETSI TS 119 312; all common readers verify it): promise 59. What a seal from
elsewhere may be says mechanisms.py.
"""

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from docvault.values import DocVaultError

SIGNATURE = 72  # bytes: the longest DER encoding of a P-256 signature


class CertificateError(DocVaultError):
    """The root of the refusals of this room."""


class KeyAlreadyUsed(CertificateError):
    """A signer's key signs exactly once; this one has, or was destroyed."""

    def __init__(self) -> None:
        super().__init__("This signing key was already used. Every signature needs a fresh one.")


class KeyUnreadable(CertificateError):
    """A stored key or certificate is damaged, or the two do not belong together."""


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a fresh P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def sign_bytes(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """Return the ECDSA signature of SHA-256 of `message`, DER."""
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


def certificate_der(certificate: x509.Certificate) -> bytes:
    """Return the certificate, DER."""
    return certificate.public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate with its private key; the key's text form never shows it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return certificate_der(self.certificate)

    def private_der(self) -> bytes:
        """Return the private key, PKCS#8 DER. Secret: to be wrapped at once."""
        return self.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @classmethod
    def load(cls, certificate: bytes, private: bytes) -> "KeyPair":
        """Put a stored pair back together, both DER. Raises KeyUnreadable, also when they do not match."""
        try:
            key = serialization.load_der_private_key(private, None)
        except (ValueError, TypeError) as error:
            raise KeyUnreadable("A stored key or certificate is damaged.") from error
        return cls.put_together(certificate, key)

    @classmethod
    def put_together(cls, certificate: bytes, key: object) -> "KeyPair":
        """Pair a certificate, DER, with its key, wherever that is. Raises KeyUnreadable as `load`."""
        try:
            parsed = x509.load_der_x509_certificate(certificate)
        except ValueError as error:
            raise KeyUnreadable("A stored key or certificate is damaged.") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != parsed.public_key():
            raise KeyUnreadable("A stored key and its certificate do not belong together.")
        return cls(parsed, key)


@dataclass(frozen=True, slots=True)
class OfflineRoot:
    """A root whose key is not here, with the revocation list that it signed last."""

    certificate: x509.Certificate
    crl: bytes  # DER

    @property
    def ends(self) -> datetime:
        """When the list does."""
        return x509.load_der_x509_crl(self.crl).next_update_utc or self.certificate.not_valid_after_utc

    @property
    def der(self) -> bytes:
        return certificate_der(self.certificate)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A certificate and all that proves it, DER throughout; no key. What a PDF worker is given."""

    certificate: bytes
    chain: tuple[bytes, ...]  # issuing authorities, without the root
    roots: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]
    at: datetime  # aware; when the lists and answers were made, and the certificates are checked
    clock_chain: tuple[bytes, ...] = ()  # issuing authorities of a clock of others, without its root
    mechanism: str = "ecdsa"  # of the signature, as mechanisms.py calls it
    signature_most: int = SIGNATURE  # bytes of the longest one


class OneTimeKey:
    """A signer's fresh key: signs exactly once and is destroyed by it (promises 61 and 62)."""

    def __init__(
        self, pair: KeyPair, chain: Sequence[bytes], forget: Callable[[], None] = lambda: None
    ) -> None:
        """forget: destroys the key where it is kept, when it is not to sign."""
        self.certificate = pair.der  # DER
        self.chain = tuple(chain)  # DER, issuing authority first, without the root
        self.sha256 = hashlib.sha256(self.certificate).hexdigest()
        self._key: ec.EllipticCurvePrivateKey | None = pair.key
        self._turn = threading.Lock()
        self._forget = forget

    @property
    def used(self) -> bool:
        return self._key is None

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message`, DER; the key is gone before. Raises KeyAlreadyUsed."""
        with self._turn:
            key, self._key = self._key, None
        if key is None:
            raise KeyAlreadyUsed
        return sign_bytes(key, message)

    def destroy(self) -> None:
        """Forget the key unused; `sign` raises from now on."""
        with self._turn:
            key, self._key = self._key, None
        if key is not None:
            self._forget()
