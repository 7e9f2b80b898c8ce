"""Office files as PDFs, by LibreOffice in a process of its own world. Without either there is no preview."""

import math
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from docvault.pdf import allowance
from docvault.pdf.errors import OfficeUnreadable, PdfUnreadable
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers

PROGRAM = "soffice"
SECONDS = 60.0  # for LibreOffice, at most, by the clock
STARTING = 3.0  # seconds of the processor until it is there, twice what it takes on one of 2024
MIB_SECONDS = 10.0  # of the processor, for a MiB of the file: one that is all words takes seven
MEMORY = 512 * 1024**2  # bytes of private memory, for any file: promise 30
MIB_MEMORY = 16 * 1024**2  # for a MiB of the file: photographs take ten times their bytes
MOST_MEMORY = 2 * 1024**3
GRACE = 5.0  # for what stands around it
LARGEST = 64 * 1024**2  # bytes of a file that is converted
CHILD = ("-m", "docvault.pdf.office_child")


@dataclass(frozen=True, slots=True)
class Limits:
    """What LibreOffice may use for one file."""

    processor: int  # seconds
    seconds: float  # by the clock
    memory: int  # bytes that are its own


def limits_of(size: int, most: float = SECONDS) -> Limits:
    """Return how much a file of `size` bytes gets; `most` seconds."""
    mib = size / 1024**2
    processor = STARTING + allowance.SECONDS + MIB_SECONDS * mib
    seconds = min(most, allowance.BUSY * processor)
    memory = min(MOST_MEMORY, MEMORY + int(MIB_MEMORY * mib))
    return Limits(math.ceil(min(most, processor)), seconds, memory)


class Converter:
    """Turns one file at a time into a PDF; each in a fresh process. Safe to call from many threads."""

    def __init__(self, program: str, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._workers = Workers(1, (*CHILD, program), tasks_each=1)

    @classmethod
    def find(cls) -> "Converter | None":
        """Return one where LibreOffice is installed; it starts with the first file."""
        program = shutil.which(PROGRAM)
        return cls(program) if program else None

    def warm(self) -> None:
        """Start its process. Raises PdfUnreadable where the kernel lets nobody be isolated."""
        self._workers.warm()

    def as_pdf(self, source: Scratch, suffix: str) -> Scratch:
        """Return the file as a PDF, for the caller to close. Raises OfficeUnreadable, WorkersBusy."""
        if source.size() > LARGEST:
            raise OfficeUnreadable
        limits = limits_of(source.size(), self._seconds)
        options: Mapping[str, object] = {"suffix": suffix, **asdict(limits)}
        longest = limits.seconds + GRACE
        try:
            _, outputs = self._workers.run("convert", [source], options, timeout=longest, processor=longest)
        except PdfUnreadable as error:
            refusal = OfficeUnreadable()
            refusal.detail = error.detail
            raise refusal from error
        return outputs[0]

    def close(self) -> None:
        """End its process."""
        self._workers.close()
