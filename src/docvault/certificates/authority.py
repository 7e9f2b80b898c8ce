"""The certificate authority of one installation: its certificates, revocation lists and status answers.

Pure: keys come in, certificates go out; nothing is stored, and no clock is read. Profiles follow RFC 5280,
RFC 6960 and RFC 9336 (documentSigning).
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from docvault.certificates import der
from docvault.certificates.keys import CertificateError, KeyPair, OneTimeKey, new_key

ROOT_LIFE = timedelta(days=30 * 365)
ISSUING_LIFE = timedelta(days=20 * 365)
UNIT_LIFE = timedelta(days=15 * 365)  # timestamp unit, status responder and seal
SIGNER_LIFE = timedelta(days=5 * 365)  # years, so that readers stay green; the key itself lives seconds
BACKDATE = timedelta(minutes=2)  # a reader's clock may be behind ours
ROOT_CRL_LIFE = timedelta(days=180)
CRL_LIFE = timedelta(days=7)
STATUS_LIFE = timedelta(hours=24)  # of one OCSP answer
NAME_MOST = 64  # bytes of a common name or organisation (RFC 5280, ub-common-name; libraries count bytes)

DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
SMTP_UTF8_MAILBOX = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9")  # RFC 9598


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
    """All key pairs of an installation and what it says about them."""

    root: KeyPair
    issuing: KeyPair
    timestamp: KeyPair
    responder: KeyPair
    seal: KeyPair
    base_url: str  # where CRLs, certificates and status answers are served, without a final slash
    revoked: Mapping[int, Revocation] = field(
        default_factory=dict
    )  # by serial number, all issued by `issuing`

    def issue(self, person: SignerIdentity, now: datetime) -> OneTimeKey:
        """Make a fresh key and a certificate naming `person`; the caller logs it before using the key."""
        pair = _issue(
            _signer_name(person),
            self.issuing,
            _signing_profile(self.base_url, person.email),
            now,
            SIGNER_LIFE,
        )
        return OneTimeKey(pair, [self.issuing.der])

    def root_crl(self, now: datetime) -> bytes:
        """Return the root's revocation list, DER."""
        return _crl(self.root, {}, now, ROOT_CRL_LIFE)

    def issuing_crl(self, now: datetime) -> bytes:
        """Return the issuing authority's revocation list, DER."""
        return _crl(self.issuing, self.revoked, now, CRL_LIFE)

    def status(self, certificate: x509.Certificate, now: datetime) -> bytes:
        """Return the OCSP answer about a certificate we issued, DER."""
        builder = self._answer(ocsp.OCSPResponseBuilder(), certificate, now)
        return sign_status(builder, self.responder)

    def _answer(
        self, builder: ocsp.OCSPResponseBuilder, certificate: x509.Certificate, now: datetime
    ) -> ocsp.OCSPResponseBuilder:
        revocation = self.revoked.get(certificate.serial_number)
        return builder.add_response(
            cert=certificate,
            issuer=self.issuing.certificate,
            algorithm=hashes.SHA1(),  # noqa: S303 - names the certificate (RFC 5019, 2.1.1); nothing rests on it
            cert_status=ocsp.OCSPCertStatus.REVOKED if revocation else ocsp.OCSPCertStatus.GOOD,
            this_update=_whole(now),
            next_update=_whole(now) + STATUS_LIFE,
            revocation_time=revocation.at if revocation else None,
            revocation_reason=revocation.reason if revocation else None,
        )


def create(
    organisation: str, base_url: str, now: datetime, *, country: str | None = None
) -> CertificateAuthority:
    """Make every key and certificate of a new installation, all named after `organisation`.

    country: ISO 3166 code of two letters for the names, or None to leave it out.
    """
    url = base_url.rstrip("/")
    root_key = new_key()
    name = _name(organisation, "Root CA", country)
    root = KeyPair(_build(name, root_key, name, root_key, _authority_profile(None), now, ROOT_LIFE), root_key)
    issuing = _issue(
        _name(organisation, "Issuing CA", country), root, _issuing_profile(url), now, ISSUING_LIFE
    )
    timestamp = _name(organisation, "Timestamps", country)
    responder = _name(organisation, "Certificate Status", country)
    seal = _name(organisation, "Seal", country)
    return CertificateAuthority(
        root=root,
        issuing=issuing,
        timestamp=_issue(timestamp, issuing, _timestamp_profile(url), now, UNIT_LIFE),
        responder=_issue(responder, issuing, _responder_profile(), now, UNIT_LIFE),
        seal=_issue(seal, issuing, _signing_profile(url, None), now, UNIT_LIFE),
        base_url=url,
    )


