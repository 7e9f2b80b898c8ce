"""Judges what a timestamp authority answered. Pure: roots, lists and the moment come from the caller.

Source: RFC 3161, 2.4.2 (what has to match the request), RFC 5035 and RFC 5816 (ESSCertIDv2), RFC 5652 (CMS),
RFC 5280 (paths and revocation, by pyhanko_certvalidator). Nobody is trusted but the given roots.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from asn1crypto import cms, core, tsp
from asn1crypto.x509 import Certificate
from cryptography.exceptions import InvalidSignature
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, RevokedError, ValidationError
from pyhanko_certvalidator.sig_validate import DEFAULT_SIGNATURE_VALIDATOR, SignatureValidationContext

from docvault.certificates import algorithms, encoder, shape
from docvault.certificates.keys import CertificateError
from docvault.certificates.timestamps import DIGESTS

MOST = 64 * 1024  # bytes of an answer
TOLERANCE = timedelta(seconds=60)  # between that clock and ours, and the vaguest accuracy that is taken
WEAK = ("md2", "md5", "sha1")  # in certificates

encoder.correct()


class TokenRefused(CertificateError):
    """The answer proves nothing; the message says why, to be put after the authority's name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, whom to believe, and between which moments the answer was made."""

    request: bytes  # DER
    roots: tuple[bytes, ...]  # DER
    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """A timestamp that holds."""

    clock: str  # the authority's name, as its certificate says it
    at: datetime
    path: tuple[bytes, ...]  # DER: its certificate, those of its issuers, the root last


def check(
    asked: Asked, answer: bytes, *, crls: Sequence[bytes] = (), ocsps: Sequence[bytes] = (), proven: bool
) -> Token:
    """Return the timestamp in an answer, DER. Raises TokenRefused.

    proven: whether the lists and status answers given have to show that no certificate of it was revoked.
    """
    if len(answer) > MOST:
        raise TokenRefused("answered with too much")
    try:
        signed, info = _read(answer)
        _compare(asked, info)
        signer = _check_signature(signed, info)
        path = _path(asked, signed, signer, _context(asked, signed, crls, ocsps, proven=proven))
    except CertificateError:
        raise
    except Exception as error:  # whatever a stranger's bytes cause is a refusal, never a failure of ours
        raise TokenRefused("answered with something that is no timestamp") from error
    return Token(_name(signer), info["gen_time"].native, tuple(each.dump() for each in path))


# --- what it says ------------------------------------------------------------------------------------


def _read(answer: bytes) -> tuple[cms.SignedData, tsp.TSTInfo]:
    response = core.Sequence.load(answer, strict=True)  # asn1crypto's own type wants a token in a refusal
    status = tsp.PKIStatusInfo.load(response[0].dump(), strict=True)["status"].native
    if status != "granted":
        raise TokenRefused(f"refused the request ({status})")
    token = cms.ContentInfo.load(response[1].dump(), strict=True)
    try:
        shape.check(token)
    except shape.OddSignature as error:
        raise TokenRefused("answered with a token that is not built as the standard asks") from error
    content = token["content"]["encap_content_info"]
    if content["content_type"].native != "tst_info":
        raise TokenRefused("answered with something that is no timestamp")
    return token["content"], tsp.TSTInfo.load(bytes(content["content"]), strict=True)


def _compare(asked: Asked, info: tsp.TSTInfo) -> None:
    request = tsp.TimeStampReq.load(asked.request, strict=True)
    wanted, stamped = request["message_imprint"], info["message_imprint"]
    if info["version"].native != "v1":
        raise TokenRefused("answered in a version that is not known")
    same = wanted["hash_algorithm"]["algorithm"].native == stamped["hash_algorithm"]["algorithm"].native
    if not same or wanted["hashed_message"].native != stamped["hashed_message"].native:
        raise TokenRefused("stamped something else than what was asked")
    if request["nonce"].native is None or request["nonce"].native != info["nonce"].native:
        raise TokenRefused("gave an answer to another question (nonce)")
    accuracy = info["accuracy"].native or {}
    if timedelta(seconds=accuracy.get("seconds") or 0) > TOLERANCE:
        raise TokenRefused("says the time too vaguely")
    if not asked.earliest - TOLERANCE <= info["gen_time"].native <= asked.latest + TOLERANCE:
        raise TokenRefused(f"says another time ({info['gen_time'].native:%Y-%m-%d %H:%M:%S} UTC)")


# --- who says it -------------------------------------------------------------------------------------


