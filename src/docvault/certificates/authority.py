"""The certificate authority of one installation: its certificates, revocation lists and status answers.

Pure: keys come in, certificates go out; nothing is stored, and no clock is read. Profiles follow RFC 5280,
RFC 6960 and RFC 9336 (documentSigning).
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from docvault.certificates import making
from docvault.certificates.keys import CertificateError, KeyPair, OfflineRoot, OneTimeKey
from docvault.certificates.making import Revocation
from docvault.certificates.mechanisms import PublicKey
from docvault.certificates.profiles import (
    issuing_profile,
    responder_profile,
    signing_profile,
    timestamp_profile,
)

UNIT_LIFE = timedelta(days=15 * 365)  # timestamp unit, status responder and seal
SIGNER_LIFE = timedelta(days=5 * 365)  # years, so that readers stay green; the key itself lives seconds
ISSUING_LIFE = timedelta(days=20 * 365)
ROOT_CRL_LIFE = timedelta(days=180)
CRL_LIFE = timedelta(days=7)
STATUS_LIFE = timedelta(hours=24)  # of one OCSP answer


class RootIsElsewhere(CertificateError):
    """The root's key was never here, so nothing new can be put under it from here."""

    def __init__(self) -> None:
        super().__init__(
            "The root's key is kept outside of DocVault. A new issuing authority takes a key ceremony: "
            "`docvault keys ceremony request` begins it."
        )


UNITS = ("timestamp", "responder", "seal")  # what stands under the issuing authority and signs itself


@dataclass(frozen=True, slots=True)
class SignerIdentity:
    """The person a signing certificate names."""

    person_id: str
    name: str
    email: str
    organisation: str


@dataclass(frozen=True, slots=True)
class CertificateAuthority:
    """All key pairs of an installation that are in use, and what it says about them."""

    root: KeyPair | OfflineRoot
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

    def issue(
        self,
        person: SignerIdentity,
        now: datetime,
        key: EllipticCurvePrivateKey | None = None,
        forget: Callable[[], None] = lambda: None,
    ) -> OneTimeKey:
        """Make a certificate naming `person` for a fresh key; the caller logs it before using the key.

        key: one that is made and kept elsewhere, and forget: what destroys it there.
        """
        profile = signing_profile(self.base_url, self.issuing_place, person.email)
        pair = making.issue(_signer_name(person), self.issuing, profile, now, SIGNER_LIFE, key)
        return OneTimeKey(pair, [self.issuing.der], forget)

    def certify_seal(self, key: PublicKey, now: datetime) -> x509.Certificate:
        """Return a certificate for a seal whose key is kept elsewhere."""
        organisation, country = making.named(self.issuing.certificate)
        profile = signing_profile(self.base_url, self.issuing_place, None)
        return making.certify(
            making.subject(organisation, "Seal", country), key, self.issuing, profile, now, UNIT_LIFE
        )

    def root_crl(self, now: datetime) -> bytes:
        """Return the root's revocation list, DER; of one that is not here the last that it signed."""
        if isinstance(self.root, OfflineRoot):
            return self.root.crl
        return making.crl(self.root, {}, now, ROOT_CRL_LIFE)

    def issuing_crl(self, now: datetime) -> bytes:
        """Return the issuing authority's revocation list, DER."""
        return making.crl(self.issuing, self.revoked, now, CRL_LIFE)

    def last_crls(self, now: datetime) -> tuple[bytes, bytes]:
        """Return the lists of root and issuing authority that stay when their keys go, DER: they hold until
        the certificate of who signed them ends (RFC 5280, 3.3).
        """
        at = making.whole(now)
        ends = self.issuing.certificate.not_valid_after_utc
        return self._last_root_crl(at), making.crl(self.issuing, self.revoked, at, ends - at)

    def _last_root_crl(self, at: datetime) -> bytes:
        if isinstance(self.root, OfflineRoot):
            return self.root.crl
        return making.crl(self.root, {}, at, self.root.certificate.not_valid_after_utc - at)

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
    root = making.new_root(making.subject(organisation, "Root CA", country), now)
    issuing = making.issue(
        making.subject(organisation, "Issuing CA", country),
        root,
        issuing_profile(url, "root"),
        now,
        ISSUING_LIFE,
    )
    units = {name: _unit(name, issuing, organisation, country, url, "issuing", now) for name in UNITS}
    return CertificateAuthority(
        root, issuing, units["timestamp"], units["responder"], units["seal"], base_url=url
    )


def renew(old: CertificateAuthority, name: str, now: datetime) -> CertificateAuthority:
    """Return the authority with a new key and certificate for `name` and for all that stands under it.

    name: `root`, `issuing` or one of UNITS. A new root or issuing authority has a name with its number.
    Raises RootIsElsewhere.
    """
    if name in UNITS:
        return _with_units(old, [name], now)
    organisation, country = making.named(old.issuing.certificate)
    root, number = old.root, old.root_number
    if isinstance(root, OfflineRoot):
        raise RootIsElsewhere
    if name == "root":
        number += 1
        root = making.new_root(making.subject(organisation, f"Root CA {number}", country), now)
    place = place_of("root", number)
    issuing = making.issue(
        next_issuing_name(old), root, issuing_profile(old.base_url, place), now, ISSUING_LIFE
    )
    return succeed(old, root, issuing, now, root_number=number)


def next_issuing_name(old: CertificateAuthority) -> x509.Name:
    """Return what the next issuing authority is called."""
    organisation, country = making.named(old.issuing.certificate)
    return making.subject(organisation, f"Issuing CA {old.issuing_number + 1}", country)


def succeed(
    old: CertificateAuthority,
    root: KeyPair | OfflineRoot,
    issuing: KeyPair,
    now: datetime,
    *,
    root_number: int,
) -> CertificateAuthority:
    """Return the authority with the next issuing authority, and new units under it."""
    number = old.issuing_number + 1
    made = replace(
        old, root=root, root_number=root_number, issuing=issuing, issuing_number=number, revoked={}
    )
    return _with_units(made, UNITS, now)


def _with_units(made: CertificateAuthority, names: Sequence[str], now: datetime) -> CertificateAuthority:
    organisation, country = making.named(made.issuing.certificate)
    for each in names:
        pair = _unit(each, made.issuing, organisation, country, made.base_url, made.issuing_place, now)
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
    return making.issue(making.subject(organisation, role, country), issuing, profile, now, UNIT_LIFE)


def _signer_name(person: SignerIdentity) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, making.short(person.organisation)),
            x509.NameAttribute(NameOID.COMMON_NAME, making.short(person.name)),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, person.person_id),
        ]
    )


def _status(own: CertificateAuthority | Retired, certificate: x509.Certificate, now: datetime) -> bytes:
    revocation = own.revoked.get(certificate.serial_number)
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=certificate,
        issuer=own.issuing.certificate,
        algorithm=hashes.SHA1(),  # noqa: S303 - names the certificate (RFC 5019, 2.1.1); nothing rests on it
        cert_status=ocsp.OCSPCertStatus.REVOKED if revocation else ocsp.OCSPCertStatus.GOOD,
        this_update=making.whole(now),
        next_update=making.whole(now) + STATUS_LIFE,
        revocation_time=revocation.at if revocation else None,
        revocation_reason=revocation.reason if revocation else None,
    )
    return sign_status(builder, own.responder)


def sign_status(builder: ocsp.OCSPResponseBuilder, responder: KeyPair) -> bytes:
    """Return the OCSP answer signed by the responder, with its certificate, DER."""
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
    builder = builder.certificates([responder.certificate])
    return builder.sign(responder.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


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
