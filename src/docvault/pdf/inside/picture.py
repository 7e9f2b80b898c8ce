"""Draws pictures anew, so that nobody gets the bytes that somebody brought. Runs in a worker.

Pillow reads the formats that rules/media_types.py calls pictures and nothing else; a picture with too
many points is refused from its header, before any of it is unpacked.
"""

from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from docvault.pdf.errors import PictureUnreadable
from docvault.pdf.inside.render import open_document, page_of, picture_of
from docvault.pdf.tasks import Job

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP")
POINTS = 50_000_000  # of the picture that came: 200 MB unpacked, with alpha
QUALITY = 82
PAPER = (255, 255, 255)


def page_thumbnail(job: Job) -> object:
    """Task: the first page, small, as WebP in the only output."""
    width = job.options["width"]
    _save(
        picture_of(page_of(open_document(job.files[0]), 1), width), width, job.options["height"], job.output()
    )
    return None


def picture(job: Job) -> object:
    """Task: the picture (the first one of several) within a size, as WebP in the only output."""
    width, height = job.options["width"], job.options["height"]
    _save(_upright(_opened(job.files[0]), (width, height)), width, height, job.output())
    return None


def drawn(file: BinaryIO, most: tuple[int, int]) -> Image.Image:
    """The picture as it is to be seen, within a size. Raises PictureUnreadable."""
    return _within(_upright(_opened(file), most), *most)


def _opened(file: BinaryIO) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = None  # ours is stricter, and an error instead of a warning
    try:
        found = Image.open(file, formats=FORMATS)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise PictureUnreadable from error
    if found.width * found.height > POINTS:
        raise PictureUnreadable("This picture has too many points to be shown here. You can download it.")
    return found


def _upright(found: Image.Image, wanted: tuple[int, int]) -> Image.Image:
    """The picture as it is to be seen, without an alpha channel, a palette or a note of its camera."""
    try:
        found.draft("RGB", wanted)  # a JPEG need not be unpacked at full size
        turned = ImageOps.exif_transpose(found)
        if turned.mode in {"RGBA", "LA", "PA", "P"}:
            layer = turned.convert("RGBA")
            paper = Image.new("RGB", layer.size, PAPER)
            paper.paste(layer, mask=layer.getchannel("A"))
            return paper
        if turned.mode.startswith("I"):  # 16 bits of grey
            turned = turned.point(lambda level: level / 256).convert("L")
        return turned.convert("RGB")
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise PictureUnreadable from error


def _save(picture: Image.Image, width: int, height: int, output: BinaryIO) -> None:
    _within(picture, width, height).save(output, "WEBP", quality=QUALITY, method=2)


def _within(picture: Image.Image, width: int, height: int) -> Image.Image:
    small = picture.copy()
    small.thumbnail((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return small
