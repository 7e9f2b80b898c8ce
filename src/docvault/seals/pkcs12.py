"""A seal in a PKCS#12 file (RFC 7292): key, certificate and those above it. Opened once, at the start."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from docvault.certificates import mechanisms
from docvault.certificates.mechanisms import PrivateKey, PublicKey
from docvault.seals.errors import SealUnclear


class FileHolder:
    """A key that was read from a file. Holds a secret: never log or keep it."""

    def __init__(self, path: Path, passphrase: str) -> None:
        """Raises SealUnclear for a file that cannot be opened, KeyUnfit."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SealUnclear(f"The seal's file cannot be read: {error}.") from error
        try:
            found = pkcs12.load_pkcs12(content, passphrase.encode() or None)
        except (ValueError, TypeError) as error:
            raise SealUnclear(
                f"{path} does not open: DOCVAULT_SIGNER_PASSPHRASE is wrong, or it is no PKCS#12 file."
            ) from error
        if found.key is None:
            raise SealUnclear(f"{path} holds no private key. Export the certificate together with its key.")
        self._path = path
        self._public = mechanisms.known(found.key.public_key())
        self._key: PrivateKey = found.key  # type: ignore[assignment]  # `known` has looked at its other half
        inside = [found.cert, *found.additional_certs]
        self.certificates: tuple[x509.Certificate, ...] = tuple(
            each.certificate for each in inside if each is not None
        )

    @property
    def name(self) -> str:
        return f"pkcs12:{self._path}"

    def public_key(self) -> PublicKey:
        """Return the public part."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """Return the signature of SHA-256 of `message`; of ECDSA in DER."""
        return mechanisms.sign(self._key, message)

    def __repr__(self) -> str:
        return f"FileHolder({self.name!r})"  # never the key