def timestamp_unit(authority: CertificateAuthority, organisation: str, now: datetime) -> KeyPair:
    """Make a fresh timestamp key and certificate, to take over before the old one ends."""
    name = _name(organisation, "Timestamps", None)
    return _issue(name, authority.issuing, _timestamp_profile(authority.base_url), now, UNIT_LIFE)


# --- profiles -------------------------------------------------------------------------------------

Extensions = Sequence[tuple[x509.ExtensionType, bool]]  # with whether it is critical


def _authority_profile(path_length: int | None) -> Extensions:
    return [
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (_usage("key_cert_sign", "crl_sign"), True),
    ]


def _issuing_profile(url: str) -> Extensions:
    return [*_authority_profile(0), (_crl_address(url, "root"), False), (_issuer_address(url, "root"), False)]


def _timestamp_profile(url: str) -> Extensions:
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage("digital_signature", "content_commitment"), True),
        (
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]),
            True,
        ),  # critical and alone: RFC 3161, 2.3
        (_crl_address(url, "issuing"), False),
        (_addresses(url), False),
    ]


def _responder_profile() -> Extensions:
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage("digital_signature"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
        (x509.OCSPNoCheck(), False),
    ]


def _signing_profile(url: str, email: str | None) -> Extensions:
    """The profile of people and of the seal; many readers ask a signer for e-mail protection."""
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage("digital_signature", "content_commitment"), True),
        (x509.ExtendedKeyUsage([DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
        (_crl_address(url, "issuing"), False),
        (_addresses(url), False),
    ]
    if email is not None:
        extensions.append((x509.SubjectAlternativeName([_mailbox(email)]), False))
    return extensions


def _usage(*allowed: str) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in allowed for name in names})


def _crl_address(url: str, issuer: str) -> x509.CRLDistributionPoints:
    address = x509.UniformResourceIdentifier(f"{url}/pki/{issuer}.crl")
    return x509.CRLDistributionPoints([x509.DistributionPoint([address], None, None, None)])


def _issuer_address(url: str, issuer: str) -> x509.AuthorityInformationAccess:
    return x509.AuthorityInformationAccess(
        [_access(AuthorityInformationAccessOID.CA_ISSUERS, f"{url}/pki/{issuer}.cer")]
    )


def _addresses(url: str) -> x509.AuthorityInformationAccess:
    """Where the issuing authority answers for what it issued, and where its own certificate lies."""
    status = _access(AuthorityInformationAccessOID.OCSP, f"{url}/pki/ocsp")
    return x509.AuthorityInformationAccess([status, *_issuer_address(url, "issuing")])


def _access(method: x509.ObjectIdentifier, address: str) -> x509.AccessDescription:
    return x509.AccessDescription(method, x509.UniformResourceIdentifier(address))


# --- names ----------------------------------------------------------------------------------------


def _name(organisation: str, role: str, country: str | None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, country)] if country else []
    attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, _short(organisation)))
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, _short(organisation, f" {role}")))
    return x509.Name(attributes)


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


def _mailbox(email: str) -> x509.GeneralName:
    """Return the e-mail address as a subject alternative name; addresses beyond ASCII follow RFC 9598."""
    if email.isascii():
        return x509.RFC822Name(email)
    return x509.OtherName(SMTP_UTF8_MAILBOX, der.utf8(email))


# --- signing certificates, lists and answers ------------------------------------------------------


def _issue(
    name: x509.Name, issuer: KeyPair, extensions: Extensions, now: datetime, life: timedelta
) -> KeyPair:
    key = new_key()
    life = min(life, issuer.certificate.not_valid_after_utc - now)
    return KeyPair(_build(name, key, issuer.certificate.subject, issuer.key, extensions, now, life), key)


def _build(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
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
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_whole(now) - BACKDATE)
        .not_valid_after(_whole(now) + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
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
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise CertificateError(f"“{title(certificate)}” was not issued by “{title(issuer)}”.") from error
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
