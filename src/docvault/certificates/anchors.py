"""Certificates of authorities that somebody wants to trust: read from a file, and looked at before that."""

import re
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from docvault.certificates.algorithms import CURVE_LEAST
from docvault.certificates.authority import fingerprint, title
from docvault.values import DocVaultError

FILE_MOST = 256 * 1024  # bytes
COUNT_MOST = 50  # certificates of one file
RSA_LEAST = 2048  # bits
NAME_MOST = 200  # characters that are kept of a name
PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")


class AnchorRefused(DocVaultError):
    """The file cannot be trusted as it is; the message says which certificate, and why."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """One certificate of an authority."""

    der: bytes
    name: str
    organisation: str
    sha256: str  # lower-case hex
    not_after: datetime


def read(content: bytes, now: datetime) -> list[Anchor]:
    """Return the authorities in a PEM bundle or one DER certificate, each once. Raises AnchorRefused."""
    if not content:
        raise AnchorRefused("Please choose a file with the certificate of an authority.")
    if len(content) > FILE_MOST:
        raise AnchorRefused("This file is too large to be a list of certificates.")
    if PRIVATE_KEY.search(content):
        raise AnchorRefused(
            "This file holds a private key. Keep that to yourself; only certificates go here."
        )
    try:
        pem = b"-----BEGIN" in content
        found = x509.load_pem_x509_certificates(content) if pem else [x509.load_der_x509_certificate(content)]
    except ValueError as error:
        raise AnchorRefused("This file holds no certificate, in PEM or DER.") from error
    if len(found) > COUNT_MOST:
        raise AnchorRefused(f"Please add at most {COUNT_MOST} certificates at once.")
    return [_checked(each, now) for each in dict.fromkeys(found)]


def described(der: bytes) -> Anchor:
    """Return what one certificate says; it is not judged."""
    return _described(x509.load_der_x509_certificate(der))


def _checked(certificate: x509.Certificate, now: datetime) -> Anchor:
    """Raises AnchorRefused."""
    try:
        found = _described(certificate)
        problem = _problem(certificate, now)
    except (ValueError, x509.DuplicateExtension) as error:
        raise AnchorRefused("A certificate in this file is damaged.") from error
    if problem:
        raise AnchorRefused(f"{found.name} {problem}")
    return found


def _described(certificate: x509.Certificate) -> Anchor:
    organisations = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return Anchor(
        der=certificate.public_bytes(Encoding.DER),
        name=title(certificate)[:NAME_MOST],
        organisation=str(organisations[0].value)[:NAME_MOST] if organisations else "",
        sha256=fingerprint(certificate),
        not_after=certificate.not_valid_after_utc,
    )


def _problem(certificate: x509.Certificate, now: datetime) -> str:
    if not _may_issue(certificate):
        return "is not the certificate of an authority: it may not issue others."
    if certificate.not_valid_after_utc <= now:
        return "has expired."
    if certificate.not_valid_before_utc > now:
        return "is not valid yet."
    key = certificate.public_key()
    strong = (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= CURVE_LEAST) or (
        isinstance(key, rsa.RSAPublicKey) and key.key_size >= RSA_LEAST
    )
    return "" if strong else "has a key that is too weak, or of a kind that is not known here."


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return basic.ca
    return basic.ca and usage.key_cert_sign
