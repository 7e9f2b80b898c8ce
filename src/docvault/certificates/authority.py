"""The certificate authority of one installation: its certificates, revocation lists and status answers.

Pure: keys come in, certificates go out; nothing is stored, and no clock is read. Profiles follow RFC 5280,
RFC 6960 and RFC 9336 (documentSigning).
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from docvault.certificates.keys import CertificateError, KeyPair, OneTimeKey, new_key
from docvault.certificates.mechanisms import PublicKey
from docvault.certificates.profiles import (
    Extensions,
    authority_profile,
    issuing_profile,
    responder_profile,
    signing_profile,
    timestamp_profile,
)

ROOT_LIFE = timedelta(days=30 * 365)
ISSUING_LIFE = timedelta(days=20 * 365)
UNIT_LIFE = timedelta(days=15 * 365)  # timestamp unit, status responder and seal
SIGNER_LIFE = timedelta(days=5 * 365)  # years, so that readers stay green; the key itself lives seconds
BACKDATE = timedelta(minutes=2)  # a reader's clock may be behind ours
ROOT_CRL_LIFE = timedelta(days=180)
CRL_LIFE = timedelta(days=7)
STATUS_LIFE = timedelta(hours=24)  # of one OCSP answer
NAME_MOST = 64  # bytes of a common name or organisation (RFC 5280, ub-common-name; libraries count bytes)

UNITS = ("timestamp", "responder", "seal")  # what stands under the issuing authority and signs itself


@dataclass(frozen=True, slots=True)
class SignerIdentity:
    """The person a signing certificate names."""

    person_id: str
    name: str
    email: str
    organisation: str


@dataclass(frozen=True, slots=True)
class Revocation:
    at: datetime
    reason: x509.ReasonFlags = x509.ReasonFlags.unspecified


@dataclass(frozen=True, slots=True)
class CertificateAuthority:
    """All key pairs of an installation that are in use, and what it says about them."""

    root: KeyPair
    issuing: KeyPair
    timestamp: KeyPair
    responder: KeyPair
    seal: KeyPair
    base_url: str  # where CRLs, certificates and status answers are served, without a final slash
    revoked: Mapping[int, Revocation] = field(
        default_factory=dict
    )  # by serial number, all issued by `issuing`
    root_number: int = 1  # of how many roots this is the last
    issuing_number: int = 1

    @property
    def root_place(self) -> str:
        """The name of the root's files under /pki/, without their ending."""
        return place_of("root", self.root_number)

    @property
    def issuing_place(self) -> str:
        """The name of the issuing authority's files under /pki/, without their ending."""
        return place_of("issuing", self.issuing_number)

    def with_unit(self, name: str, pair: KeyPair) -> "CertificateAuthority":
        """Return the authority with another key for one of UNITS."""
        return CertificateAuthority(
            self.root,
            self.issuing,
            pair if name == "timestamp" else self.timestamp,
            pair if name == "responder" else self.responder,
            pair if name == "seal" else self.seal,
            self.base_url,
            self.revoked,
            self.root_number,
            self.issuing_number,
        )

    def issue(self, person: SignerIdentity, now: datetime) -> OneTimeKey:
        """Make a fresh key and a certificate naming `person`; the caller logs it before using the key."""
        profile = signing_profile(self.base_url, self.issuing_place, person.email)
        pair = _issue(_signer_name(person), self.issuing, profile, now, SIGNER_LIFE)
        return OneTimeKey(pair, [self.issuing.der])

    def certify_seal(self, key: PublicKey, now: datetime) -> x509.Certificate:
        """Return a certificate for a seal whose key is kept elsewhere."""
        organisation, country = _named(self.issuing.certificate)
        profile = signing_profile(self.base_url, self.issuing_place, None)
        return _certify(_name(organisation, "Seal", country), key, self.issuing, profile, now, UNIT_LIFE)

    def root_crl(self, now: datetime) -> bytes:
        """Return the root's revocation list, DER."""
        return _crl(self.root, {}, now, ROOT_CRL_LIFE)

    def issuing_crl(self, now: datetime) -> bytes:
        """Return the issuing authority's revocation list, DER."""
        return _crl(self.issuing, self.revoked, now, CRL_LIFE)

    def last_crls(self, now: datetime) -> tuple[bytes, bytes]:
        """Return the lists of root and issuing authority that stay when their keys go, DER: they hold until
        the certificate of who signed them ends (RFC 5280, 3.3).
        """
        at = _whole(now)
        return (
            _crl(self.root, {}, at, self.root.certificate.not_valid_after_utc - at),
            _crl(self.issuing, self.revoked, at, self.issuing.certificate.not_valid_after_utc - at),
        )

    def status(self, certificate: x509.Certificate, now: datetime) -> bytes:
        """Return the OCSP answer about a certificate we issued, DER."""
        return _status(self, certificate, now)


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate whose key is of no use any more."""

    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class Retired:
    """An issuing authority that issues nothing any more, and answers for what it issued."""

    issuing: Certified
    responder: KeyPair
    revoked: Mapping[int, Revocation] = field(default_factory=dict)

    def status(self, certificate: x509.Certificate, now: datetime) -> bytes:
        """Return the OCSP answer about a certificate it issued, DER."""
        return _status(self, certificate, now)


def create(
    organisation: str, base_url: str, now: datetime, *, country: str | None = None
) -> CertificateAuthority:
    """Make every key and certificate of a new installation, all named after `organisation`.

    country: ISO 3166 code of two letters for the names, or None to leave it out.
    """
    url = base_url.rstrip("/")
    root = _new_root(_name(organisation, "Root CA", country), now)
    issuing = _issue(
        _name(organisation, "Issuing CA", country), root, issuing_profile(url, "root"), now, ISSUING_LIFE
    )
    units = {name: _unit(name, issuing, organisation, country, url, "issuing", now) for name in UNITS}
    return CertificateAuthority(
        root, issuing, units["timestamp"], units["responder"], units["seal"], base_url=url
    )


def renew(old: CertificateAuthority, name: str, now: datetime) -> CertificateAuthority:
    """Return the authority with a new key and certificate for `name` and for all that stands under it.

    name: `root`, `issuing` or one of UNITS. A new root or issuing authority has a name with its number.
    """
    organisation, country = _named(old.issuing.certificate)
    made, url = old, old.base_url
    if name == "root":
        number = old.root_number + 1
        root = _new_root(_name(organisation, f"Root CA {number}", country), now)
        made = replace(made, root=root, root_number=number)
    if name in ("root", "issuing"):
        number = old.issuing_number + 1
        subject = _name(organisation, f"Issuing CA {number}", country)
        issuing = _issue(subject, made.root, issuing_profile(url, made.root_place), now, ISSUING_LIFE)
        made = replace(made, issuing=issuing, issuing_number=number, revoked={})
    place = made.issuing_place
    for each in [name] if name in UNITS else UNITS:
        pair = _unit(each, made.issuing, organisation, country, url, place, now)
        made = made.with_unit(each, pair)
    return made


def place_of(name: str, number: int) -> str:
    """Return what the files of a root or issuing authority are called under /pki/, without their ending."""
    return name if number == 1 else f"{name}-{number}"


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether the key of `issuer` signed the certificate."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _unit(
    name: str, issuing: KeyPair, organisation: str, country: str | None, url: str, place: str, now: datetime
) -> KeyPair:
    role, profile = {
        "timestamp": ("Timestamps", timestamp_profile(url, place)),
        "responder": ("Certificate Status", responder_profile()),
        "seal": ("Seal", signing_profile(url, place, None)),
    }[name]
    return _issue(_name(organisation, role, country), issuing, profile, now, UNIT_LIFE)


# --- names ----------------------------------------------------------------------------------------


def _name(organisation: str, role: str, country: str | None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, country)] if country else []
    attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, _short(organisation)))
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, _short(organisation, f" {role}")))
    return x509.Name(attributes)


def _named(certificate: x509.Certificate) -> tuple[str, str | None]:
    """Return the organisation and the country that a certificate of ours is named after."""
    subject = certificate.subject
    country = subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)
    organisation = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value
    return str(organisation), str(country[0].value) if country else None


def _signer_name(person: SignerIdentity) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _short(person.organisation)),
            x509.NameAttribute(NameOID.COMMON_NAME, _short(person.name)),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, person.person_id),
        ]
    )


def _short(text: str, role: str = "") -> str:
    """Return `text` and then `role` in at most NAME_MOST bytes; where `text` had to be cut, this shows."""
    room = NAME_MOST - len(role.encode())
    if len(text.encode()) > room:
        text = text.encode()[: room - len("…".encode())].decode(errors="ignore") + "…"
    return text + role


# --- signing certificates, lists and answers ------------------------------------------------------


def _new_root(name: x509.Name, now: datetime) -> KeyPair:
    key = new_key()
    own = key.public_key()
    return KeyPair(_build(name, own, name, key, authority_profile(None), now, ROOT_LIFE), key)


def _issue(
    name: x509.Name, issuer: KeyPair, extensions: Extensions, now: datetime, life: timedelta
) -> KeyPair:
    key = new_key()
    return KeyPair(_certify(name, key.public_key(), issuer, extensions, now, life), key)


def _certify(
    name: x509.Name,
    key: PublicKey,
    issuer: KeyPair,
    extensions: Extensions,
    now: datetime,
    life: timedelta,
) -> x509.Certificate:
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
        .not_valid_before(_whole(now) - BACKDATE)
        .not_valid_after(_whole(now) + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())


def _crl(issuer: KeyPair, revoked: Mapping[int, Revocation], now: datetime, life: timedelta) -> bytes:
    issuer_key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(_whole(now))
        .next_update(_whole(now) + life)
        .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
        .add_extension(issuer_key_id, critical=False)
    )
    for serial, revocation in revoked.items():
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(revocation.at)
        if revocation.reason is not x509.ReasonFlags.unspecified:  # which RFC 5280, 5.3.1 wants left out
            entry = entry.add_extension(x509.CRLReason(revocation.reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _status(own: CertificateAuthority | Retired, certificate: x509.Certificate, now: datetime) -> bytes:
    revocation = own.revoked.get(certificate.serial_number)
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=certificate,
        issuer=own.issuing.certificate,
        algorithm=hashes.SHA1(),  # noqa: S303 - names the certificate (RFC 5019, 2.1.1); nothing rests on it
        cert_status=ocsp.OCSPCertStatus.REVOKED if revocation else ocsp.OCSPCertStatus.GOOD,
        this_update=_whole(now),
        next_update=_whole(now) + STATUS_LIFE,
        revocation_time=revocation.at if revocation else None,
        revocation_reason=revocation.reason if revocation else None,
    )
    return sign_status(builder, own.responder)


def sign_status(builder: ocsp.OCSPResponseBuilder, responder: KeyPair) -> bytes:
    """Return the OCSP answer signed by the responder, with its certificate, DER."""
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
    builder = builder.certificates([responder.certificate])
    return builder.sign(responder.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def verify_chain(certificates: Sequence[x509.Certificate], now: datetime) -> None:
    """Check that each certificate is issued by the next and in its time. Raises CertificateError."""
    for certificate, issuer in itertools.pairwise(certificates):
        if not is_issued_by(certificate, issuer):
            raise CertificateError(f"“{title(certificate)}” was not issued by “{title(issuer)}”.")
    for certificate in certificates:
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise CertificateError(f"The certificate “{title(certificate)}” is not valid at this time.")


def title(certificate: x509.Certificate) -> str:
    """Return the common name on the certificate, or its whole name where it has none."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the lower-case hex SHA-256 of the certificate's DER."""
    return certificate.fingerprint(hashes.SHA256()).hex()
