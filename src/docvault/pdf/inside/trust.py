"""Whom a signature comes from and since when that is proven: the two-step check.

First the timestamps, from the newest on: each is judged at the moment the next newer one proves. Then each
signature, at the moment of its own timestamp: so it outlives its certificate while the archive is renewed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from asn1crypto.crl import CertificateList
from asn1crypto.ocsp import OCSPResponse, SingleResponse
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.generic_cms import collect_timing_info
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import DocumentTimestampStatus, PdfSignatureStatus, SignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    FreshnessReqType,
    RevocationCheckingPolicy,
)

from docvault.certificates import algorithms
from docvault.certificates.algorithms import AlgorithmTooWeak
from docvault.pdf.inside import changes

# The file's lists are as old as the signature. That nobody can be asked any more is not held against it; what
# the lists say is, also about moments before they were made.
REVOCATION = CertRevTrustPolicy(
    RevocationCheckingPolicy.from_legacy("soft-fail"),
    freshness=timedelta(days=100 * 365),
    freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
)
SIGNING = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"})


@dataclass(frozen=True)
class Evidence:
    """All that is known about certificates: the trusted roots, and what the file itself brings."""

    roots: Sequence[Certificate]
    clock_roots: Sequence[Certificate]  # trusted about times, and about nobody's signature
    certificates: Sequence[Certificate]
    crls: Sequence[CertificateList]
    ocsps: Sequence[OCSPResponse]
    now: datetime
    seals: Mapping[str, Certificate] = field(
        default_factory=dict
    )  # the roots that vouch for one seal each, by the SHA-256 of its certificate
    revoking: frozenset[bytes] = field(
        default=frozenset()
    )  # DER names of the issuers of the CRLs in the file

    @classmethod
    def gather(
        cls,
        reader: PdfFileReader,
        roots: Sequence[bytes],
        clock_roots: Sequence[bytes],
        crls: Sequence[bytes],
        now: datetime,
        seals: Mapping[str, bytes],
    ) -> "Evidence":
        """Read the document's security store; `crls` are fresh ones from outside."""
        try:
            store = DocumentSecurityStore.read_dss(reader)
        except NoDSSFoundError:
            store = None
        inside = [CertificateList.load(_data(each)) for each in store.crls] if store else []
        return cls(
            roots=[Certificate.load(each) for each in roots],
            clock_roots=[Certificate.load(each) for each in clock_roots],
            certificates=list(store.load_certs()) if store else [],
            crls=_without_repeats([*inside, *(CertificateList.load(each) for each in crls)]),
            ocsps=[OCSPResponse.load(_data(each)) for each in store.ocsps] if store else [],
            now=now,
            seals={seal: Certificate.load(root) for seal, root in seals.items()},
            revoking=frozenset(each.issuer.dump() for each in inside),
        )

    @property
    def about_times(self) -> list[Certificate]:
        """The roots that are trusted about times."""
        return [*self.roots, *self.clock_roots]

    def about(self, signer: Certificate) -> list[Certificate]:
        """The roots that are trusted about this signer: one that vouches for a seal does so for it alone."""
        vouching = self.seals.get(hashlib.sha256(signer.dump()).hexdigest())
        return list(self.roots) if vouching is None else [*self.roots, vouching]

    def at(self, moment: datetime, signer: Certificate | None = None) -> ValidationContext:
        """Return what pyHanko judges certificates with, at `moment`. Only the given roots are trusted.

        signer: whose certificate is judged; None: that of a clock.
        """
        return ValidationContext(
            trust_roots=self.about_times if signer is None else self.about(signer),
            other_certs=list(self.certificates),
            crls=list(self.crls),
            ocsps=[each for each in self.ocsps if not self._is_overtaken(each)],
            moment=moment,
            allow_fetching=False,
            revinfo_policy=REVOCATION,
        )

    def _is_overtaken(self, answer: OCSPResponse) -> bool:
        """Tell whether a list that is not older speaks for what this answer calls good.

        The library asks no list where an answer says "good", and the file's answers are as old as the file.
        """
        return all(
            single["cert_status"].name == "good" and any(_speaks_since(each, single) for each in self.crls)
            for single in answer.response_data["responses"]
        )

    def speaks_for(self, certificate: Certificate) -> bool:
        """Tell whether the file itself says that this certificate was not revoked (level B-LT)."""
        if certificate.issuer.dump() in self.revoking:
            return True
        serials = (
            answer["cert_id"]["serial_number"].native
            for response in self.ocsps
            for answer in response.response_data["responses"]
        )
        return certificate.serial_number in serials


