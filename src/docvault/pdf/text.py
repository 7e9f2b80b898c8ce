"""A page's text: a selectable layer over its picture, and paragraphs to read. A worker extracts it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import msgspec

from docvault.pdf.render import SECONDS
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers

WHOLE_SECONDS = 60.0  # for the text of all pages
LEVEL = 0.5  # degrees that count as not turned
DESCENT = 0.21  # of the font size: the run's box reaches below the baseline
SAME_LINE = 0.7  # of the larger font size
PARAGRAPH_GAP = 1.75  # of the larger font size
OTHER_SIZE = 3.2  # points of difference that make a new paragraph


@dataclass(frozen=True, slots=True)
class Run:
    """Text on one line. x, y: the box's lower left corner in displayed points; angle: degrees, clockwise."""

    x: float
    y: float
    width: float
    size: float  # points
    angle: float
    text: str


def page_runs(workers: Workers, source: Scratch, page: int) -> list[Run]:
    """The runs of one page (from 1), in reading order. Raises PageMissing, PdfUnreadable."""
    result, _ = workers.run("page_runs", [source], {"page": page}, timeout=SECONDS)
    return msgspec.convert(result, list[Run])


def whole_text(workers: Workers, source: Scratch, most: int) -> str:
    """The text of all pages, at most `most` characters. Raises PdfUnreadable."""
    _, outputs = workers.run("whole_text", [source], {"most": most}, timeout=WHOLE_SECONDS)
    try:
        with outputs[0].open() as written:
            return written.read(4 * most).decode("utf-8", "replace")[:most]
    finally:
        for output in outputs:
            output.close()


def text_layer(runs: Sequence[Run], size: tuple[float, float]) -> str:
    """An SVG to lay over the picture. Presentation attributes only, no inline style: a strict CSP holds."""
    texts = "\n".join(_svg_text(run) for run in runs)
    box = f"0 0 {size[0]:g} {size[1]:g}"
    return f'<svg class="textlayer" viewBox="{box}" role="group" focusable="false">{texts}</svg>'


def _svg_text(run: Run) -> str:
    size = max(run.size, 1.0)
    angle = math.radians(run.angle)
    x = run.x + DESCENT * size * math.sin(angle)
    y = run.y - DESCENT * size * math.cos(angle)
    turn = f' transform="rotate({run.angle:.1f} {x:.1f} {y:.1f})"' if abs(run.angle) > LEVEL else ""
    where = f'x="{x:.1f}" y="{y:.1f}" font-size="{size:.1f}" textLength="{run.width:.1f}"'
    return f'<text {where} lengthAdjust="spacingAndGlyphs"{turn}>{escape(run.text)}</text>'


def paragraphs(runs: Sequence[Run]) -> list[str]:
    """The reading view: runs joined into paragraphs, so that text reflows on a phone (WCAG 1.4.10)."""
    done: list[str] = []
    current = ""
    last: Run | None = None
    for run in runs:
        if last is not None and _begins_paragraph(last, run):
            done.append(current)
            current = run.text
        else:
            current = f"{current} {run.text}".strip()
        last = run
    return [*done, current] if current else done


def _begins_paragraph(last: Run, run: Run) -> bool:
    larger = max(last.size, run.size)
    if abs(run.y - last.y) < SAME_LINE * larger:
        return False
    return abs(run.y - last.y) > PARAGRAPH_GAP * max(larger, 6) or abs(run.size - last.size) > OTHER_SIZE
