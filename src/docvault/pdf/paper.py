"""Scans and photographs of signed paper as PDFs. The reading and drawing happens in a worker.

All functions raise NotAPdf, PasswordProtected, Damaged, Empty, PictureUnreadable, PdfUnreadable, WorkersBusy.
"""

from collections.abc import Sequence
from contextlib import ExitStack

from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers

SECONDS = 4.5  # for one sheet, promise 30
BIND_SECONDS = 20  # for several: only copied
AT_ONCE = 12  # files that one worker is given


def sheet(workers: Workers, source: Scratch) -> tuple[Scratch, int]:
    """Return a PDF of what somebody scanned or photographed, and its pages.

    A PDF is returned as it came: it may carry signatures. A picture is drawn anew, upright, on
    a page of its own, without what its camera noted; the caller closes that one.
    """
    found, outputs = workers.run("paper_sheet", [source], timeout=SECONDS)
    return (outputs[0] if outputs else source), int(found)


def bind(workers: Workers, sheets: Sequence[Scratch]) -> Scratch:
    """Return one PDF of the pages of all sheets, in order; the caller closes it."""
    if len(sheets) <= AT_ONCE:
        _, outputs = workers.run("bind_sheets", list(sheets), timeout=BIND_SECONDS)
        return outputs[0]
    with ExitStack() as parts:
        groups = [sheets[start : start + AT_ONCE] for start in range(0, len(sheets), AT_ONCE)]
        return bind(workers, [parts.enter_context(bind(workers, group)) for group in groups])
