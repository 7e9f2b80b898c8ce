"""Validation of a whole document, inside a worker: docs/formats/signed-document.md, as a numbered plan.

1. A strict reader opens the file; two tables of contents (hybrid) are refused.
2. Every signature field that holds anything is a signature of a known kind; there is at least one.
3. Each covers one unbroken stretch from the start of the file, with only itself left out; stretches grow.
4. The last one covers the whole file, or only maintenance follows that pyHanko explains object by object.
5. Timestamps are judged from the newest on, then each signature at its proven moment (trust.py).
6. Nothing was changed after any signature beyond what it allows.
7. The envelope around each signature is exactly what the standard asks (shape.py).

Whatever raises an exception on this way is invalid (promise 68). The library's own summary is not a verdict.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO

from asn1crypto import cms
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import ModificationInfo, SignatureCoverageLevel, SignatureStatus

from docvault.certificates import encoder, shape
from docvault.certificates.algorithms import AlgorithmTooWeak
from docvault.pdf import allowance
from docvault.pdf.inside import changes, coverage, trust
from docvault.pdf.inside.coverage import CoverageBroken, TrailingBytes
from docvault.pdf.inside.trust import Evidence
from docvault.pdf.tasks import Job

SUB_FILTERS = {
    "/Sig": {"/ETSI.CAdES.detached", "/adbe.pkcs7.detached"},
    "/DocTimeStamp": {"/ETSI.RFC3161"},
}
MODIFICATIONS = {
    ModificationLevel.NONE: "none",
    ModificationLevel.LTA_UPDATES: "maintenance",
    ModificationLevel.FORM_FILLING: "form-filling",
}
COVERAGES = {
    SignatureCoverageLevel.ENTIRE_FILE: "entire-file",
    SignatureCoverageLevel.ENTIRE_REVISION: "entire-revision",
}

encoder.correct()

Finding = dict[str, Any]


class _Refused(Exception):
    """The document, or one signature, has a code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Signature:
    """One embedded signature on its way through the plan."""

    def __init__(self, reader: PdfFileReader, name: str, field: generic.IndirectObject) -> None:
        value = field.get_object()["/V"]
        kind = str(value.get("/Type", "/Sig"))
        self.finding: Finding = {
            "field": name,
            "kind": "timestamp" if kind == "/DocTimeStamp" else "signature",
        }
        if str(value.get("/SubFilter", "")) not in SUB_FILTERS.get(kind, set()):
            raise _Refused("unknown-sub-filter")
        self.embedded = EmbeddedPdfSignature(reader, field.get_object(), name)
        self.extent = coverage.extent(reader.stream, [int(each) for each in self.embedded.byte_range])
        if self.extent.contents != self.embedded.pkcs7_content:
            raise CoverageBroken
        self.envelope = cms.ContentInfo.load(coverage.der_value(self.extent.contents), strict=True)
        self.finding["signed_bytes"] = self.extent.end
        self._describe()

    def _describe(self) -> None:
        certificate = self.embedded.signer_cert
        names = certificate.subject.native
        emails = certificate.subject_alt_name_value.native if certificate.subject_alt_name_value else []
        self.finding |= {
            "signer": trust.name_of(certificate),
            "organisation": _text(names.get("organization_name")),
            "email": next((str(each) for each in emails if isinstance(each, str) and "@" in each), None),
            "certificate_sha256": _fingerprint(certificate),
        }

    @property
    def is_timestamp(self) -> bool:
        return bool(self.finding["kind"] == "timestamp")

    @property
    def revision(self) -> int:
        return int(self.embedded.signed_revision)


def _fingerprint(certificate: Certificate) -> str:
    return hashlib.sha256(certificate.dump()).hexdigest()


def _text(value: object) -> str | None:
    return None if value is None else str(value[0] if isinstance(value, list) else value)


def validate(job: Job) -> dict[str, Any]:
    """Task: options `roots`, `crls` (DER) and `now` (ISO); the answer is _Answer of docvault.pdf.validate."""
    file = job.files[0]
    try:
        return asyncio.run(_validate(job, file))
    except _Refused as refusal:
        return {"signatures": [], "codes": [refusal.code]}
    except Exception:  # noqa: BLE001 - promise 68: whatever a file causes is invalid, never an error
        return {"signatures": [], "codes": ["check-failed"]}


async def _validate(job: Job, file: BinaryIO) -> dict[str, Any]:
    options = job.options
    reader = _open(file)
    found, findings = _collect(reader, file)
    codes: list[str] = []
    if found:
        evidence = Evidence.gather(
            reader,
            options["roots"],
            options["clock_roots"],
            options["crls"],
            datetime.fromisoformat(options["now"]),
            options["seals"],
        )
        codes = _judge_whole(reader, file, found)
        await _judge_each(job, found, evidence)
    return {
        "signatures": [*findings, *(each.finding for each in found)],
        "codes": codes,
        "pages": _pages(reader),
    }


