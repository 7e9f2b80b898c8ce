"""Finds the text of a page and where it stands, with PDFium. Runs in a worker."""

import ctypes
import math
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from docvault.pdf import allowance
from docvault.pdf.inside.plain import PAGE_BREAK, printable
from docvault.pdf.inside.render import open_document, page_of
from docvault.pdf.tasks import Job

UNITS = 100  # per point: PDFium answers in whole device units
LOOSE = 1.12  # the loose box of a letter, in font sizes
TALLEST = 6  # a loose box this many times the ink's height belongs to a broken font
RUNS = 20_000  # of one page; beyond that nobody reads it as text


def page_runs(job: Job) -> object:
    """Task: the runs of one page as plain maps, in the order of the page's text."""
    page = page_of(open_document(job.files[0]), job.options["page"])
    textpage = page.get_textpage()
    runs = (_run(page, textpage, index) for index in range(min(textpage.count_rects(), RUNS)))
    return [run for run in runs if run is not None]


def whole_text(job: Job) -> object:
    """Task: the text of all pages in the only output, at most `most` characters; a broken page has none."""
    document, left = open_document(job.files[0]), job.options["most"]
    output = job.output()
    for index in range(len(document)):
        if left <= 0:
            break
        job.pay(allowance.READ)
        try:
            found = document[index].get_textpage().get_text_range()[:left]
        except pdfium.PdfiumError:
            continue
        output.write(found.encode("utf-8", "replace") + b"\n")
        left -= len(found)
    return None


def document_text(job: Job) -> object:
    """Task: the text of all pages in the only output, parted by form feeds; returns if there is any."""
    document, output, room, letters = open_document(job.files[0]), job.output(), job.options["most"], False
    for index in range(len(document)):
        job.pay(allowance.READ)
        text = _page_text(document, index)[:room]
        letters = letters or (not text.isspace() and bool(text))
        output.write((text if index == 0 else PAGE_BREAK + text).encode())
        room -= len(text) + 1
        if room <= 0:
            break
    return letters


def _page_text(document: Any, index: int) -> str:
    """The text of a page; one that is broken has none, and the others still count."""
    try:
        found: str = document[index].get_textpage().get_text_bounded(errors="ignore")
    except pdfium.PdfiumError:
        return ""
    return printable(found)


def _run(page: Any, textpage: Any, index: int) -> dict[str, object] | None:
    left, bottom, right, top = textpage.get_rect(index)
    words = textpage.get_text_bounded(left, bottom, right, top).split()
    text = " ".join("".join(letter for letter in word if letter.isprintable()) for word in words).strip()
    if not text:
        return None
    low, high = _line_box(textpage, left, bottom, top)
    x0, y0 = displayed(page, left, low)
    x1, y1 = displayed(page, right, low)
    return {
        "x": x0,
        "y": y0,
        "width": math.hypot(x1 - x0, y1 - y0),
        "size": (high - low) / LOOSE,
        "angle": math.degrees(math.atan2(y1 - y0, x1 - x0)),
        "text": text,
    }


def _line_box(textpage: Any, left: float, bottom: float, top: float) -> tuple[float, float]:
    """PDFium's rectangles hug the ink; the loose box of the first letter has the font's own height."""
    index = textpage.get_index(left + 0.4, (bottom + top) / 2, 2, 2)
    if index is None:
        return bottom, top
    _, low, _, high = textpage.get_charbox(index, loose=True)
    return (low, high) if high - low < TALLEST * (top - bottom) else (bottom, top)


def displayed(page: Any, x: float, y: float) -> tuple[float, float]:
    """User space to displayed points; PDFium knows the crop box and the rotation."""
    width, height = page.get_size()
    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDF_PageToDevice(
        page.raw, 0, 0, round(width * UNITS), round(height * UNITS), 0, x, y, across, down
    )
    return across.value / UNITS, down.value / UNITS
