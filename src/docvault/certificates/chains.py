"""The certificate of a seal that comes from elsewhere, and those above it up to a root: arranged and judged.

Pure: files and lists come in as bytes. Sources: RFC 5280 (paths, by pyhanko_certvalidator), RFC 9336.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import RevokedError, ValidationError

from docvault.certificates import mechanisms
from docvault.certificates.algorithms import CURVE_LEAST
from docvault.certificates.authority import is_issued_by, title
from docvault.certificates.keys import CertificateError, certificate_der
from docvault.certificates.mechanisms import PublicKey

RSA_LEAST = 2048  # bits of an authority above the seal, whose signatures were made long ago
WEAK = ("md2", "md5", "sha1")  # digests of certificates

_LISTS = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)


class ChainUnfit(CertificateError):
    """The seal cannot be used with these certificates; the message says why and what to do."""


class ChainOutOfTime(ChainUnfit):
    """A certificate has ended or has not begun: this changes by itself, so it does not stop a start."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a PEM file holds of certificates and revocation lists."""

    certificates: tuple[x509.Certificate, ...]
    crls: tuple[bytes, ...]  # DER


def read(pem: bytes) -> Bundle:
    """Return what a PEM file holds. Raises ChainUnfit."""
    try:
        certificates = tuple(x509.load_pem_x509_certificates(pem))
        lists = [x509.load_pem_x509_crl(each) for each in _LISTS.findall(pem)]
    except ValueError as error:
        raise ChainUnfit("The file holds no certificates that can be read, in PEM.") from error
    return Bundle(certificates, tuple(each.public_bytes(Encoding.DER) for each in lists))


def dump(chain: Sequence[x509.Certificate]) -> bytes:
    """Return certificates as a PEM file."""
    return b"".join(each.public_bytes(Encoding.PEM) for each in chain)


def arrange(key: PublicKey, found: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Return the certificate of `key`, that of its issuer and so on, the root last. Raises ChainUnfit."""
    own = next((each for each in found if _key(each) == key), None)
    if own is None:
        raise ChainUnfit(
            "None of the certificates belongs to the seal's key. Give the certificate that was made for this "
            "very key, and those above it."
        )
    chain = [own]
    while chain[-1].issuer != chain[-1].subject:
        _require_digest(chain[-1])
        above = next((each for each in found if is_issued_by(chain[-1], each)), None)
        if above is None or above in chain:
            raise ChainUnfit(
                f"The chain of certificates ends at “{title(chain[-1])}”: that of its issuer "
                f"“{chain[-1].issuer.rfc4514_string()}” is missing. Add every certificate up to the root."
            )
        chain.append(above)
    if len(chain) == 1:
        raise ChainUnfit(
            f"“{title(own)}” vouches only for itself. Use a certificate that an authority issued, or give "
            "none: then the built-in authority certifies the key."
        )
    _check(chain)
    return tuple(chain)


def check_dates(chain: Sequence[x509.Certificate], now: datetime) -> None:
    """Check that every certificate is in its time. Raises ChainOutOfTime."""
    for each in chain:
        if each.not_valid_after_utc < now:
            raise ChainOutOfTime(
                f"The seal's certificate “{title(each)}” ended on {each.not_valid_after_utc:%Y-%m-%d}. "
                "Get a new one and change DOCVAULT_SIGNER; until then nothing is sealed."
            )
        if each.not_valid_before_utc > now:
            raise ChainOutOfTime(
                f"The seal's certificate “{title(each)}” begins on {each.not_valid_before_utc:%Y-%m-%d} "
                "only. Wait, or check this machine's clock."
            )


def prove(
    chain: Sequence[x509.Certificate], crls: Sequence[bytes], ocsps: Sequence[bytes], now: datetime
) -> None:
    """Check that the lists and answers show that nothing of the chain is revoked. Raises ChainUnfit."""
    own, *upper = (Certificate.load(certificate_der(each)) for each in chain)
    context = ValidationContext(
        trust_roots=[upper[-1]],
        other_certs=upper[:-1],
        crls=list(crls),
        ocsps=list(ocsps),
        moment=now,
        allow_fetching=False,
        revocation_mode="hard-fail",
        weak_hash_algos=WEAK,
    )
    validator = CertificateValidator(own, validation_context=context)
    try:
        asyncio.run(validator.async_validate_usage(set()))
    except RevokedError as error:
        raise ChainUnfit(
            f"The seal's certificate “{title(chain[0])}”, or one above it, was revoked. Get a new one."
        ) from error
    except (ValidationError, ValueError) as error:
        raise ChainUnfit(f"The seal's certificate “{title(chain[0])}” cannot be proven: {error}") from error


def _check(chain: Sequence[x509.Certificate]) -> None:
    """Refuse what others would not accept, or what can be forged. Raises ChainUnfit, KeyUnfit."""
    mechanisms.known(chain[0].public_key())
    for above in chain[1:]:
        if not _strong(above):
            raise ChainUnfit(f"The key of “{title(above)}” is too weak to vouch for a seal.")
        if not _may_issue(above):
            raise ChainUnfit(f"“{title(above)}” is not the certificate of an authority: it may issue none.")
    if not _may_sign(chain[0]):
        raise ChainUnfit(f"“{title(chain[0])}” is not for signing: its key usage names neither use.")


def _require_digest(certificate: x509.Certificate) -> None:
    """Refuse a certificate that can be forged. Raises ChainUnfit."""
    try:
        digest = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        digest = None
    if digest is None or digest.name in WEAK:
        name = "a digest that is not known here" if digest is None else digest.name.upper()
        raise ChainUnfit(f"“{title(certificate)}” is signed with {name} and can be forged. Get a new one.")


def _key(certificate: x509.Certificate) -> object:
    try:
        return certificate.public_key()
    except ValueError:  # of a kind that the library does not know, so it is not the seal's
        return None


def _strong(certificate: x509.Certificate) -> bool:
    key = _key(certificate)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.key_size >= CURVE_LEAST
    return isinstance(key, rsa.RSAPublicKey) and key.key_size >= RSA_LEAST


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return usage.digital_signature or usage.content_commitment
