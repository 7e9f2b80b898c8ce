"""The signature report: what holds in a PDF, in plain words. Opens no PDF itself and trusts only given roots.

The rule of docs/formats/signed-document.md is carried out by inside/validate.py in a worker, which answers in
codes; the words for people are made here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from docvault.pdf.errors import PdfUnreadable
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers
from docvault.values import utc_now

VALIDATION_SECONDS = 120


class Verdict(StrEnum):
    VALID = "valid"
    NOT_TRUSTED = "not-trusted"  # all intact, a signer or clock unknown
    MODIFIED = "modified"  # changed after signing beyond what the signatures allow
    INVALID = "invalid"
    NOT_SIGNED = "not-signed"
    UNREADABLE = "unreadable"


SEVERITY = (Verdict.VALID, Verdict.NOT_TRUSTED, Verdict.MODIFIED, Verdict.INVALID)  # the worst one counts

SUMMARIES = {
    Verdict.VALID: "Every signature holds, every signer is trusted, and the whole file is covered.",
    Verdict.NOT_TRUSTED: "Nothing was changed, but it is not known who signed. Find that out first.",
    Verdict.MODIFIED: "The document was changed after it was signed. Ask for the original.",
    Verdict.INVALID: "The signatures prove nothing. Ask for the original.",
    Verdict.NOT_SIGNED: "Nobody has signed this document.",
    Verdict.UNREADABLE: "The file could not be checked.",
}

# What each code means for the whole document, and in words.
CODES: dict[str, tuple[Verdict, str]] = {
    "ok": (Verdict.VALID, "Signed by {signer}; nothing was changed beyond what this signature allows."),
    "ok-timestamp": (Verdict.VALID, "This timestamp proves that the document existed at that moment."),
    "unknown-signer": (
        Verdict.NOT_TRUSTED,
        "The signature is intact, but the certificate of {signer} comes from an authority unknown here.",
    ),
    "unknown-clock": (
        Verdict.NOT_TRUSTED,
        "The signature is intact, but its time was stated by a timestamp authority that is not known here.",
    ),
    "stray-certificate": (
        Verdict.NOT_TRUSTED,
        "A certificate that nobody known has issued, or that was changed, travels with this signature.",
    ),
    "expired": (
        Verdict.NOT_TRUSTED,
        "The certificate of {signer} was not valid at the time that can be proven for this signature.",
    ),
    "revoked": (
        Verdict.NOT_TRUSTED,
        "The certificate of {signer} had been revoked when the signature was made. Do not rely on it.",
    ),
    "not-for-signing": (
        Verdict.NOT_TRUSTED,
        "The certificate of {signer} is not meant for signing documents.",
    ),
    "content-changed": (
        Verdict.MODIFIED,
        "The bytes this signature covers were changed after signing. Ask for the original file.",
    ),
    "changed-after-signing": (
        Verdict.MODIFIED,
        "After this signature the document was changed in a way that the signature does not allow.",
    ),
    "changed-after-last": (
        Verdict.MODIFIED,
        "After the last signature something was filled in or added that nobody signed.",
    ),
    "signature-wrong": (
        Verdict.INVALID,
        "The signature does not match its certificate: damaged or forged.",
    ),
    "timestamp-wrong": (
        Verdict.INVALID,
        "The timestamp is damaged or belongs to something else.",
    ),
    "weak-algorithm": (Verdict.INVALID, "The signature was made with an algorithm that can be forged."),
    "coverage": (
        Verdict.INVALID,
        "The signature does not cover the file in one unbroken stretch.",
    ),
    "odd-signature": (
        Verdict.INVALID,
        "The signature is not built as the standard asks.",
    ),
    "unknown-sub-filter": (Verdict.INVALID, "This kind of signature is not known and cannot be checked."),
    "unreadable-signature": (Verdict.INVALID, "This signature could not be read."),
    "check-failed": (Verdict.INVALID, "This signature could not be checked to the end."),
    "trailing-bytes": (Verdict.INVALID, "Bytes were appended to the file after the last signature."),
    "hybrid-xref": (
        Verdict.INVALID,
        "The file has two tables of contents: readers may differ.",
    ),
    "not-strict": (
        Verdict.INVALID,
        "The file breaks the rules of PDF: readers may differ.",
    ),
    "hidden-signature": (
        Verdict.INVALID,
        "The file hides a signature that was taken out of the document.",
    ),
    "damaged": (
        Verdict.INVALID,
        "The file carried a signature but is too damaged to be read.",
    ),
    "no-signature": (Verdict.NOT_SIGNED, "The document carries no signature."),
    "encrypted": (
        Verdict.UNREADABLE,
        "The document is protected by a password. Verify the original.",
    ),
    "not-a-pdf": (Verdict.UNREADABLE, "This file could not be read as a PDF."),
}


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """One signature or document timestamp, oldest first."""

    field: str
    kind: str  # signature | timestamp
    signer: str  # as the certificate names them
    email: str | None
    organisation: str | None
    time: datetime | None
    time_source: str  # timestamp | untrusted-timestamp | signer-clock | unknown
    clock: str | None  # the timestamp authority that says the time, by the name on its certificate
    good_until: datetime | None  # of a timestamp: how long its certificates and algorithms last
    coverage: str  # entire-file | entire-revision | partial
    modification: str  # none | maintenance | form-filling | other: what came after it
    trust: str  # trusted | unknown | revoked | expired
    level: str  # B-B | B-T | B-LT | B-LTA | PKCS#7 | timestamp | unknown
    certificate_sha256: str | None
    signed_bytes: int | None  # the version that was signed is this long
    code: str
    reason: str

    @property
    def is_claim(self) -> bool:
        """Whether nothing proves who signed: the name is only what the file says."""
        return CODES[self.code][0] is Verdict.INVALID or self.code == "content-changed"


@dataclass(frozen=True, slots=True)
class Report:
    verdict: Verdict
    signatures: tuple[SignatureReport, ...]
    reasons: tuple[str, ...]  # plain sentences, the worst first; never empty
    codes: tuple[str, ...]  # one for each reason
    pages: int | None

    @property
    def summary(self) -> str:
        """The verdict in one or two sentences."""
        return SUMMARIES[self.verdict]


class _Finding(msgspec.Struct):
    """One signature as the worker answers; everything in it may be a lie of the document's."""

    code: str
    field: str = ""
    kind: str = "signature"
    signer: str = ""
    email: str | None = None
    organisation: str | None = None
    time: datetime | None = None
    time_source: str = "unknown"
    clock: str | None = None
    good_until: datetime | None = None
    coverage: str = "partial"
    modification: str = "other"
    trust: str = "unknown"
    level: str = "unknown"
    certificate_sha256: str | None = None
    signed_bytes: int | None = None


