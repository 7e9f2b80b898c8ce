"""Office files as PDFs, by LibreOffice in a process of its own world. Without either there is no preview."""

import shutil
from collections.abc import Mapping

from docvault.pdf.errors import OfficeUnreadable, PdfUnreadable
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers

PROGRAM = "soffice"
SECONDS = 60.0  # for LibreOffice
GRACE = 5.0  # for what stands around it
LARGEST = 64 * 1024**2  # bytes of a file that is converted
CHILD = ("-m", "docvault.pdf.office_child")


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
        options: Mapping[str, object] = {"suffix": suffix, "seconds": self._seconds}
        try:
            _, outputs = self._workers.run("convert", [source], options, timeout=self._seconds + GRACE)
        except PdfUnreadable as error:
            refusal = OfficeUnreadable()
            refusal.detail = error.detail
            raise refusal from error
        return outputs[0]

    def close(self) -> None:
        """End its process."""
        self._workers.close()
