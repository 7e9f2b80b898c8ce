"""What the places that keep a seal's key have in common. A key in a token or a service never leaves there."""

from typing import Protocol

from cryptography import x509

from docvault.certificates.mechanisms import PublicKey


class Holder(Protocol):
    """A place that keeps one key."""

    @property
    def name(self) -> str:
        """Say which key this is; no secret."""

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """The certificates that lie beside the key; often none."""

    def public_key(self) -> PublicKey:
        """Return the public part. Raises SealUnclear, KeyUnfit or SealAway."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature of SHA-256 of `message`; of ECDSA in DER. Raises SealUnclear or SealAway."""
