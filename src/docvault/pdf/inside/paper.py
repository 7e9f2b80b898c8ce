"""Makes PDFs of scanned and photographed pages. Runs in a worker."""

from io import BytesIO
from typing import BinaryIO

import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image

from docvault.pdf.errors import NotAPdf, PictureUnreadable
from docvault.pdf.inside import active
from docvault.pdf.inside.opening import look, open_pdf
from docvault.pdf.inside.picture import drawn
from docvault.pdf.inside.saving import save
from docvault.pdf.tasks import Job

POINTS = (2480, 3508)  # of a picture: A4 at 300 dots an inch, so that a pen's line stays sharp
LONG_SIDE = 842  # points of a page, A4
QUALITY = 85
NEITHER = "This file is neither a PDF nor a picture that can be read here. Please photograph the page again."


def paper_sheet(job: Job) -> object:
    """Task: a PDF in the only output where a picture came, and how many pages it has."""
    file = job.files[0]
    try:
        pdf, _ = open_pdf(file, look(file))
    except NotAPdf:
        _page(file, job.output())
        return 1
    return len(pdf.pages)


def bind_sheets(job: Job) -> object:
    """Task: the pages of all files in one PDF, the only output."""
    bound = pikepdf.new()
    opened = [open_pdf(file, look(file))[0] for file in job.files]
    for pdf in opened:
        bound.pages.extend(pdf.pages)
    active.remove(bound)  # what acts on a page comes along with it
    save(bound, job.output())
    return None


def _page(file: BinaryIO, output: BinaryIO) -> None:
    file.seek(0)
    try:
        picture = drawn(file, POINTS)
    except PictureUnreadable as error:
        raise PictureUnreadable(NEITHER) from error
    scale = LONG_SIDE / max(picture.size)
    width, height = (round(points * scale, 2) for points in picture.size)
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(width, height))
    page.obj.Resources = Dictionary(XObject=Dictionary(Im0=_image(pdf, picture)))
    page.contents_add(f"q {width} 0 0 {height} 0 0 cm /Im0 Do Q".encode("ascii"))
    save(pdf, output)


def _image(pdf: pikepdf.Pdf, picture: Image.Image) -> pikepdf.Stream:
    packed = BytesIO()
    picture.save(packed, "JPEG", quality=QUALITY)
    return pikepdf.Stream(
        pdf,
        packed.getvalue(),
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=picture.width,
        Height=picture.height,
        ColorSpace=Name.DeviceRGB,
        BitsPerComponent=8,
        Filter=Array([Name.DCTDecode]),
    )
