"""Draws pages with PDFium. Runs in a worker: a page may be built to exhaust whoever draws it."""

import io
from typing import Any, BinaryIO

import pypdfium2 as pdfium
from PIL import Image

from docvault.pdf.errors import PageMissing, PdfUnreadable
from docvault.pdf.tasks import Job

PIXELS = 24_000_000  # of one picture; a very tall page comes out narrower
KEPT = 48 * 1024**2  # bytes of a file that PDFium may have unpacked
SETTLING = 60  # pixels of the longer side of a drawing that nobody sees
COLOURS = 40  # of a text page: enough for smooth edges
PHOTOGRAPHIC = 0.55  # share of middle greys above which a palette would show bands
FLAT = 0.3  # share of one grey that a photograph does not have
WHITE, PAPER = 255, 248  # levels
WEBP_QUALITY = 82


def open_document(file: BinaryIO) -> pdfium.PdfDocument:
    """Open a PDF with its form fields visible. Raises PdfUnreadable."""
    file.seek(0)
    try:
        document = pdfium.PdfDocument(file)
        document.init_forms()
    except pdfium.PdfiumError as error:
        raise PdfUnreadable from error
    return document


def page_of(document: pdfium.PdfDocument, number: int) -> Any:
    """Page `number`, from 1. Raises PageMissing, PdfUnreadable."""
    if not 1 <= number <= len(document):
        raise PageMissing
    try:
        return document[number - 1]
    except pdfium.PdfiumError as error:
        raise PdfUnreadable(f"Page {number} of this PDF could not be read.") from error


class Pages:
    """The pages of a file for whoever goes through all of them; of those before, PDFium keeps only so much.

    It keeps what it unpacked for as long as a document is open: a few hundred MiB of scans would be too many.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._document = file, open_document(file)
        self._count = len(self._document)
        self._each = file.seek(0, io.SEEK_END) // max(1, self._count)  # bytes, as if all pages were alike
        self._seen: set[int] = set()

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Any:
        """Page `index`, from 0; earlier ones may be gone. Raises PageMissing, PdfUnreadable."""
        if index not in self._seen and len(self._seen) * self._each > KEPT:
            self._document.close()
            self._document = open_document(self._file)
            self._seen.clear()
        self._seen.add(index)
        return page_of(self._document, index + 1)


def page_sizes(job: Job) -> object:
    """Task: the displayed size of every page."""
    document = open_document(job.files[0])
    return [document.get_page_size(index) for index in range(len(document))]


def page_image(job: Job) -> object:
    """Task: one page as a picture in the only output; returns its media type."""
    page = page_of(open_document(job.files[0]), job.options["page"])
    picture = picture_of(page, job.options["width"])
    if is_photographic(picture):
        picture.save(job.output(), "WEBP", quality=WEBP_QUALITY, method=2)
        return "image/webp"
    # Colours chosen from a quarter of the points cost a third of those chosen from all.
    palette = picture.reduce(2).quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette.putpalette(_with_white(palette.getpalette() or []))
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(job.output(), "PNG")
    return "image/png"


def _with_white(colours: list[int]) -> list[int]:
    """Averaging makes paper a little grey; give it back its white."""
    triples = zip(*[iter(colours)] * 3, strict=True)
    return [level for triple in triples for level in ((WHITE,) * 3 if min(triple) >= PAPER else triple)]


def picture_of(page: Any, width: int, *, grey: bool = False) -> Image.Image:
    """The page as displayed, annotations and forms included, on white."""
    wide, high = page.get_size()
    scale = min(width / max(wide, 1.0), (PIXELS / max(wide * high, 1.0)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=grey, rev_byteorder=not grey, may_draw_forms=True)
    picture: Image.Image = bitmap.to_pil()
    return picture if grey else picture.convert("RGB")


def settle(page: Any) -> None:
    """Draw a page once, tiny, so that the next drawing of it comes out as the one after.

    In the place of a font that is not there PDFium bends one of its own, and what it keeps of that is other
    for the very first letters than for all that follow.
    """
    page.render(scale=SETTLING / max(*page.get_size(), 1.0), grayscale=True, may_draw_forms=True)


def is_photographic(picture: Image.Image) -> bool:
    """Whether most of the page is neither paper nor ink, and not one flat colour either."""
    greys = picture.reduce(8).convert("L").histogram()
    points = max(1, sum(greys))
    return sum(greys[24:232]) / points > PHOTOGRAPHIC and max(greys) / points < FLAT
