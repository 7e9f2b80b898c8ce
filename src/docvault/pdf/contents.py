"""Files as text and as small pictures, for looking at them and finding them. Workers read them.

All functions raise PdfUnreadable when the file overloads its worker, and WorkersBusy.
"""

from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers

TEXT_MOST = 2_000_000  # characters of a document that are kept to be found
TEXT_SECONDS = 20  # for all pages of a long document
SECONDS = 4.5  # promise 30
PREVIEW = (2000, 2000)  # points at most, across and down
THUMBNAIL = (160, 160)  # a page of text cannot be read at this size
MEDIA_TYPE = "image/webp"


def document_text(workers: Workers, source: Scratch) -> Scratch | None:
    """The text of all pages of a PDF as UTF-8, for the caller to close; None when it has no letters."""
    letters, outputs = workers.run("document_text", [source], {"most": TEXT_MOST}, timeout=TEXT_SECONDS)
    return _unless_empty(outputs[0], empty=not letters)


def plain_text(workers: Workers, source: Scratch) -> Scratch | None:
    """The beginning of a text file as UTF-8, for the caller to close; None when nothing is in it."""
    _, outputs = workers.run("plain_text", [source], {"most": TEXT_MOST}, timeout=SECONDS)
    return _unless_empty(outputs[0], empty=not outputs[0].size())


def page_thumbnail(workers: Workers, source: Scratch) -> Scratch:
    """The first page of a PDF, small; the caller closes it."""
    width, height = THUMBNAIL
    _, outputs = workers.run("page_thumbnail", [source], {"width": width, "height": height}, timeout=SECONDS)
    return outputs[0]


def picture(workers: Workers, source: Scratch) -> Scratch:
    """A picture drawn anew, for a screen; the caller closes it. Raises PictureUnreadable as well."""
    return _picture(workers, source, PREVIEW)


def thumbnail(workers: Workers, source: Scratch) -> Scratch:
    """A picture drawn anew, small; the caller closes it. Raises PictureUnreadable as well."""
    return _picture(workers, source, THUMBNAIL)


def _picture(workers: Workers, source: Scratch, most: tuple[int, int]) -> Scratch:
    _, outputs = workers.run("picture", [source], {"width": most[0], "height": most[1]}, timeout=SECONDS)
    return outputs[0]


def _unless_empty(made: Scratch, *, empty: bool) -> Scratch | None:
    if not empty:
        return made
    made.close()
    return None
