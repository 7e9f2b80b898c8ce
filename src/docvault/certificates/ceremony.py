"""A root whose key never comes to the portal: made, kept under a passphrase, and what it signs.

Pure, and for a machine without a network: files come in and go out as bytes. The record of a ceremony is
plain text with a CMS signature beside it that any program verifies (RFC 5652): docs/operators.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PrivateFormat,
    pkcs7,
    pkcs12,
)

from docvault.certificates import authority, making
from docvault.certificates.authority import ISSUING_LIFE, fingerprint
from docvault.certificates.keys import CertificateError, KeyPair
from docvault.certificates.profiles import Extensions, issuing_profile

PASSPHRASE_LEAST = 12  # characters: the file may be copied and guessed at for years
ROUNDS = 600_000  # of PBKDF2 (OWASP, Password Storage)
LIST_LIFE = timedelta(days=2 * 365)  # of the root's revocation list: as long as nobody opens the safe


class CeremonyRefused(CertificateError):
    """A step of a ceremony cannot be done so; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a root signed: its list, and perhaps an issuing authority."""

    root: x509.Certificate
    crl: x509.CertificateRevocationList
    issuing: x509.Certificate | None = None

    def pem(self) -> bytes:
        """Return all of it as one file."""
        found = [each for each in (self.issuing, self.root, self.crl) if each is not None]
        return b"".join(each.public_bytes(Encoding.PEM) for each in found)


def make_root(organisation: str, now: datetime, *, country: str | None = None) -> KeyPair:
    """Make a root that is named after the organisation and the year, so that no two have one name."""
    return making.new_root(making.subject(organisation, f"Root CA {now:%Y-%m}", country), now)


def lock(root: KeyPair, passphrase: str) -> bytes:
    """Return the root as a PKCS#12 file that only the passphrase opens. Raises CeremonyRefused."""
    if len(passphrase) < PASSPHRASE_LEAST:
        raise CeremonyRefused(f"A passphrase of at least {PASSPHRASE_LEAST} characters is needed.")
    how = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(passphrase.encode())
    )
    return pkcs12.serialize_key_and_certificates(b"root", root.key, root.certificate, None, how)


def unlock(content: bytes, passphrase: str) -> KeyPair:
    """Open the root's file. Raises CeremonyRefused."""
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(content, passphrase.encode())
    except ValueError as error:
        raise CeremonyRefused("The passphrase is wrong, or this is not the root's file.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate is None:
        raise CeremonyRefused("This file holds no root of DocVault.")
    if certificate.issuer != certificate.subject or key.public_key() != certificate.public_key():
        raise CeremonyRefused("This file holds no root of DocVault.")
    return KeyPair(certificate, key)


def request(
    key: ec.EllipticCurvePrivateKey, name: x509.Name, url: str, root_place: str
) -> x509.CertificateSigningRequest:
    """Return the request of an issuing authority (RFC 2986) that says what its certificate shall say."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    for extension, critical in issuing_profile(url, root_place):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key, hashes.SHA256())


def sign_request(root: KeyPair, content: bytes, now: datetime) -> Signed:
    """Return the issuing authority that a request (PEM) asks for, and a list. Raises CeremonyRefused."""
    try:
        asked = x509.load_pem_x509_csr(content)
        wanted: Extensions = [(each.value, each.critical) for each in asked.extensions]
        key, sound = asked.public_key(), asked.is_signature_valid
    except ValueError as error:
        raise CeremonyRefused("This file holds no request.") from error
    if not sound or not isinstance(key, ec.EllipticCurvePublicKey):
        raise CeremonyRefused("The request is not signed with its own key. Make it again.")
    if not _is_plain(wanted):
        raise CeremonyRefused("The request asks for more than an issuing authority of DocVault may do.")
    made = making.certify(asked.subject, key, root, wanted, now, ISSUING_LIFE)
    return Signed(root.certificate, sign_list(root, now).crl, made)


def sign_list(root: KeyPair, now: datetime, life: timedelta = LIST_LIFE) -> Signed:
    """Return a fresh revocation list of the root; nothing it issued is revoked."""
    life = min(life, root.certificate.not_valid_after_utc - now)
    return Signed(root.certificate, x509.load_der_x509_crl(making.crl(root, {}, now, life)))


def record(title: str, who: Sequence[str], now: datetime, signed: Sequence[x509.Certificate]) -> bytes:
    """Return the text of a record: what was done, by whom, when, and the fingerprints."""
    lines = [title, f"On {now:%Y-%m-%d %H:%M:%S} UTC", *(f"Present: {each}" for each in who)]
    for each in signed:
        lines += [
            "",
            each.subject.rfc4514_string(),
            f"  valid {each.not_valid_before_utc:%Y-%m-%d} to {each.not_valid_after_utc:%Y-%m-%d}",
            f"  SHA-256 {shown(each)}",
        ]
    return "\n".join([*lines, ""]).encode()


def sign_record(root: KeyPair, text: bytes) -> bytes:
    """Return the root's signature of a record, PEM: `openssl cms -verify` takes it with the text."""
    builder = pkcs7.PKCS7SignatureBuilder().set_data(text)
    builder = builder.add_signer(root.certificate, root.key, hashes.SHA256())
    how = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    return builder.sign(Encoding.PEM, how)


def shown(certificate: x509.Certificate) -> str:
    """Return the fingerprint in groups that people compare."""
    digits = fingerprint(certificate).upper()
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def read(content: bytes, now: datetime) -> Signed:
    """Read and check what a root signed, from the file of `Signed.pem`. Raises CeremonyRefused."""
    try:
        certificates = x509.load_pem_x509_certificates(content)
        crl = x509.load_pem_x509_crl(content[content.index(b"-----BEGIN X509 CRL-----") :])
    except ValueError as error:
        raise CeremonyRefused("This is not the file that `docvault keys ceremony sign` wrote.") from error
    root = certificates[-1]
    issuing = certificates[0] if len(certificates) > 1 else None
    key = root.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not authority.is_issued_by(root, root):
        raise CeremonyRefused("The last certificate in the file is not a root of DocVault.")
    numbered = any(isinstance(each.value, x509.CRLNumber) for each in crl.extensions)
    if not numbered or not crl.is_signature_valid(key) or (crl.next_update_utc or now) <= now:
        raise CeremonyRefused("The revocation list is not the root's, or has ended. Sign a new one.")
    if issuing is not None:
        authority.verify_chain([issuing, root], now)
        if crl.get_revoked_certificate_by_serial_number(issuing.serial_number) is not None:
            raise CeremonyRefused("The root has revoked this issuing authority.")
    return Signed(root, crl, issuing)


def _is_plain(wanted: Extensions) -> bool:
    """Tell whether these are an issuing authority's extensions, and no others."""
    plain = [type(each) for each, _ in issuing_profile("", "")]
    constraints = [each for each, _ in wanted if isinstance(each, x509.BasicConstraints)]
    return [type(each) for each, _ in wanted] == plain and constraints == [x509.BasicConstraints(True, 0)]
