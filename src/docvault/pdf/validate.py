"""The signature report: what holds in a PDF, in plain words. Opens no PDF itself and trusts only given roots.

The rule of docs/formats/signed-document.md is carried out by inside/validate.py in a worker, which answers in
codes. Where something was filled in after the first signature, its pages are also drawn then and now, and
compared (versions.py): structure says what may change, pictures say what somebody sees.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from docvault.pdf import reasons, versions
from docvault.pdf.errors import PdfUnreadable
from docvault.pdf.reasons import REASONS, SUMMARIES, Verdict
from docvault.pdf.scratch import Scratch
from docvault.pdf.versions import Change
from docvault.pdf.workers import Workers
from docvault.values import NotFound, utc_now

VALIDATION_SECONDS = 120
INTACT = (Verdict.VALID, Verdict.NOT_TRUSTED)
NO_SEALS: Mapping[str, bytes] = MappingProxyType({})


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
    assurance: str | None  # advanced | simple: of the electronic signature, by the evidence in hand
    anchor: str | None  # the trusted certificate that this signature leads to, by its name
    anchor_sha256: str | None
    certificate_sha256: str | None
    signed_bytes: int | None  # the version that was signed is the file up to here; None if it is not in it
    code: str
    reason: str

    @property
    def is_claim(self) -> bool:
        """Whether nothing proves who signed: the name is only what the file says."""
        return _is_claim(self.code)


@dataclass(frozen=True, slots=True)
class Report:
    verdict: Verdict
    signatures: tuple[SignatureReport, ...]
    reasons: tuple[str, ...]  # plain sentences, the worst first; never empty
    codes: tuple[str, ...]  # one for each reason
    pages: int | None
    pages_compared: int = 0  # as pictures, with what was signed first; 0 where nothing could look different
    pages_changed: tuple[int, ...] = ()  # from 1: look different outside the fields that were to be filled in

    @property
    def summary(self) -> str:
        """The verdict in one or two sentences."""
        return SUMMARIES[self.verdict]

    @property
    def advice(self) -> str:
        """What to do next."""
        return REASONS[self.codes[0]].advice

    def version(self, number: int) -> int:
        """Return how long the version is that signature `number`, from 1, signed. Raises NotFound."""
        if not 1 <= number <= len(self.signatures):
            raise NotFound
        found = self.signatures[number - 1].signed_bytes
        if found is None:
            raise NotFound
        return found


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
    anchor: str | None = None
    anchor_sha256: str | None = None
    certificate_sha256: str | None = None
    signed_bytes: int | None = None


class _Answer(msgspec.Struct):
    signatures: list[_Finding]
    codes: list[str]  # about the whole document
    pages: int | None = None

    def all_codes(self) -> list[str]:
        return [*self.codes, *(each.code for each in self.signatures)]


def validate(
    workers: Workers,
    source: Scratch,
    *,
    roots: Sequence[bytes],
    own: Sequence[str] = (),
    clock_roots: Sequence[bytes] = (),
    seals: Mapping[str, bytes] = NO_SEALS,
    crls: Sequence[bytes] = (),
    now: datetime | None = None,
) -> Report:
    """Check every signature and the document as a whole. Never raises for what the file is or does.

    roots: the only certificates that are trusted, DER. own: SHA-256 of those of them that are this
    installation's, under which a person signs only with a second factor. clock_roots: those that are believed
    about times alone, DER. seals: a root that vouches for one seal and nobody else, DER, by the SHA-256 of
    that seal's certificate. crls: fresh revocation lists, DER.
    now: aware; the moment to judge the newest timestamp at. Raises WorkersBusy.
    """
    options = {
        "roots": list(roots),
        "clock_roots": list(clock_roots),
        "seals": dict(seals),
        "crls": list(crls),
        "now": (now or utc_now()).isoformat(),
    }
    try:
        raw, _ = workers.run("validate", [source], options, timeout=VALIDATION_SECONDS)
    except PdfUnreadable:
        return _report(_Answer([], ["not-a-pdf"]))
    answer = _read(raw)
    return _report(answer, _look(workers, source, answer), own)


def read_answer(raw: Any) -> Report:
    """Turn a worker's plain answer into a report; an answer of the wrong shape is unreadable, never valid."""
    return _report(_read(raw))


def _read(raw: Any) -> _Answer:
    try:
        answer = msgspec.convert(raw, _Answer)
    except msgspec.ValidationError:
        return _Answer([], ["not-a-pdf"])
    known = all(code in REASONS for code in answer.all_codes())
    return answer if known else _Answer([], ["not-a-pdf"])


def _look(workers: Workers, source: Scratch, answer: _Answer) -> Sequence[Change]:
    """Compare what was signed first with what is there now, and write what is wrong into the answer."""
    intact = all(REASONS[code].verdict in INTACT for code in answer.all_codes())
    filled = [each for each in answer.signatures if each.modification == "form-filling" and each.signed_bytes]
    if not (intact and filled and filled[0].signed_bytes):
        return ()
    first = filled[0]
    try:
        seen = versions.changes(workers, source, filled[0].signed_bytes)
    except (PdfUnreadable, msgspec.ValidationError):
        first.code = "not-drawn"
        return ()
    if Change.OTHER in seen:
        first.code = "looks-different"
    return seen


def _report(answer: _Answer, seen: Sequence[Change] = (), own: Sequence[str] = ()) -> Report:
    signatures = tuple(_signature(each, own) for each in answer.signatures)
    found = [(code, reasons.words(code)) for code in answer.codes]
    found += [(each.code, each.reason) for each in signatures]
    if not found:
        found = [("no-signature", reasons.words("no-signature"))]
    found.sort(key=lambda each: reasons.rank(each[0]), reverse=True)
    unique = list(dict.fromkeys(found))
    return Report(
        verdict=REASONS[found[0][0]].verdict,
        signatures=signatures,
        reasons=tuple(words for _, words in unique),
        codes=tuple(code for code, _ in unique),
        pages=answer.pages,
        pages_compared=len(seen),
        pages_changed=tuple(page for page, change in enumerate(seen, start=1) if change is Change.OTHER),
    )


def _signature(finding: _Finding, own: Sequence[str]) -> SignatureReport:
    signer = finding.signer or "an unknown signer"
    values = {name: getattr(finding, name) for name in _Finding.__struct_fields__}
    if _is_claim(finding.code):
        values["signed_bytes"] = None
    return SignatureReport(
        **{**values, "signer": signer},
        reason=reasons.words(finding.code, signer),
        assurance=_assurance(finding, own),
    )


def _assurance(finding: _Finding, own: Sequence[str]) -> str | None:
    """Say what kind of electronic signature this is by the evidence in hand; never more than that.

    An own certificate that names a person was made for one signature, after their second factor.
    """
    if finding.kind != "signature" or _is_claim(finding.code):
        return None
    personal = finding.code == "ok" and finding.email and finding.anchor_sha256 in own
    return "advanced" if personal else "simple"


def _is_claim(code: str) -> bool:
    return REASONS[code].verdict is Verdict.INVALID or code == "content-changed"
