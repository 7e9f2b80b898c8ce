"""What the certificates of each kind say beside names and keys (RFC 5280, RFC 6960, RFC 9336). Pure.

`issuing` and `root` are the names of the files under /pki/ of who issued, without their ending.
"""

from collections.abc import Sequence

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from docvault.certificates import der

DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
SMTP_UTF8_MAILBOX = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9")  # RFC 9598

Extensions = Sequence[tuple[x509.ExtensionType, bool]]  # with whether it is critical


def authority_profile(path_length: int | None) -> Extensions:
    """Return what a certificate authority's own certificate says; path_length: how many may follow."""
    return [
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (_usage("key_cert_sign", "crl_sign"), True),
    ]


def issuing_profile(url: str, root: str) -> Extensions:
    """Return what the issuing authority's certificate says; root: the place of the root's files."""
    return [*authority_profile(0), (_crl_address(url, root), False), (_issuer_address(url, root), False)]


def timestamp_profile(url: str, issuing: str) -> Extensions:
    """Return what the timestamp unit's certificate says."""
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage("digital_signature", "content_commitment"), True),
        (
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]),
            True,
        ),  # critical and alone: RFC 3161, 2.3
        (_crl_address(url, issuing), False),
        (_addresses(url, issuing), False),
    ]


def responder_profile() -> Extensions:
    """Return what the status responder's certificate says."""
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage("digital_signature"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
        (x509.OCSPNoCheck(), False),
    ]


def signing_profile(url: str, issuing: str, email: str | None) -> Extensions:
    """Return what the certificates of people and of the seal say; many readers ask for e-mail protection."""
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage("digital_signature", "content_commitment"), True),
        (x509.ExtendedKeyUsage([DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
        (_crl_address(url, issuing), False),
        (_addresses(url, issuing), False),
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


def _addresses(url: str, issuing: str) -> x509.AuthorityInformationAccess:
    """Where the issuing authority answers for what it issued, and where its own certificate lies."""
    status = _access(AuthorityInformationAccessOID.OCSP, f"{url}/pki/ocsp")
    return x509.AuthorityInformationAccess([status, *_issuer_address(url, issuing)])


def _access(method: x509.ObjectIdentifier, address: str) -> x509.AccessDescription:
    return x509.AccessDescription(method, x509.UniformResourceIdentifier(address))


def _mailbox(email: str) -> x509.GeneralName:
    """Return the e-mail address as a subject alternative name; addresses beyond ASCII follow RFC 9598."""
    if email.isascii():
        return x509.RFC822Name(email)
    return x509.OtherName(SMTP_UTF8_MAILBOX, der.utf8(email))
