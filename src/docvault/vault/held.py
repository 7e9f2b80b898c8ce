"""Keys that sign and stay where they are held: to cryptography and the rest they look like private keys.

They sign, and tell their public half; whoever asks for more gets a refusal.
"""

from typing import Any, NoReturn, Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from docvault.certificates.keys import KeyPair, KeyUnreadable
from docvault.encryption.errors import KeyKept
from docvault.encryption.masters import Keyring, SealedKey


class _Kept:
    """What a private key can do and these never do."""

    def private_bytes(self, *_: Any, **__: Any) -> NoReturn:
        raise KeyKept

    def private_bytes_raw(self) -> NoReturn:
        raise KeyKept

    def private_numbers(self) -> NoReturn:
        raise KeyKept

    def exchange(self, *_: Any, **__: Any) -> NoReturn:
        raise KeyKept

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class HeldLogKey(_Kept, Ed25519PrivateKey):
    """A key of the audit log."""

    def __init__(self, keyring: Keyring, sealed: SealedKey, public: Ed25519PublicKey) -> None:
        self._keyring = keyring
        self._sealed = sealed
        self._public = public

    @classmethod
    def of(cls, keyring: Keyring, sealed: SealedKey) -> Self:
        """Return the key of that row. Raises UnknownAlgorithm, Tampered."""
        public = serialization.load_der_public_key(keyring.public_key(sealed))
        if not isinstance(public, Ed25519PublicKey):
            raise KeyKept
        return cls(keyring, sealed, public)

    def public_key(self) -> Ed25519PublicKey:
        return self._public

    def sign(self, data: Any) -> bytes:
        return self._keyring.sign(self._sealed, bytes(data))


class _HeldCurveKey(_Kept, EllipticCurvePrivateKey):
    """A P-256 key that signs SHA-256 digests, and nothing else."""

    def __init__(self, public: EllipticCurvePublicKey) -> None:
        self._public = public

    def public_key(self) -> EllipticCurvePublicKey:
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public.curve

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        algorithm = signature_algorithm.algorithm
        if isinstance(algorithm, Prehashed) or not isinstance(algorithm, hashes.SHA256):
            raise KeyKept
        return self._signed(bytes(data))

    def _signed(self, message: bytes) -> bytes:
        raise NotImplementedError


class HeldKey(_HeldCurveKey):
    """A key of the certificate authority."""

    def __init__(self, keyring: Keyring, sealed: SealedKey, public: EllipticCurvePublicKey) -> None:
        super().__init__(public)
        self._keyring = keyring
        self.sealed = sealed

    def _signed(self, message: bytes) -> bytes:
        return self._keyring.sign(self.sealed, message)


class HeldSigner(_HeldCurveKey):
    """The key of one signature."""

    def __init__(self, keyring: Keyring) -> None:
        """Have the key made."""
        self._keyring = keyring
        self._name, public = keyring.new_signer()
        super().__init__(_curve_key(public))

    def _signed(self, message: bytes) -> bytes:
        return self._keyring.sign_once(self._name, message)

    def forget(self) -> None:
        """Have the key destroyed unused."""
        self._keyring.forget_signer(self._name)


def held_pair(keyring: Keyring, certificate: bytes, sealed: SealedKey) -> KeyPair:
    """Return a certificate, DER, with its key. Raises UnknownAlgorithm, Tampered or KeyUnreadable, also when
    they do not match.
    """
    return KeyPair.put_together(certificate, HeldKey(keyring, sealed, _curve_key(keyring.public_key(sealed))))


def _curve_key(public: bytes) -> EllipticCurvePublicKey:
    found = serialization.load_der_public_key(public)
    if not isinstance(found, EllipticCurvePublicKey):
        raise KeyUnreadable("A stored key is of another kind than its name says.")
    return found
