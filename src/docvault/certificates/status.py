"""The OCSP responder: says whether a certificate of an authority was revoked. Pure: the moment comes from the
caller.

Source: RFC 6960 (requests and answers), RFC 5019 (one certificate a request; `unauthorized` about those of
others), RFC 9654 (nonces). A serial number that was never given out is "unknown", and not "good" (RFC 6960,
2.2).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseBuilder, OCSPResponseStatus

from docvault.certificates.authority import STATUS_LIFE, CertificateAuthority, Retired, sign_status

REQUEST_MOST = 1024  # bytes; a request for one certificate with the longest nonce has less than 400
NONCE_MOST = 128  # bytes (RFC 9654, 2.1)
# They name the issuer, and nothing rests on them; SHA-1 is what most programs ask with (RFC 5019, 2.1.1).
NAMING: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


IsIssued = Callable[[x509.Certificate, int], bool]


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """der: the answer. until: to when anybody may keep it; None where it fits this one request only."""

    der: bytes
    at: datetime
    until: datetime | None


def answer(
    request: bytes,
    authorities: Iterable[CertificateAuthority | Retired],
    now: datetime,
    *,
    is_issued: IsIssued,
) -> StatusAnswer:
    """Answer an OCSP request, DER in and out; one that is malformed or about others' certificates as well.

    is_issued: whether this issuer gave out this serial number.
    """
    try:
        asked = ocsp.load_der_ocsp_request(request) if len(request) <= REQUEST_MOST else None
        nonce = _nonce(asked) if asked is not None else None
        algorithm = NAMING[asked.hash_algorithm.name]() if asked is not None else None
    except (ValueError, KeyError, NotImplementedError, UnsupportedAlgorithm):
        asked, nonce, algorithm = None, None, None
    if asked is None or algorithm is None:
        return _refusal(OCSPResponseStatus.MALFORMED_REQUEST, now)
    for authority in authorities:
        names = _names(authority.issuing.certificate, algorithm)
        if names == (asked.issuer_name_hash, asked.issuer_key_hash):
            known = is_issued(authority.issuing.certificate, asked.serial_number)
            return _about(asked.serial_number, authority, names, algorithm, nonce, now, known=known)
    return _refusal(OCSPResponseStatus.UNAUTHORIZED, now)


def _nonce(asked: ocsp.OCSPRequest) -> bytes | None:
    """Return the nonce, where there is one. Raises ValueError for one of a length that is not allowed."""
    try:
        nonce = asked.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return None
    if not 1 <= len(nonce) <= NONCE_MOST:
        raise ValueError
    return nonce


def _names(issuer: x509.Certificate, algorithm: hashes.HashAlgorithm) -> tuple[bytes, bytes]:
    """Return the digests of the issuer's name and of its key's bits (RFC 6960, 4.1.1)."""
    key = issuer.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return _digest(issuer.subject.public_bytes(), algorithm), _digest(key, algorithm)


def _digest(content: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(content)
    return digest.finalize()


def _about(
    serial: int,
    authority: CertificateAuthority | Retired,
    names: tuple[bytes, bytes],
    algorithm: hashes.HashAlgorithm,
    nonce: bytes | None,
    now: datetime,
    *,
    known: bool,
) -> StatusAnswer:
    now = now.replace(microsecond=0)
    revocation = authority.revoked.get(serial)
    builder = OCSPResponseBuilder().add_response_by_hash(
        *names,
        serial,
        algorithm,
        OCSPCertStatus.REVOKED if revocation else OCSPCertStatus.GOOD if known else OCSPCertStatus.UNKNOWN,
        this_update=now,
        next_update=now + STATUS_LIFE,
        revocation_time=revocation.at if revocation else None,
        revocation_reason=revocation.reason if revocation else None,
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    signed = sign_status(builder, authority.responder)
    keep = nonce is None and known  # a number may be given out the next moment
    return StatusAnswer(signed, now, now + STATUS_LIFE if keep else None)


def _refusal(why: OCSPResponseStatus, now: datetime) -> StatusAnswer:
    refused = OCSPResponseBuilder.build_unsuccessful(why)
    return StatusAnswer(refused.public_bytes(serialization.Encoding.DER), now, None)
