"""How certificates and revocation lists are put together: names, lifetimes, signatures. Pure; keeps nothing.

Source: RFC 5280. What each kind of certificate says beside that is in profiles.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from docvault.certificates.keys import KeyPair, new_key
from docvault.certificates.mechanisms import PublicKey
from docvault.certificates.profiles import Extensions, authority_profile

ROOT_LIFE = timedelta(days=30 * 365)
BACKDATE = timedelta(minutes=2)  # a reader's clock may be behind ours
NAME_MOST = 64  # bytes of a common name or organisation (RFC 5280, ub-common-name; libraries count bytes)


@dataclass(frozen=True, slots=True)
class Revocation:
    at: datetime
    reason: x509.ReasonFlags = x509.ReasonFlags.unspecified


def subject(organisation: str, role: str, country: str | None) -> x509.Name:
    """Return the name of an authority or unit; country: ISO 3166 code of two letters."""
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, country)] if country else []
    attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, short(organisation)))
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, short(organisation, f" {role}")))
    return x509.Name(attributes)


def named(certificate: x509.Certificate) -> tuple[str, str | None]:
    """Return the organisation and the country that a certificate of ours is named after."""
    country = certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)
    organisation = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value
    return str(organisation), str(country[0].value) if country else None


def short(text: str, role: str = "") -> str:
    """Return `text` and then `role` in at most NAME_MOST bytes; where `text` had to be cut, this shows."""
    room = NAME_MOST - len(role.encode())
    if len(text.encode()) > room:
        text = text.encode()[: room - len("…".encode())].decode(errors="ignore") + "…"
    return text + role


def new_root(name: x509.Name, now: datetime) -> KeyPair:
    """Make a root, which vouches for itself."""
    key = new_key()
    own = key.public_key()
    return KeyPair(_build(name, own, name, key, authority_profile(None), now, ROOT_LIFE), key)


def issue(
    name: x509.Name,
    issuer: KeyPair,
    extensions: Extensions,
    now: datetime,
    life: timedelta,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> KeyPair:
    """Make a certificate that ends no later than its issuer's for a key; by default for a fresh one."""
    key = key or new_key()
    return KeyPair(certify(name, key.public_key(), issuer, extensions, now, life), key)


def certify(
    name: x509.Name,
    key: PublicKey,
    issuer: KeyPair,
    extensions: Extensions,
    now: datetime,
    life: timedelta,
) -> x509.Certificate:
    """Return a certificate for a key; it ends no later than its issuer's."""
    life = min(life, issuer.certificate.not_valid_after_utc - now)
    return _build(name, key, issuer.certificate.subject, issuer.key, extensions, now, life)


def _build(
    subject: x509.Name,
    key: PublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    extensions: Extensions,
    now: datetime,
    life: timedelta,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(whole(now) - BACKDATE)
        .not_valid_after(whole(now) + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())


def crl(issuer: KeyPair, revoked: Mapping[int, Revocation], now: datetime, life: timedelta) -> bytes:
    """Return a revocation list, DER."""
    issuer_key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(whole(now))
        .next_update(whole(now) + life)
        .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
        .add_extension(issuer_key_id, critical=False)
    )
    for serial, revocation in revoked.items():
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(revocation.at)
        if revocation.reason is not x509.ReasonFlags.unspecified:  # which RFC 5280, 5.3.1 wants left out
            entry = entry.add_extension(x509.CRLReason(revocation.reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def whole(moment: datetime) -> datetime:
    """Return the moment without parts of a second, which certificates do not know."""
    return moment.replace(microsecond=0)
