"""Draws every page of two files and compares them. Runs in a worker.

The copy comes from the original by our own rewriting, so outside of what was flattened the pictures must be
equal; where form fields and comments became page content, a field that showed something must still show
something.
"""

from typing import Any

import pikepdf
from PIL import Image, ImageChops, ImageDraw

from docvault.pdf.errors import LooksDifferent
from docvault.pdf.inside.geometry import frame_of
from docvault.pdf.inside.render import picture_of
from docvault.pdf.tasks import Job

WIDTH = 600  # pixels: a changed letter is visible, a hundred pages take seconds
STEP = 40  # of 255 grey levels; smaller differences are rounding
SPOTS = 6  # pixels that may differ on a page
MARGIN = 4  # points around an annotation that belong to it
FAINT = 0.1  # of the ink that was there before

Region = tuple[float, float, float, float]  # displayed points: left, top, right, bottom


def annotated_regions(pdf: Any) -> list[list[Region]]:
    """For every page, where annotations stand."""
    return [[_region(page, each) for each in _annotations(page)] for page in pdf.pages]


def compare(job: Job, before: Any, after: Any, regions: list[list[Region]], seconds: float) -> None:
    """Draw both files page by page, each under its own alarm. Raises LooksDifferent."""
    for index, places in enumerate(regions):
        job.pay()
        with job.within(seconds):
            alike = _alike(before[index], after[index], places)
            if not alike:  # what PDFium draws for a font that is not there is other the first time
                alike = _alike(before[index], after[index], places)
        if not alike:
            raise LooksDifferent(
                f"Page {index + 1} of this PDF looks different once it is cleaned for signing. "
                "Please print it to a new PDF and upload that."
            )


def _alike(before: Any, after: Any, places: list[Region]) -> bool:
    first, second = (picture_of(page, WIDTH, grey=True) for page in (before, after))
    scale = WIDTH / max(before.get_size()[0], 1.0)
    return first.size == second.size and _same(first, second, places, scale)


def _same(first: Image.Image, second: Image.Image, places: list[Region], scale: float) -> bool:
    difference = ImageChops.difference(first, second)
    paint = ImageDraw.Draw(difference)
    for place in places:
        box = [round(edge * scale) for edge in place]
        if box[2] <= box[0] or box[3] <= box[1]:
            continue
        paint.rectangle(box, fill=0)
        if _ink(second, box) < FAINT * _ink(first, box) - 1:
            return False
    return sum(difference.histogram()[STEP:]) <= SPOTS


def _ink(picture: Image.Image, box: list[int]) -> float:
    """How much darker than paper that part of the page is, in full black pixels."""
    greys = picture.crop((box[0], box[1], box[2], box[3])).histogram()
    return sum((255 - level) * count for level, count in enumerate(greys)) / 255


def _annotations(page: Any) -> list[Any]:
    annotations = page.obj.get("/Annots")
    if not isinstance(annotations, pikepdf.Array):
        return []
    return [each for each in annotations if isinstance(each, pikepdf.Dictionary) and "/Rect" in each]


def _region(page: Any, annotation: Any) -> Region:
    try:
        left, bottom, right, top = (float(edge) for edge in annotation["/Rect"])
    except (TypeError, ValueError):
        return 0, 0, 0, 0
    seen = frame_of(page)
    (x0, y0), (x1, y1) = seen.to_displayed(left, bottom), seen.to_displayed(right, top)
    return min(x0, x1) - MARGIN, min(y0, y1) - MARGIN, max(x0, x1) + MARGIN, max(y0, y1) + MARGIN
