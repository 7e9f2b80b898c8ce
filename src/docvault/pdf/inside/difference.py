"""Compares two versions of a document page by page, as pictures and as text. Runs in a worker."""

from typing import Any

import pypdfium2 as pdfium
from PIL import Image, ImageChops, ImageFilter, ImageOps

from docvault.pdf.errors import PageMissing
from docvault.pdf.inside.render import Pages, open_document, page_of, picture_of, settle
from docvault.pdf.tasks import Job

WIDTH = 500  # pixels: enough to see that a letter changed, and a hundred pages take seconds
STEP = 48  # of 255 levels of one colour; smaller differences are rounding
SPOTS = 4  # pixels that may differ on an equal page
LETTERS = 20_000  # of one page that are compared
AROUND = 6  # pixels that are tinted beside a difference
TINT = 48  # of 255: how strongly
GONE, NEW = (196, 32, 32), (16, 120, 72)  # colours of what only one version has


def page_differences(job: Job) -> object:
    """Task: for every page of the longer file, whether its pictures differ, and its text in both."""
    first, second = (Pages(file) for file in job.files)
    count = min(max(len(first), len(second)), job.options["most"])
    return [_compared(job, first, second, index) for index in range(count)]


def _compared(job: Job, first: Pages, second: Pages, index: int) -> dict[str, Any]:
    job.pay()
    before, after = (document[index] if index < len(document) else None for document in (first, second))
    return {
        "in_first": before is not None,
        "in_second": after is not None,
        "picture": _differ(before, after),
        "first": _text(before),
        "second": _text(after),
    }


def difference_image(job: Job) -> object:
    """Task: one page of one version with what only it has in colour, or both laid over each other."""
    first, second = (open_document(file) for file in job.files)
    return drawn_difference(job, first, second)


def drawn_difference(job: Job, first: pdfium.PdfDocument, second: pdfium.PdfDocument) -> str:
    """Draw the page that the job names into its output; return its media type. Raises PageMissing."""
    number, width, view = job.options["page"], job.options["width"], job.options["view"]
    pages = [_page(document, number - 1) for document in (first, second)]
    before, after = _of_one_size(*(_shown(page, width) for page in pages))
    only_before, only_after = _apart(before, after)
    base = {"first": before, "second": after}.get(view) or ImageChops.darker(before, after)
    picture = ImageOps.autocontrast(base.convert("L"), cutoff=0).convert("RGB")
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
    before, after = pictures_of(first, second)
    return before.size != after.size or differ(before, after)


def pictures_of(first: Any, second: Any) -> tuple[Image.Image, Image.Image]:
    """Draw two pages to compare: in colour, as red and green can be equally light.

    Where they seem to differ the first is drawn once more; see `settle`.
    """
    before, after = picture_of(first, WIDTH), picture_of(second, WIDTH)
    if before.size == after.size and differ(before, after):
        before = picture_of(first, WIDTH)
    return before, after


def differ(before: Image.Image, after: Image.Image) -> bool:
    """Tell whether two pictures of one size show something else."""
    return sum(_distance(before, after).histogram()[STEP:]) > SPOTS


def _distance(these: Image.Image, others: Image.Image) -> Image.Image:
    """Return how far apart two pictures are at each point: the most that one colour differs."""
    red, green, blue = ImageChops.difference(these, others).split()
    return ImageChops.lighter(red, ImageChops.lighter(green, blue))


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
        paper = Image.new("RGB", size, (255, 255, 255))
        if each is not None:
            paper.paste(each, (0, 0))
        papers.append(paper)
    return papers[0], papers[1]


def _shown(page: Any | None, width: int) -> Image.Image | None:
    if page is None:
        return None
    settle(page)
    return picture_of(page, width)


def _apart(before: Image.Image, after: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Return masks of what only the first and only the second shows on the paper of the first.

    Ink is what is not the colour of the paper, so that light letters on dark paper are ink as well. Ink that
    only has another colour is in both masks.
    """
    paper = Image.new("RGB", before.size, paper_of(before))
    changed = _distance(before, after).point(_MASK)
    ink = [_distance(each, paper) for each in (before, after)]
    masks = []
    for these, others in ((ink[0], ink[1]), (ink[1], ink[0])):
        less = ImageChops.subtract(others, these).point(_MASK)
        masks.append(ImageChops.subtract(changed, less))
    return masks[0], masks[1]


_MASK = [0] * STEP + [255] * (256 - STEP)


def paper_of(picture: Image.Image) -> tuple[int, int, int]:
    """Return the colour that most of a picture has."""
    colours: Any = picture.getcolors(picture.width * picture.height) or [(1, (255, 255, 255))]
    red, green, blue = max(colours)[1]
    return red, green, blue
