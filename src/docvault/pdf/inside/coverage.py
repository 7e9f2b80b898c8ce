"""Which bytes a signature covers, read from the bytes themselves. Believes no library's summary.

Guards the known attacks on ByteRange (overlap, second gap, a gap larger than the signature) and on what
follows the last signature: appended bytes and objects that no table of contents names.
"""

import os
import re
from dataclasses import dataclass
from typing import BinaryIO

from pyhanko.pdf_utils.reader import PdfFileReader

READ = 1024 * 1024  # bytes at a time
LONGEST_RANGE = 200  # bytes that a ByteRange may take; one cut in two is found again
BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,15})\s+(\d{1,15})\s+(\d{1,15})\s+(\d{1,15})\s*\]")
HEX = re.compile(rb"<(?:[0-9a-f]*|[0-9A-F]*)>")
OBJECT = re.compile(rb"\s*\d+ \d+ obj\b")
TABLE_AND_END = re.compile(rb"\s*(?:xref\b.*?trailer\b.*?)?startxref\s+\d+\s+%%EOF[\r\n]*", re.DOTALL)


class CoverageBroken(Exception):
    """The signature does not cover one unbroken stretch from the start with only itself left out."""


class TrailingBytes(Exception):
    """Something follows the last signature that is no update of the document."""


@dataclass(frozen=True, slots=True)
class Extent:
    """`end` is the first byte the signature does not cover; `contents` the gap's value with its padding."""

    end: int
    contents: bytes


def size_of(file: BinaryIO) -> int:
    """Bytes in the file; moves to its end."""
    return file.seek(0, os.SEEK_END)


def byte_ranges(file: BinaryIO) -> list[list[int]]:
    """Return every ByteRange in the raw bytes, wherever it stands."""
    file.seek(0)
    found = []
    kept = b""
    while piece := file.read(READ):
        searched = kept + piece
        found += [[int(each) for each in match.groups()] for match in BYTE_RANGE.finditer(searched)]
        kept = searched[-LONGEST_RANGE:]
    return found


def extent(file: BinaryIO, byte_range: list[int]) -> Extent:
    """Check one ByteRange against the file. Raises CoverageBroken."""
    if len(byte_range) != 4 or any(type(each) is bool or each < 0 for each in byte_range):  # noqa: PLR2004
        raise CoverageBroken
    start, before, after, rest = (int(each) for each in byte_range)
    if start != 0 or after <= before or after + rest > size_of(file):
        raise CoverageBroken
    file.seek(before)
    gap = file.read(after - before)
    # One hexadecimal string in one case: no white space, comment or second value can hide in the gap.
    if not HEX.fullmatch(gap) or len(gap) % 2:
        raise CoverageBroken
    return Extent(after + rest, bytes.fromhex(gap[1:-1].decode("ascii")))


def der_value(contents: bytes) -> bytes:
    """Return the one DER value; only zeros, the room kept for it, may follow. Raises CoverageBroken."""
    if len(contents) < 2 or contents[0] != 0x30:  # noqa: PLR2004 - tag and length of a SEQUENCE
        raise CoverageBroken
    size, header = contents[1], 2
    if size > 0x80:  # noqa: PLR2004 - the long form of a length
        header += size & 0x7F
        size = int.from_bytes(contents[2:header], "big")
    if any(contents[header + size :]) or header + size > len(contents):
        raise CoverageBroken
    return contents[: header + size]


def require_only_updates(reader: PdfFileReader, file: BinaryIO, end: int, revision: int) -> None:
    """Check that after `end` there are the objects of later revisions, nothing else. Raises TrailingBytes."""
    xrefs = reader.xrefs
    offsets = {xrefs.get_startxref_for_revision(each) for each in range(revision + 1, xrefs.total_revisions)}
    for each in range(revision + 1, xrefs.total_revisions):
        for reference in xrefs.explicit_refs_in_revision(each):
            place = xrefs.get_historical_ref(reference, each)
            if isinstance(place, int):
                offsets.add(place)
    starts = sorted(offsets)
    if not starts or starts[0] < end:
        raise TrailingBytes
    file.seek(end)
    tail = file.read()
    if tail[: starts[0] - end].strip(b"\r\n\t "):
        raise TrailingBytes
    for start, stop in zip(starts, [*starts[1:], end + len(tail)], strict=True):
        _require_one_object(tail[start - end : stop - end])


def _require_one_object(piece: bytes) -> None:
    """Check that a piece is one object, a table, or an object and its table. Raises TrailingBytes."""
    rest = piece
    if OBJECT.match(piece):
        body, found, rest = piece.partition(b"endobj")
        if not found or b"endobj" in rest or len(OBJECT.findall(body)) < 1:
            raise TrailingBytes
    if rest.strip(b"\r\n\t ") and not TABLE_AND_END.fullmatch(rest):
        raise TrailingBytes
