"""What an uploaded PDF is, and the clean copy of it that can be signed. The original bytes are never touched.

What cannot be signed safely is refused in words the sender understands; what acts by itself is taken out; the
copy is shown to look like the original. The reading happens in a worker.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from docvault.pdf.errors import PdfUnreadable
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers
from docvault.rules.found import FoundField

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
    page.

    Raises NotAPdf, Empty, PasswordProtected, Damaged, TooManyPages, AlreadySigned, DynamicForm,
    LooksDifferent (all NotSignable), PdfUnreadable.
    """
    options = {"max_pages": max_pages, "page_seconds": PAGE_SECONDS}
    result: Any
    result, outputs = workers.run("normalise", [source], options, timeout=NORMALISE_SECONDS)
    findings = replace(msgspec.convert(result, Findings), signable=True, reason=None)
    found = msgspec.convert(result["found"], list[FoundField])
    return Normalised(outputs[0], findings, findings.pages, found)
