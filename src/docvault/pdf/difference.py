"""Two versions of a PDF, page by page: which differ, their text, and pictures of the difference."""

from dataclasses import dataclass

import msgspec

from docvault.pdf.errors import PageMissing
from docvault.pdf.render import SECONDS, WIDTHS
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers

MOST = 100  # pages of one comparison
WHOLE_SECONDS = 40.0  # for all of them
VIEWS = ("first", "second", "overlay")


@dataclass(frozen=True, slots=True)
class PagePair:
    """The same page of both versions. in_first, in_second: it is there; picture: they look different."""

    in_first: bool
    in_second: bool
    picture: bool
    first: str  # its text
    second: str


def page_differences(workers: Workers, first: Scratch, second: Scratch) -> list[PagePair]:
    """Every page of the longer version, MOST of them at most. Raises PdfUnreadable."""
    result, _ = workers.run("page_differences", [first, second], {"most": MOST}, timeout=WHOLE_SECONDS)
    return msgspec.convert(result, list[PagePair])


def difference_image(
    workers: Workers, first: Scratch, second: Scratch, *, page: int, width: int, view: str
) -> tuple[bytes, str]:
    """The page as a picture with what only one version has in colour, and its media type.

    Raises PageMissing, PdfUnreadable.
    """
    if width not in WIDTHS or view not in VIEWS:
        raise PageMissing
    options = {"page": page, "width": width, "view": view}
    _, outputs = workers.run("difference_image", [first, second], options, timeout=2 * SECONDS)
    with outputs[0] as picture:
        return picture.read(), "image/png"