# 1. and 2. -----------------------------------------------------------------------------------------


def _open(file: BinaryIO) -> PdfFileReader:
    """Open strictly; a file that only a lenient reader opens is refused if it carries a signature."""
    try:
        reader = PdfFileReader(file, strict=True)
        if not reader.encrypted:
            reader.root["/Pages"]
            list(enumerate_sig_fields(reader))
    except Exception as error:  # see the module: any exception
        raise _Refused(_why_not_strict(file)) from error
    if reader.encrypted:
        raise _Refused("encrypted")
    if reader.xrefs.hybrid_xrefs_present:
        raise _Refused("hybrid-xref")
    return reader


def _why_not_strict(file: BinaryIO) -> str:
    carried = bool(coverage.byte_ranges(file))
    try:
        reader = PdfFileReader(file, strict=False)
        signed = any(value for _, value, _ in enumerate_sig_fields(reader))
    except Exception:  # noqa: BLE001 - not even a lenient reader opens it
        return "damaged" if carried else "not-a-pdf"
    return "not-strict" if signed or carried else "no-signature"


def _collect(reader: PdfFileReader, file: BinaryIO) -> tuple[list[_Signature], list[Finding]]:
    """Return the signatures in the order they were made, and findings about those that cannot be read."""
    found: list[_Signature] = []
    broken: list[Finding] = []
    for name, field in _filled_fields(reader):
        try:
            found.append(_Signature(reader, name, field))
        except _Refused as refusal:
            broken.append({"field": name, "code": refusal.code})
        except CoverageBroken:
            broken.append({"field": name, "code": "coverage"})
        except Exception:  # noqa: BLE001 - see the module
            broken.append({"field": name, "code": "unreadable-signature"})
    if not found and not broken:
        raise _Refused("hidden-signature" if _hides_signature(file) else "no-signature")
    found.sort(key=lambda each: each.extent.end)
    return found, broken


def _filled_fields(reader: PdfFileReader) -> Iterator[tuple[str, generic.IndirectObject]]:
    """Yield every signature field with any value: also an empty one, which pyHanko takes for unsigned."""
    for name, _, field in enumerate_sig_fields(reader):
        value = field.get_object().get("/V")
        if value is not None and not isinstance(value, generic.NullObject):
            yield "".join(name), field


def _hides_signature(file: BinaryIO) -> bool:
    """Tell whether the bytes hold a signature of this very file that no field leads to any more."""
    file.seek(0)
    for found in coverage.byte_ranges(file):
        try:
            coverage.der_value(coverage.extent(file, found).contents)
        except CoverageBroken:
            continue  # that of an attached file fits elsewhere
        return True
    return False


# 3. and 4. -----------------------------------------------------------------------------------------


def _judge_whole(reader: PdfFileReader, file: BinaryIO, found: list[_Signature]) -> list[str]:
    """Return the codes about the document: stretches that do not grow, and what lies behind the last one."""
    codes = []
    ends = [each.extent.end for each in found]
    revisions = [each.revision for each in found]
    if len(set(ends)) != len(ends) or revisions != sorted(revisions):
        codes.append("coverage")
    last = found[-1]
    if last.extent.end != coverage.size_of(file):
        codes += _judge_tail(reader, file, last)
    return codes


def _judge_tail(reader: PdfFileReader, file: BinaryIO, last: _Signature) -> list[str]:
    last.embedded.compute_integrity_info(diff_policy=changes.UNSIGNED_TAIL)
    if last.revision + 1 >= reader.xrefs.total_revisions:
        return ["trailing-bytes"]
    level = getattr(last.embedded.diff_result, "modification_level", ModificationLevel.OTHER)
    if level > ModificationLevel.LTA_UPDATES:
        return ["changed-after-last"]
    try:
        coverage.require_only_updates(reader, file, last.extent.end, last.revision)
    except TrailingBytes:
        return ["trailing-bytes"]
    return []


# 5. to 7. ------------------------------------------------------------------------------------------


async def _judge_each(job: Job, found: list[_Signature], evidence: Evidence) -> None:
    """Judge from the newest on and write the code of each into its finding."""
    proven = evidence.now
    archived = False
    more = allowance.signature(coverage.size_of(job.files[0]))
    for each in reversed(found):
        job.pay(more)
        try:
            if each.is_timestamp:
                stamped = await _judge_timestamp(each, evidence, proven)
                proven, archived = (stamped, True) if stamped else (proven, archived)
            else:
                await _judge_signature(each, evidence, proven, archived=archived)
        except _Refused as refusal:
            each.finding["code"] = refusal.code
        except AlgorithmTooWeak:
            each.finding["code"] = "weak-algorithm"
        except Exception:  # noqa: BLE001 - see the module
            each.finding["code"] = "check-failed"