def _without_repeats(lists: Sequence[CertificateList]) -> list[CertificateList]:
    """Leave out lists that revoke nothing where a newer one of their issuer revokes nothing either.

    Each signature of a document brings lists, and every certificate is checked against all of them: ten
    signatures would take a hundred times as long as one. No list that revokes anything is left out, and as
    one that is missing is not held against a certificate (REVOCATION), nothing becomes trusted by this.
    """
    kept: list[CertificateList] = []
    newest: dict[bytes, CertificateList] = {}
    for each in lists:
        inner = each["tbs_cert_list"]
        if len(inner["revoked_certificates"]) or each.issuing_distribution_point_value is not None:
            kept.append(each)
            continue
        key = each.issuer.dump() + (each.authority_key_identifier or b"")
        before = newest.get(key)
        if before is None or before["tbs_cert_list"]["this_update"].native <= inner["this_update"].native:
            newest[key] = each
    return [*kept, *newest.values()]


def _speaks_since(crl: CertificateList, single: SingleResponse) -> bool:
    """Tell whether a list is of the issuer that a status is about, and not older than it."""
    named = single["cert_id"]
    digest = hashlib.new(named["hash_algorithm"]["algorithm"].native, crl.issuer.dump()).digest()
    since = crl["tbs_cert_list"]["this_update"].native
    return bool(named["issuer_name_hash"].native == digest and since >= single["this_update"].native)


def _data(reference: object) -> bytes:
    return bytes(reference.get_object().data)  # type: ignore[attr-defined]  # an indirect stream


async def judge_timestamp(
    embedded: EmbeddedPdfSignature, evidence: Evidence, moment: datetime
) -> DocumentTimestampStatus:
    """Judge one document timestamp as seen at `moment`."""
    context = evidence.at(moment)
    return await async_validate_pdf_timestamp(embedded, context, diff_policy=changes.ORDINARY)


async def judge_signature(
    embedded: EmbeddedPdfSignature,
    evidence: Evidence,
    proven: datetime,
) -> PdfSignatureStatus:
    """Judge one signature. proven: the earliest moment that a trusted archive timestamp proves, or now."""
    timing = await collect_timing_info(embedded.signer_info, evidence.at(proven), embedded.compute_digest)
    stamp = timing.get("timestamp_validity")
    moment = stamp.timestamp if stamp is not None and stamp.trusted else proven
    return await async_validate_pdf_signature(
        embedded,
        evidence.at(moment, embedded.signer_cert),
        evidence.at(proven),
        key_usage_settings=SIGNING,
        diff_policy=changes.ORDINARY,
    )


def problem(status: SignatureStatus) -> str | None:
    """Return the code of what is wrong with the certificate, or None when it is trusted."""
    if status.trusted:
        return None
    if status.revoked:
        return "revoked"
    if status.signing_cert.self_issued:
        return "unknown-signer"  # unfit for signing, says the library; the trouble is that nobody vouches
    name = getattr(status.trust_problem_indic, "name", "")
    if name in ("EXPIRED", "NOT_YET_VALID", "OUT_OF_BOUNDS_NO_POE", "OUT_OF_BOUNDS_NOT_REVOKED"):
        return "expired"
    if name in ("CHAIN_CONSTRAINTS_FAILURE", "SIG_CONSTRAINTS_FAILURE"):
        return "not-for-signing"
    return "unknown-signer"


def name_of(certificate: Certificate) -> str:
    """Return the name on a certificate, for people."""
    return str(certificate.subject.native.get("common_name") or certificate.subject.human_friendly)


def good_until(embedded: EmbeddedPdfSignature, status: SignatureStatus) -> datetime:
    """Return until when a timestamp proves anything: its certificates run, its algorithms are strong."""
    ends: list[datetime] = [each.not_valid_after for each in status.validation_path or [status.signing_cert]]
    weak = algorithms.lasts_until(
        family=embedded.signer_info["signature_algorithm"].signature_algo,
        bits=status.signing_cert.public_key.bit_size,
    )
    return min([*ends, weak] if weak else ends)


def require_strong(embedded: EmbeddedPdfSignature, made_at: datetime) -> None:
    """Check the algorithms of a signature for its proven time. Raises AlgorithmTooWeak."""
    key = embedded.signer_cert.public_key
    mechanism = embedded.signer_info["signature_algorithm"]
    if key.algorithm not in ("ec", "rsa"):
        raise AlgorithmTooWeak("Signatures of this kind are not accepted.")
    family = mechanism.signature_algo
    algorithms.check(family=family, bits=key.bit_size, digest=embedded.md_algorithm, made_at=made_at)
