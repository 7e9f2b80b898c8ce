"""The version that was signed: its bytes, what its pages look like since, and pictures of the difference.

A signature covers the file from its first byte up to its own end: that version is the beginning of the file.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from docvault.pdf.difference import VIEWS
from docvault.pdf.errors import PageMissing
from docvault.pdf.render import SECONDS, WIDTHS
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers

MOST = 100  # pages of one comparison
WHOLE_SECONDS = 40.0  # for all of them
PIECE = 1024 * 1024  # bytes copied at a time


class Change(StrEnum):
    """What became of a page since it was signed."""

    SAME = "same"
    FIELDS = "fields"  # only fields look different that were there to be filled in
    ADDED = "added"  # and a signature that was added later shows on blank paper
    OTHER = "other"


def cut(source: Scratch, signed_bytes: int) -> Scratch:
    """Return the first bytes of a file, for the caller to close."""
    made = Scratch.create()
    with source.open() as opened:
        left = signed_bytes
        while piece := opened.read(min(PIECE, left)):
            made.file.write(piece)
            left -= len(piece)
    made.seal()
    return made


def changes(workers: Workers, source: Scratch, signed_bytes: int) -> Sequence[Change]:
    """Return what became of every page, MOST of them at most. Raises PdfUnreadable."""
    options = {"signed_bytes": signed_bytes, "most": MOST}
    result, _ = workers.run("version_changes", [source], options, timeout=WHOLE_SECONDS)
    return msgspec.convert(result, list[Change])


def image(
    workers: Workers, source: Scratch, signed_bytes: int, *, page: int, width: int, view: str
) -> tuple[bytes, str]:
    """The page as a picture with what only one of both has in colour, and its media type.

    Raises PageMissing, PdfUnreadable.
    """
    if width not in WIDTHS or view not in VIEWS:
        raise PageMissing
    options = {"signed_bytes": signed_bytes, "page": page, "width": width, "view": view}
    _, outputs = workers.run("version_image", [source], options, timeout=2 * SECONDS)
    with outputs[0] as picture:
        return picture.read(), "image/png"
