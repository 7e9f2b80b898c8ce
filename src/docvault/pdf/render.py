"""Pages as pictures, for reading and for placing fields. The drawing itself happens in a worker."""

from docvault.pdf.errors import PageMissing
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers

WIDTHS = (600, 900, 1400, 2000)  # pixels; a closed ladder, so that nobody can fill a cache with made-up sizes
SECONDS = 4.5  # for one page, promise 30


def page_sizes(workers: Workers, source: Scratch) -> list[tuple[float, float]]:
    """Width and height of every page as displayed, in points. Raises PdfUnreadable."""
    result, _ = workers.run("page_sizes", [source], timeout=SECONDS)
    return [(float(width), float(height)) for width, height in result]


def page_image(workers: Workers, source: Scratch, page: int, width: int) -> tuple[bytes, str]:
    """The page as a picture `width` pixels wide, and its media type. Raises PageMissing, PdfUnreadable.

    Text and drawings come as a palette PNG, photographs as WebP.
    """
    if width not in WIDTHS:
        raise PageMissing
    media_type, outputs = workers.run("page_image", [source], {"page": page, "width": width}, timeout=SECONDS)
    with outputs[0] as picture:
        return picture.read(), "image/webp" if media_type == "image/webp" else "image/png"