async def _judge_timestamp(each: _Signature, evidence: Evidence, proven: datetime) -> datetime | None:
    """Judge a document timestamp; return its moment if it is trusted."""
    status = await trust.judge_timestamp(each.embedded, evidence, proven)
    each.finding |= {"level": "timestamp", "time": status.timestamp.isoformat()}
    each.finding |= {"time_source": "timestamp" if status.trusted else "untrusted-timestamp"}
    good_until = trust.good_until(each.embedded, status).isoformat()
    each.finding |= {"clock": trust.name_of(status.signing_cert), "good_until": good_until}
    _describe_changes(each, status)
    _require_intact(status, "timestamp-wrong")
    _require_unchanged(status)
    _require_shape(each, evidence, trusted=status.trusted)
    trust.require_strong(each.embedded, status.timestamp)
    code = trust.problem(status)
    each.finding["trust"] = _trust_word(code)
    each.finding |= _anchor(status)
    each.finding["code"] = "ok-timestamp" if code is None else _clock_code(code)
    return status.timestamp if code is None else None


async def _judge_signature(each: _Signature, evidence: Evidence, proven: datetime, *, archived: bool) -> None:
    status = await trust.judge_signature(each.embedded, evidence, proven)
    stamp = status.timestamp_validity
    stamped = stamp is not None and stamp.trusted
    moment = stamp.timestamp if stamp is not None else status.signer_reported_dt
    each.finding["time"] = moment.isoformat() if moment is not None else None
    each.finding["time_source"] = _time_source(stamp, known=moment is not None)
    each.finding["clock"] = trust.name_of(stamp.signing_cert) if stamp is not None else None
    _describe_changes(each, status)
    _require_intact(status, "signature-wrong")
    _require_unchanged(status)
    if stamp is not None and not (stamp.intact and stamp.valid):
        raise _Refused("timestamp-wrong")
    _require_shape(each, evidence, trusted=status.trusted, stamped=stamped)
    trust.require_strong(each.embedded, stamp.timestamp if stamp is not None and stamped else proven)
    code = trust.problem(status)
    each.finding["trust"] = _trust_word(code)
    each.finding |= _anchor(status)
    each.finding["level"] = _level(each, evidence, stamped=stamped, archived=archived)
    if code is None and stamp is not None and not stamp.trusted:
        code = "unknown-clock"
    each.finding["code"] = code or "ok"


def _describe_changes(each: _Signature, status: ModificationInfo) -> None:
    if status.coverage is not None:
        each.finding["coverage"] = COVERAGES.get(status.coverage, "partial")
    if status.modification_level is not None:
        each.finding["modification"] = MODIFICATIONS.get(status.modification_level, "other")


def _require_intact(status: SignatureStatus, code: str) -> None:
    if not status.intact:
        raise _Refused("content-changed")
    if not status.valid:
        raise _Refused(code)


def _require_unchanged(status: ModificationInfo) -> None:
    if status.coverage is None or status.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        raise _Refused("coverage")
    if status.modification_level not in MODIFICATIONS or status.docmdp_ok is False:
        raise _Refused("changed-after-signing")


def _require_shape(each: _Signature, evidence: Evidence, *, trusted: bool, stamped: bool = False) -> None:
    signed = each.envelope["content"]
    try:
        shape.check(each.envelope)
    except shape.OddSignature as error:
        raise _Refused("odd-signature") from error
    try:
        if trusted:
            signer = each.embedded.signer_cert
            roots = evidence.about_times if each.is_timestamp else evidence.about(signer)
            shape.check_certificates(signed, evidence.certificates, roots)
        for token in shape.tokens(signed) if stamped else ():
            shape.check_certificates(token, evidence.certificates, evidence.about_times)
    except shape.StrayCertificate as error:
        raise _Refused("stray-certificate") from error


def _level(each: _Signature, evidence: Evidence, *, stamped: bool, archived: bool) -> str:
    if str(each.embedded.sig_object["/SubFilter"]) != "/ETSI.CAdES.detached":
        return "PKCS#7"
    if not stamped:
        return "B-B"
    if not evidence.speaks_for(each.embedded.signer_cert):
        return "B-T"
    return "B-LTA" if archived else "B-LT"


def _time_source(stamp: SignatureStatus | None, *, known: bool) -> str:
    if stamp is None:
        return "signer-clock" if known else "unknown"
    return "timestamp" if stamp.trusted else "untrusted-timestamp"


def _anchor(status: SignatureStatus) -> Finding:
    """Name the trusted certificate at the end of the chain."""
    if not status.trusted or status.validation_path is None:
        return {}
    certificate = status.validation_path.first
    return {"anchor": trust.name_of(certificate), "anchor_sha256": _fingerprint(certificate)}


def _clock_code(code: str) -> str:
    return code if code in ("revoked", "expired") else "unknown-clock"


def _trust_word(code: str | None) -> str:
    return {None: "trusted", "revoked": "revoked", "expired": "expired"}.get(code, "unknown")


def _pages(reader: PdfFileReader) -> int | None:
    count = reader.root["/Pages"].get("/Count")
    return int(count) if isinstance(count, int) and count > 0 else None
