"""Writing a PDF whole or not at all. Runs in a worker.

BUG of qpdf 12: where memory does not suffice for one stream (a picture of 150 MB), it writes an empty one in
its place and leaves only a warning. Such a file must never be kept.
"""

from typing import Any, BinaryIO

import pikepdf

from docvault.pdf.errors import TooLargeToSign

LOST = "bad_alloc"  # in qpdf's warning
_AS_IT_IS = {"compress_streams": False, "stream_decode_level": pikepdf.StreamDecodeLevel.none}


def save(pdf: pikepdf.Pdf, output: BinaryIO, **how: Any) -> None:
    """Write the file; a stream that is too large to be compressed stays as it is. Raises TooLargeToSign."""
    how = {"object_stream_mode": pikepdf.ObjectStreamMode.disable, "deterministic_id": True, **how}
    pdf.save(output, **how)
    if not _has_lost(pdf):
        return
    output.seek(0)
    output.truncate()
    pdf.save(output, **{**how, **_AS_IT_IS})
    if _has_lost(pdf):
        raise TooLargeToSign(
            "A picture or another part of this file is too large to be prepared for signing. Please make it "
            "smaller, for example with fewer dots per inch."
        )


def _has_lost(pdf: pikepdf.Pdf) -> bool:
    return any(LOST in each for each in pdf.get_warnings())