class _Answer(msgspec.Struct):
    signatures: list[_Finding]
    codes: list[str]  # about the whole document
    pages: int | None = None


def validate(
    workers: Workers,
    source: Scratch,
    *,
    roots: Sequence[bytes],
    clock_roots: Sequence[bytes] = (),
    crls: Sequence[bytes] = (),
    now: datetime | None = None,
) -> Report:
    """Check every signature and the document as a whole. Never raises for what the file is or does.

    roots: the only certificates that are trusted, DER. clock_roots: those that are believed about times
    alone, DER. crls: fresh revocation lists, DER.
    now: aware; the moment to judge the newest timestamp at. Raises WorkersBusy.
    """
    options = {
        "roots": list(roots),
        "clock_roots": list(clock_roots),
        "crls": list(crls),
        "now": (now or utc_now()).isoformat(),
    }
    try:
        raw, _ = workers.run("validate", [source], options, timeout=VALIDATION_SECONDS)
    except PdfUnreadable:
        return _report(_Answer([], ["not-a-pdf"]))
    return read_answer(raw)


def read_answer(raw: Any) -> Report:
    """Turn a worker's plain answer into a report; an answer of the wrong shape is unreadable, never valid."""
    try:
        return _report(msgspec.convert(raw, _Answer))
    except (msgspec.ValidationError, KeyError):
        return _report(_Answer([], ["not-a-pdf"]))


def _report(answer: _Answer) -> Report:
    signatures = tuple(_signature(each) for each in answer.signatures)
    found = [(code, _words(code, "")) for code in answer.codes]
    found += [(each.code, each.reason) for each in signatures]
    if not found:
        found = [("no-signature", _words("no-signature", ""))]
    found.sort(key=lambda each: _rank(each[0]), reverse=True)
    unique = list(dict.fromkeys(found))
    return Report(
        verdict=CODES[found[0][0]][0],
        signatures=signatures,
        reasons=tuple(words for _, words in unique),
        codes=tuple(code for code, _ in unique),
        pages=answer.pages,
    )


def _rank(code: str) -> int:
    """Order codes by severity; what was never a signed PDF outranks everything."""
    verdict = CODES[code][0]
    return SEVERITY.index(verdict) if verdict in SEVERITY else len(SEVERITY)


def _signature(finding: _Finding) -> SignatureReport:
    signer = finding.signer or "an unknown signer"
    values = {name: getattr(finding, name) for name in _Finding.__struct_fields__}
    return SignatureReport(**{**values, "signer": signer, "reason": _words(finding.code, signer)})


def _words(code: str, signer: str) -> str:
    return CODES[code][1].replace("{signer}", signer)
