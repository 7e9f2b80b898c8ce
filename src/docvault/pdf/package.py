"""What is in an office file, by its list of contents. A worker looks; nothing is unpacked."""

from dataclasses import dataclass

import msgspec

from docvault.pdf.errors import PdfUnreadable
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers

SECONDS = 4.5  # promise 30


@dataclass(frozen=True, slots=True)
class Contents:
    """agrees: it is of the kind that its name says. bomb: it is built to unpack without end."""

    agrees: bool = False
    bomb: bool = False
    macros: bool = False


def look(workers: Workers, source: Scratch, media_type: str) -> Contents:
    """Look at an office file without changing it. Raises WorkersBusy; a fault of the file is a finding."""
    try:
        result, _ = workers.run("look", [source], {"media_type": media_type}, timeout=SECONDS)
    except PdfUnreadable:
        return Contents(bomb=True)
    return msgspec.convert(result, Contents)
