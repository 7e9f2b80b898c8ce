"""Opens an uploaded PDF or says why not. Runs in a worker."""

import mmap
import os
import re
from dataclasses import dataclass
from typing import BinaryIO

import pikepdf

from docvault.pdf.errors import Damaged, Empty, NotAPdf, PasswordProtected

HEAD = 1024  # bytes in which the header must begin (ISO 32000-2 annex I.3)
TAIL = 2048  # bytes in which a whole file ends
_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[")

NOT_A_PDF = "This file is not a PDF. Please save or export it as a PDF and upload that."
EMPTY_FILE = "This file is empty: the upload may have been cut off. Please try again."
NO_PAGES = "This PDF has no pages, so there is nothing to sign."
PROTECTED = "This PDF is protected by a password. Please save a copy without a password and upload that."
CUT_OFF = "This PDF is damaged: the end of the file is missing. Please export or download it again."
DAMAGED = (
    "This PDF is damaged and cannot be read. "
    "Please open it in your PDF program, save it as a new file and upload that."
)


@dataclass(frozen=True, slots=True)
class Raw:
    """What the bytes say before anything is parsed."""

    before: int  # bytes before the header
    after: int  # bytes after the last end mark, white space not counted
    whole: bool  # ends as a PDF ends
    byte_range: bool  # a signature, also one that a broken index hides


def look(file: BinaryIO) -> Raw:
    """Read the bytes once. Raises Empty, NotAPdf."""
    if os.fstat(file.fileno()).st_size == 0:
        raise Empty(EMPTY_FILE)
    with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as content:
        before = content.find(b"%PDF-", 0, HEAD)
        if before < 0:
            raise NotAPdf(NOT_A_PDF)
        end = content.rfind(b"%%EOF")
        after = len(content[end + 5 :].strip()) if end >= 0 and len(content) - end < (1 << 20) else 0
        whole = end >= len(content) - TAIL - after
        return Raw(before, after, whole and end >= 0, _BYTE_RANGE.search(content) is not None)


def open_pdf(file: BinaryIO, raw: Raw) -> tuple[pikepdf.Pdf, bool]:
    """Parse it; say whether its index had to be rebuilt. Raises PasswordProtected, Damaged, Empty."""
    try:
        pdf = pikepdf.open(file, attempt_recovery=True, suppress_warnings=True)
        pages = len(pdf.pages)
    except pikepdf.PasswordError as error:
        raise PasswordProtected(PROTECTED) from error
    except pikepdf.PdfError as error:
        raise Damaged(DAMAGED if raw.whole else CUT_OFF) from error
    repaired = bool(pdf.get_warnings())
    if repaired and not raw.whole:
        # What lies behind the cut is lost, and a repaired file would not show that it ever existed.
        raise Damaged(CUT_OFF)
    if pages == 0:
        raise Empty(NO_PAGES)
    return pdf, repaired
