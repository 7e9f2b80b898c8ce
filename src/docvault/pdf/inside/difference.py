"""Compares two versions of a document page by page, as pictures and as text. Runs in a worker."""

from typing import Any

import pypdfium2 as pdfium
from PIL import Image, ImageChops, ImageFilter, ImageOps

from docvault.pdf.errors import PageMissing
from docvault.pdf.inside.render import open_document, page_of, picture_of
from docvault.pdf.tasks import Job

WIDTH = 500  # pixels: enough to see that a letter changed, and a hundred pages take seconds
STEP = 48  # of 255 grey levels; smaller differences are rounding
SPOTS = 4  # pixels that may differ on an equal page
LETTERS = 20_000  # of one page that are compared
AROUND = 6  # pixels that are tinted beside a difference
TINT = 48  # of 255: how strongly
GONE, NEW = (196, 32, 32), (16, 120, 72)  # colours of what only one version has


def page_differences(job: Job) -> object:
    """Task: for every page of the longer file, whether its pictures differ, and its text in both."""
    first, second = (open_document(file) for file in job.files)
    count = min(max(len(first), len(second)), job.options["most"])
    return [
        {
            "in_first": index < len(first),
            "in_second": index < len(second),
            "picture": _differ(_page(first, index), _page(second, index)),
            "first": _text(_page(first, index)),
            "second": _text(_page(second, index)),
        }
        for index in range(count)
    ]


def difference_image(job: Job) -> object:
    """Task: one page of one version with what only it has in colour, or both laid over each other."""
    first, second = (open_document(file) for file in job.files)
    return drawn_difference(job, first, second)


def drawn_difference(job: Job, first: pdfium.PdfDocument, second: pdfium.PdfDocument) -> str:
    """Draw the page that the job names into its output; return its media type. Raises PageMissing."""
    number, width, view = job.options["page"], job.options["width"], job.options["view"]
    shown = [
        picture_of(page_of(document, number), width, grey=True) if number <= len(document) else None
        for document in (first, second)
    ]
    before, after = _of_one_size(*shown)
    only_before = _only(before, after)
    only_after = _only(after, before)
    base = {"first": before, "second": after}.get(view) or ImageChops.darker(before, after)
    picture = ImageOps.autocontrast(base, cutoff=0).convert("RGB")
    for colour, only, hidden_in in ((GONE, only_before, "second"), (NEW, only_after, "first")):
        if view != hidden_in:
            _mark(picture, only, colour)
    picture.quantize(64, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(job.output(), "PNG")
    return "image/png"


def _mark(picture: Image.Image, only: Image.Image, colour: tuple[int, int, int]) -> None:
    """Colour what only one version has, and the paper around it, so that a thin letter is seen from afar."""
    around = only.filter(ImageFilter.BoxBlur(AROUND)).point(lambda level: TINT if level else 0)
    picture.paste(colour, mask=around)
    picture.paste(colour, mask=only)


def _page(document: pdfium.PdfDocument, index: int) -> Any | None:
    return page_of(document, index + 1) if index < len(document) else None


def _differ(first: Any | None, second: Any | None) -> bool:
    if first is None or second is None:
        return True
    before, after = (picture_of(page, WIDTH, grey=True) for page in (first, second))
    return before.size != after.size or differ_in_grey(before, after)


def differ_in_grey(before: Image.Image, after: Image.Image) -> bool:
    """Tell whether two pictures of one size show something else."""
    return sum(ImageChops.difference(before, after).histogram()[STEP:]) > SPOTS


def _text(page: Any | None) -> str:
    if page is None:
        return ""
    try:
        return str(page.get_textpage().get_text_range()[:LETTERS])
    except pdfium.PdfiumError:
        return ""


def _of_one_size(first: Image.Image | None, second: Image.Image | None) -> tuple[Image.Image, Image.Image]:
    """Lay both on paper of the larger size; a page that is not there is empty paper."""
    there = [each for each in (first, second) if each is not None]
    if not there:
        raise PageMissing
    size = (max(each.width for each in there), max(each.height for each in there))
    papers = []
    for each in (first, second):
        paper = Image.new("L", size, 255)
        if each is not None:
            paper.paste(each, (0, 0))
        papers.append(paper)
    return papers[0], papers[1]


def _only(these: Image.Image, others: Image.Image) -> Image.Image:
    """Return a mask of where these are darker than the others: ink that the others do not have."""
    return ImageChops.subtract(others, these).point(lambda level: 255 if level >= STEP else 0)
