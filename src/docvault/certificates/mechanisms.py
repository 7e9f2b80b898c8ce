"""How an organisation's seal signs: ECDSA on P-256 or RSA-PSS, both over SHA-256. Holds no key.

Sources: ETSI TS 119 312 (suites), RFC 4055, 3.1 (PSS with MGF1 of the same digest and a salt of its length).
Never RSA with PKCS#1 v1.5, and no RSA key below 3072 bits: promise 59.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from docvault.certificates.keys import SIGNATURE, CertificateError, sign_bytes

ECDSA, RSA_PSS = "ecdsa", "rsassa_pss"
RSA_LEAST = 3072  # bits
SALT = 32  # bytes

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

PSS = padding.PSS(padding.MGF1(hashes.SHA256()), SALT)


class KeyUnfit(CertificateError):
    """A key of this kind or size may not seal; the message says which may."""


class SignatureWrong(CertificateError):
    """A signature was made with another key than the one that belongs to the certificate."""


def known(key: object) -> PublicKey:
    """Return the key where a seal may sign with it. Raises KeyUnfit."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        if isinstance(key.curve, ec.SECP256R1):
            return key
        raise KeyUnfit(f"A key on the curve {key.curve.name} cannot seal: use P-256 (secp256r1).")
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size >= RSA_LEAST:
            return key
        raise KeyUnfit(
            f"An RSA key of {key.key_size} bits is too weak to seal: use {RSA_LEAST} bits or more, or P-256."
        )
    raise KeyUnfit(f"A key of this kind cannot seal: use P-256, or RSA of {RSA_LEAST} bits or more.")


def of(key: PublicKey) -> str:
    """Return the name of the signature algorithm that goes with the key."""
    return ECDSA if isinstance(key, ec.EllipticCurvePublicKey) else RSA_PSS


def longest(key: PublicKey) -> int:
    """Return how many bytes a signature takes at most."""
    return SIGNATURE if isinstance(key, ec.EllipticCurvePublicKey) else (key.key_size + 7) // 8


def sign(key: PrivateKey, message: bytes) -> bytes:
    """Return the signature of SHA-256 of `message`; of ECDSA in DER."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return sign_bytes(key, message)
    return key.sign(message, PSS, hashes.SHA256())


def verify(key: PublicKey, message: bytes, signature: bytes) -> None:
    """Check a signature of SHA-256 of `message`. Raises SignatureWrong."""
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        else:
            key.verify(signature, message, PSS, hashes.SHA256())
    except InvalidSignature as error:
        raise SignatureWrong("The signature does not belong to the certificate's key.") from error
