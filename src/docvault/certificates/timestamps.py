"""The built-in timestamp authority: answers RFC 3161 requests. Pure: the moment comes from the caller.

Source: RFC 3161 (requests and tokens), RFC 5035 and RFC 5816 (ESSCertIDv2), RFC 5652 (CMS). Tokens are
written with our own DER writer: asn1crypto's takes exponential time on trees built by hand.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime

from asn1crypto import tsp

from docvault.certificates import der
from docvault.certificates.keys import KeyPair, sign_bytes

POLICY = "2.25.211034583290744813605913642173570642418"  # ours: an OID made from a random UUID (ITU-T X.667)
ACCURACY = 1  # seconds
DIGESTS = {"sha256": 32, "sha384": 48, "sha512": 64}  # accepted algorithms, bytes of their digests

GRANTED, REJECTION = 0, 2  # PKIStatus
BAD_ALGORITHM, BAD_REQUEST, BAD_FORMAT, UNACCEPTED_POLICY, UNACCEPTED_EXTENSION = (
    0,
    2,
    5,
    15,
    16,
)  # PKIFailureInfo

SHA256 = "2.16.840.1.101.3.4.2.1"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"


class TimestampAuthority:
    """Signs the statement "these bytes existed at this moment" with its own key."""

    def __init__(self, unit: KeyPair, chain: Sequence[bytes]) -> None:
        self._unit = unit
        self._chain = tuple(chain)  # DER, sent along when the request asks for certificates

    def respond(self, request: bytes, now: datetime) -> bytes:
        """Return the answer to a request, DER in and out; a bad one gets a rejection that says why."""
        try:
            parsed = tsp.TimeStampReq.load(request, strict=True)
            imprint = parsed["message_imprint"]
            algorithm, digest = (
                imprint["hash_algorithm"]["algorithm"].native,
                imprint["hashed_message"].native,
            )
            policy, nonce = parsed["req_policy"].native, parsed["nonce"].native
            extended, version = bool(parsed["extensions"].native), parsed["version"].native
            wants_certificates = bool(parsed["cert_req"].native)
            imprint_der = imprint.dump()
        except (ValueError, TypeError, KeyError):
            return _rejection(BAD_FORMAT, "The request is not an RFC 3161 timestamp request.")
        if version != "v1":
            return _rejection(BAD_REQUEST, "Only version 1 of RFC 3161 is known.")
        if DIGESTS.get(algorithm) != len(digest):
            return _rejection(BAD_ALGORITHM, "Only SHA-256, SHA-384 and SHA-512 digests are stamped.")
        if policy not in (None, POLICY):
            return _rejection(UNACCEPTED_POLICY, "That timestamp policy is not ours.")
        if extended:
            return _rejection(UNACCEPTED_EXTENSION, "Extensions are not accepted.")
        token = self._token(imprint_der, nonce, now, wants_certificates=wants_certificates)
        return der.sequence(der.sequence(der.integer(GRANTED)), token)

    def _token(self, imprint: bytes, nonce: int | None, now: datetime, *, wants_certificates: bool) -> bytes:
        """Return the TimeStampToken: a CMS SignedData around a TSTInfo (RFC 3161, 2.4.2)."""
        info = self._statement(imprint, nonce, now)
        attributes = self._attributes(info)
        certificates = [self._unit.der, *self._chain] if wants_certificates else []
        signer = der.sequence(
            der.integer(1),
            self._issuer_and_serial(),
            _algorithm(SHA256),
            der.tagged(0xA0, attributes),
            _algorithm(ECDSA_SHA256),
            der.octets(
                sign_bytes(self._unit.key, der.tagged(0x31, attributes))
            ),  # as a SET OF: RFC 5652, 5.4
        )
        return der.sequence(
            der.oid(SIGNED_DATA),
            der.explicit(
                0,
                der.sequence(
                    der.integer(3),
                    der.set_of([_algorithm(SHA256)]),
                    der.sequence(der.oid(TST_INFO), der.explicit(0, der.octets(info))),
                    der.tagged(0xA0, b"".join(sorted(certificates))) if certificates else b"",
                    der.set_of([signer]),
                ),
            ),
        )

    def _statement(self, imprint: bytes, nonce: int | None, now: datetime) -> bytes:
        name = self._unit.certificate.subject.public_bytes()
        return der.sequence(
            der.integer(1),
            der.oid(POLICY),
            imprint,
            der.integer(secrets.randbits(127) | 1 << 126),
            der.generalized_time(now),
            der.sequence(der.integer(ACCURACY)),
            b"" if nonce is None else der.integer(nonce),
            der.explicit(0, der.tagged(0xA4, name)),  # the TSA's directoryName
        )

    def _attributes(self, info: bytes) -> bytes:
        """Return the signed attributes, sorted and concatenated, without the tag around them."""
        certificate_id = (
            der.sequence(  # SHA-256 is ESSCertIDv2's default and therefore left out (RFC 5035, 4)
                der.octets(hashlib.sha256(self._unit.der).digest()),
                der.sequence(der.sequence(der.explicit(4, self._issuer())), self._serial()),
            )
        )
        values = {
            CONTENT_TYPE: der.oid(TST_INFO),
            MESSAGE_DIGEST: der.octets(hashlib.sha256(info).digest()),
            SIGNING_CERTIFICATE_V2: der.sequence(der.sequence(certificate_id)),
        }
        return b"".join(
            sorted(der.sequence(der.oid(kind), der.set_of([value])) for kind, value in values.items())
        )

    def _issuer(self) -> bytes:
        return self._unit.certificate.issuer.public_bytes()

    def _serial(self) -> bytes:
        return der.integer(self._unit.certificate.serial_number)

    def _issuer_and_serial(self) -> bytes:
        return der.sequence(self._issuer(), self._serial())


def _algorithm(oid: str) -> bytes:
    return der.sequence(der.oid(oid))  # no parameters: RFC 5754, 2 and 3.3


def _rejection(reason: int, words: str) -> bytes:
    return der.sequence(
        der.sequence(der.integer(REJECTION), der.sequence(der.utf8(words)), der.bit_flags(reason))
    )