def _check_signature(signed: cms.SignedData, info: tsp.TSTInfo) -> Certificate:
    """Return the certificate that the token is signed with, after checking the signature."""
    one = signed["signer_infos"][0]
    signer = _signer(signed, one)
    digest = one["digest_algorithm"]["algorithm"].native
    if digest not in DIGESTS:
        raise TokenRefused(f"signs with the digest {digest}, which is not accepted")
    attributes = _attributes(one["signed_attrs"])
    content = bytes(signed["encap_content_info"]["content"])
    if attributes["content_type"].native != "tst_info":
        raise TokenRefused("signed something that is no timestamp")
    if not hmac.compare_digest(attributes["message_digest"].native, hashlib.new(digest, content).digest()):
        raise TokenRefused("signed something else than what it says")
    _check_certificate_id(attributes, signer)
    mechanism = one["signature_algorithm"]
    algorithms.check(
        family=mechanism.signature_algo,
        bits=signer.public_key.bit_size,
        digest=digest,
        made_at=info["gen_time"].native,
    )
    message = b"\x31" + one["signed_attrs"].dump()[1:]  # signed as a SET OF (RFC 5652, 5.4)
    try:
        DEFAULT_SIGNATURE_VALIDATOR.validate_signature(
            one["signature"].native, message, signer.public_key, mechanism, SignatureValidationContext(digest)
        )
    except InvalidSignature as error:
        raise TokenRefused("answered with a signature that does not hold") from error
    return signer


def _signer(signed: cms.SignedData, one: cms.SignerInfo) -> Certificate:
    sid = one["sid"].chosen
    sent = [each.chosen for each in signed["certificates"] if each.name == "certificate"]
    for certificate in sent:
        same = isinstance(sid, cms.IssuerAndSerialNumber) and certificate.issuer == sid["issuer"]
        if same and certificate.serial_number == sid["serial_number"].native:
            return certificate
    raise TokenRefused("did not send its certificate")


def _attributes(signed: cms.CMSAttributes) -> dict[str, Any]:
    """Return each signed attribute's one value by its kind."""
    found: dict[str, Any] = {}
    for attribute in signed:
        if len(attribute["values"]) != 1 or attribute["type"].native in found:
            raise TokenRefused("answered with a token that is not built as the standard asks")
        found[attribute["type"].native] = attribute["values"][0]
    return found


def _check_certificate_id(attributes: dict[str, Any], signer: Certificate) -> None:
    """The signature covers which certificate it was made with, so that none can be put in its place."""
    if "signing_certificate_v2" not in attributes:
        raise TokenRefused("does not sign which certificate is its own (ESSCertIDv2)")
    first = attributes["signing_certificate_v2"]["certs"][0]
    digest = first["hash_algorithm"]["algorithm"].native
    if digest not in DIGESTS or first["cert_hash"].native != hashlib.new(digest, signer.dump()).digest():
        raise TokenRefused("signed with another certificate than it says")


def _context(
    asked: Asked, signed: cms.SignedData, crls: Sequence[bytes], ocsps: Sequence[bytes], *, proven: bool
) -> ValidationContext:
    return ValidationContext(
        trust_roots=[Certificate.load(each) for each in asked.roots],
        other_certs=[each.chosen for each in signed["certificates"] if each.name == "certificate"],
        crls=list(crls),
        ocsps=list(ocsps),
        moment=asked.latest,
        allow_fetching=False,
        revocation_mode="hard-fail" if proven else "soft-fail",
        weak_hash_algos=WEAK,
    )


def _path(
    asked: Asked, signed: cms.SignedData, signer: Certificate, context: ValidationContext
) -> list[Certificate]:
    """Return the certificates from the signer's to the root's."""
    _require_purpose(signer)
    try:
        path = asyncio.run(
            CertificateValidator(signer, validation_context=context).async_validate_usage(
                set(), {"time_stamping"}
            )
        )
        shape.check_certificates(signed, (), [Certificate.load(each) for each in asked.roots])
    except RevokedError as error:
        raise TokenRefused("has a certificate that was revoked") from error
    except (PathBuildingError, shape.StrayCertificate) as error:
        raise TokenRefused("has a certificate that leads to no root of DOCVAULT_TSA_ROOTS") from error
    except ValidationError as error:
        raise TokenRefused(f"has a certificate that cannot be used ({error})") from error
    return [*reversed(list(path))]


def _require_purpose(signer: Certificate) -> None:
    """RFC 3161, 2.3: for stamping times and nothing else, and critical."""
    extension = next((each for each in signer["tbs_certificate"]["extensions"] if _is_purpose(each)), None)
    if extension is None or not extension["critical"].native:
        raise TokenRefused("has a certificate that is not for timestamps alone")
    if extension["extn_value"].parsed.native != ["time_stamping"]:
        raise TokenRefused("has a certificate that is not for timestamps alone")


def _is_purpose(extension: core.Sequence) -> bool:
    return bool(extension["extn_id"].native == "extended_key_usage")


def _name(certificate: Certificate) -> str:
    found = certificate.subject.native.get("common_name")
    return str(found[0] if isinstance(found, list) else found or certificate.subject.human_friendly)
