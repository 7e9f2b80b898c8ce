"""What an uploaded PDF is, and the clean copy of it that can be signed. The original bytes are never touched.

What cannot be signed safely is refused in words the sender understands; what acts by itself is taken out; the
copy is shown to look like the original. The reading happens in a worker.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from docvault.pdf import on_top
from docvault.pdf.errors import AlreadySigned, PdfUnreadable
from docvault.pdf.scratch import Scratch
from docvault.pdf.validate import Report, validate
from docvault.pdf.workers import Workers
from docvault.rules.arrivals import Arrival
from docvault.rules.found import FoundField

BROKEN = (
    "This PDF arrived signed, and its signatures do not hold: {reason} So nothing can be signed on top "
    "of it. Ask whoever sent it for the original."
)
MAX_PAGES = 500
INSPECT_SECONDS = 4.5  # promise 30
NORMALISE_SECONDS = 120  # every page is drawn twice; a single page may take PAGE_SECONDS
PAGE_SECONDS = 4


@dataclass(frozen=True, slots=True)
class Findings:
    """What an inspection found. `reason` says why fields cannot be placed; None when they can."""

    pages: int = 0
    signed: bool = False
    encrypted: bool = False
    xfa: bool = False
    damaged: bool = False
    form_fields: int = 0
    javascript: bool = False
    attachments: bool = False
    signable: bool = False
    reason: str | None = None
    removed: list[str] = field(default_factory=list)  # what the copy to be signed leaves out, in plain words
    notes: list[str] = field(default_factory=list)  # what its sender should know, in plain words
    arrival: Arrival | None = None  # of a signed document that can be signed on top


@dataclass(frozen=True, slots=True)
class Normalised:
    """A copy ready for fields and signatures; the caller closes `prepared`."""

    prepared: Scratch
    findings: Findings
    pages: int
    found: list[FoundField]  # fields to suggest


def inspect(workers: Workers, source: Scratch, *, max_pages: int = MAX_PAGES) -> Findings:
    """Look at a file without changing it. Raises WorkersBusy; every fault of the file is a finding."""
    try:
        result, _ = workers.run("inspect", [source], {"max_pages": max_pages}, timeout=INSPECT_SECONDS)
    except PdfUnreadable as unreadable:
        return Findings(damaged=True, reason=str(unreadable))
    return msgspec.convert(result, Findings)


def normalise(workers: Workers, source: Scratch, *, max_pages: int = MAX_PAGES) -> Normalised:
    """Make the copy that can be signed: active content out, forms flattened, rewritten, compared page by
    page. What arrived signed is copied byte for byte, if its signatures hold and allow others.

    Raises NotAPdf, Empty, PasswordProtected, Damaged, TooManyPages, AlreadySigned, DynamicForm,
    LooksDifferent (all NotSignable), PdfUnreadable.
    """
    options = {"max_pages": max_pages, "page_seconds": PAGE_SECONDS}
    result: Any
    result, outputs = workers.run("normalise", [source], options, timeout=NORMALISE_SECONDS)
    findings = replace(msgspec.convert(result, Findings), signable=True, reason=None)
    found = msgspec.convert(result["found"], list[FoundField])
    if findings.arrival is not None:
        try:
            _require_intact(workers, source)
        except BaseException:
            outputs[0].close()
            raise
    return Normalised(outputs[0], findings, findings.pages, found)


def _require_intact(workers: Workers, source: Scratch) -> None:
    """Accept signatures that hold, whoever made them: nothing is signed on top of a broken one."""
    broken = why_not_on_top(validate(workers, source, roots=()))
    if broken is not None:
        raise AlreadySigned(broken)


def why_not_on_top(report: Report) -> str | None:
    """Say what is wrong with the signatures that a document came with; None if others may follow."""
    broken = on_top.objection(report, len(report.signatures))
    return None if broken is None else BROKEN.format(reason=broken)
