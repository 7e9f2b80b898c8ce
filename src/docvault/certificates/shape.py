"""The parts of a CMS signature that nobody signs, checked to be exactly what the standard asks.

A signature protects the document and its own signed attributes, but not the envelope around them. Without
these checks a byte of the envelope could be changed unseen (RFC 5652, 5; ETSI EN 319 122-1).
"""

from collections.abc import Iterable

from asn1crypto import cms
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.exceptions import InvalidSignature

UNSIGNED = frozenset(
    {
        "signature_time_stamp_token",
        "1.2.840.113549.1.9.16.2.23",  # certificate values (RFC 5126, 6.3.3)
        "1.2.840.113549.1.9.16.2.24",  # revocation values (RFC 5126, 6.3.4)
    }
)


class OddSignature(Exception):
    """The envelope is not as the standard asks."""


class StrayCertificate(Exception):
    """A certificate came along that nobody known has signed."""


def tokens(signed: cms.SignedData) -> list[cms.SignedData]:
    """Return the timestamp tokens among the unsigned attributes."""
    found = []
    for attribute in signed["signer_infos"][0]["unsigned_attrs"]:
        if attribute["type"].native == "signature_time_stamp_token":
            found += [value["content"] for value in attribute["values"]]
    return found


def check(content: cms.ContentInfo) -> None:
    """Check one envelope. Raises OddSignature."""
    if content["content_type"].native != "signed_data":
        raise OddSignature
    signed = content["content"]
    if len(signed["signer_infos"]) != 1:
        raise OddSignature
    signer = signed["signer_infos"][0]
    by_key = signer["sid"].name == "subject_key_identifier"
    stamped = signed["encap_content_info"]["content_type"].native != "data"
    others = [each.name for each in signed["certificates"] if each.name != "certificate"]
    if not others and signed["version"].native != ("v3" if by_key or stamped else "v1"):
        raise OddSignature
    if signer["version"].native != ("v3" if by_key else "v1"):
        raise OddSignature
    digest = signer["digest_algorithm"]["algorithm"].native
    named = [signer["digest_algorithm"], *signed["digest_algorithms"]]
    if any(each["algorithm"].native != digest or each["parameters"].native is not None for each in named):
        raise OddSignature
    kinds = [each["type"].native for each in signer["unsigned_attrs"]]
    if len(set(kinds)) != len(kinds) or not UNSIGNED.issuperset(kinds):
        raise OddSignature


def check_certificates(
    signed: cms.SignedData, known: Iterable[Certificate], roots: Iterable[Certificate]
) -> None:
    """Check that each certificate sent along is a root or issued by a known one. Raises StrayCertificate."""
    trusted = {root.dump() for root in roots}
    sent = [each.chosen for each in signed["certificates"] if each.name == "certificate"]
    issuers = {*trusted, *(each.dump() for each in (*known, *sent))}
    loaded = [x509.load_der_x509_certificate(each) for each in issuers]
    for der in {each.dump() for each in sent} - trusted:
        certificate = x509.load_der_x509_certificate(der)
        if not any(_issued(certificate, issuer) for issuer in loaded):
            raise StrayCertificate


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
