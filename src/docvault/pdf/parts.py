"""Taking the signatures out of a document, for other programs to check. Never opens a PDF."""

from dataclasses import dataclass
from typing import Literal

import msgspec

from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers

SECONDS = 60


@dataclass(frozen=True, slots=True)
class Part:
    """One signature or archive timestamp. Everything is DER but `value`, the raw signature."""

    kind: Literal["signature", "timestamp"]
    covers: list[tuple[int, int]]  # two ranges of bytes: where each starts, and how long it is
    cms: bytes
    certificate: bytes  # of who signed
    others: list[bytes]  # certificates that came with it
    value: bytes
    token: bytes | None  # the timestamp over `value`


def signature_parts(workers: Workers, source: Scratch) -> list[Part]:
    """Return every signature and timestamp of a document, oldest first. Raises PdfUnreadable."""
    found, _ = workers.run("signature_parts", [source], {}, timeout=SECONDS)
    return msgspec.convert(found, list[Part])
