"""The version that was signed next to the whole file, page by page as pictures. Runs in a worker.

A field that the signed version already had may look different later: it was to be filled in. A signature that
was added later may show on paper that was blank. Whatever else looks different was not there to be signed.
"""

import ctypes
import io
from collections.abc import Iterator
from typing import Any, BinaryIO

import pypdfium2.raw as pdfium
from PIL import Image, ImageDraw

from docvault.pdf.inside.difference import WIDTH, differ, drawn_difference, paper_of, pictures_of
from docvault.pdf.inside.render import Pages, open_document, picture_of
from docvault.pdf.tasks import Job

MARGIN = 2  # pixels around a field that smooth edges may reach
BLANK = 5  # levels of a colour that blank paper differs from itself; more is something on it
FIELDS_MOST = 2000  # of one page; whoever needs more hides something

Box = tuple[int, int, int, int]
Box4 = tuple[float, float, float, float]


class Beginning(io.RawIOBase):
    """The first bytes of a file as a file of its own, without copying them."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size, self._at = file, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), max(0, self._size - self._at))
        self._file.seek(self._at)
        piece = self._file.read(wanted)
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def version_changes(job: Job) -> object:
    """Task: what became of every page since the first `signed_bytes` bytes: same, fields, added or other."""
    signed, final = (Pages(file) for file in _both(job))
    count = min(max(len(signed), len(final)), job.options["most"])
    return [_change(job, signed, final, index) for index in range(count)]


def version_image(job: Job) -> object:
    """Task: one page as `difference_image` draws it, the signed version first."""
    signed, final = (open_document(file) for file in _both(job))
    return drawn_difference(job, signed, final)


def is_blank(page: Any, corners: Box4) -> bool:
    """Tell whether a page shows nothing but paper of one colour within left, bottom, right and top.

    Those are in the page's own measures.
    """
    picture = picture_of(page, WIDTH)
    box = _on_screen(page, picture.size, pdfium.FS_RECTF(corners[0], corners[3], corners[2], corners[1]))
    return _is_blank(picture, box, [])


def _both(job: Job) -> tuple[Any, BinaryIO]:
    file = job.files[0]
    return Beginning(file, int(job.options["signed_bytes"])), file


def _change(job: Job, signed: Pages, final: Pages, index: int) -> str:
    job.pay()
    if index >= len(signed) or index >= len(final):
        return "other"
    before, after = signed[index], final[index]
    old, new = pictures_of(before, after)
    if old.size != new.size:
        return "other"
    if not differ(old, new):
        return "same"
    boxes = list(_fields(before, old.size, every=True))
    if not differ(*_without(boxes, old, new)):
        return "fields"
    added = [box for box in _fields(after, old.size, every=False) if _is_blank(old, box, boxes)]
    return "other" if differ(*_without([*boxes, *added], old, new)) else "added"


def _without(
    boxes: list[Box], *pictures: Image.Image, colour: tuple[int, int, int] = (255, 255, 255)
) -> Iterator[Image.Image]:
    for picture in pictures:
        copy = picture.copy()
        pen = ImageDraw.Draw(copy)
        for box in boxes:
            pen.rectangle(box, fill=colour)
        yield copy


def _is_blank(picture: Image.Image, box: Box, fields: list[Box]) -> bool:
    """Tell whether a place is paper of one colour, beside the fields that are there already."""
    place = picture.crop(box)
    if not place.width or not place.height:
        return True
    (empty,) = _without(fields, picture, colour=paper_of(place))
    extremes: Any = empty.crop(box).getextrema()
    return all(high - low <= BLANK for low, high in extremes)


def _fields(page: Any, size: tuple[int, int], *, every: bool) -> Iterator[Box]:
    """Yield where the page shows form fields, in pixels: all of them, or only those for signatures."""
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), FIELDS_MOST)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        try:
            if pdfium.FPDFAnnot_GetSubtype(annotation) != pdfium.FPDF_ANNOT_WIDGET:
                continue
            kind = pdfium.FPDFAnnot_GetFormFieldType(page.formenv, annotation)
            corners = pdfium.FS_RECTF()
            if (every or kind == pdfium.FPDF_FORMFIELD_SIGNATURE) and pdfium.FPDFAnnot_GetRect(
                annotation, corners
            ):
                yield _on_screen(page, size, corners)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)


def _on_screen(page: Any, size: tuple[int, int], corners: Any) -> Box:
    places = []
    for x, y in ((corners.left, corners.top), (corners.right, corners.bottom)):
        across, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, across, down)
        places.append((across.value, down.value))
    (left, right), (top, bottom) = (sorted(each) for each in zip(*places, strict=True))
    return left - MARGIN, top - MARGIN, right + MARGIN, bottom + MARGIN
