"""The ZIP file around a bundle: stored members under headers that follow from them. Never compresses.

One spelling only (docs/formats/audit-log.md, "Bundle"): a reader builds every header again and compares, so
that no byte of the file is free to change.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from docvault.audit.errors import BundleTooLarge

LARGEST = 2**32 - 2  # bytes of the whole file: without ZIP64
MEMBERS_MOST = 65_535
MEMBER_MOST = 64 * 1024 * 1024  # bytes a reader takes into memory at once

_DATE = 0x0021  # 1 January 1980, the first day a ZIP file knows
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_VERSION = 10


@dataclass(frozen=True, slots=True)
class Member:
    """One member as it was found. `damage` says in words what is wrong with it, or is None."""

    name: str
    body: bytes
    damage: str | None = None


class Writer:
    """Makes the bytes of the file, member by member; keeps only the directory."""

    def __init__(self) -> None:
        self._central: list[bytes] = []
        self._offset = 0

    def member(self, name: str, body: bytes) -> bytes:
        """Return the bytes of the next member. Raises BundleTooLarge."""
        header = _local(name, body)
        self._central.append(_directory(name, body, self._offset))
        self._offset += len(header) + len(body)
        ahead = sum(map(len, self._central[-1:])) + _END.size
        if self._offset + ahead > LARGEST or len(self._central) > MEMBERS_MOST:
            raise BundleTooLarge("This export would pass 4 GiB. Please choose a shorter period.")
        return header + body

    def end(self) -> bytes:
        """Return the directory, the last bytes of the file. Raises BundleTooLarge."""
        directory = b"".join(self._central)
        if self._offset + len(directory) + _END.size > LARGEST:
            raise BundleTooLarge("This export would pass 4 GiB. Please choose a shorter period.")
        count = len(self._central)
        return directory + _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), self._offset, 0)


def read(source: BinaryIO) -> Iterator[Member]:
    """Yield the members in the file's order; behind a place that cannot be followed, a nameless one that
    says why.

    Nothing is yielded after a place from which the file cannot be followed.
    """
    rebuilt = Writer()
    while True:
        header = source.read(_LOCAL.size)
        if header[:4] != b"PK\x03\x04" or len(header) < _LOCAL.size:
            break
        fields = _LOCAL.unpack(header)
        length, name_length, extra = fields[8], fields[9], fields[10]
        if length > MEMBER_MOST or extra:
            yield Member("", b"", "a header of the file is damaged")
            return
        raw_name, body = source.read(name_length), source.read(length)
        if len(body) < length:
            yield Member(raw_name.decode("ascii", "replace"), body, "the file ends in the middle of it")
            return
        name = raw_name.decode("ascii", "replace")
        sound = rebuilt.member(name, body)[: len(header) + name_length] == header + raw_name
        yield Member(name, body, None if sound else "its bytes do not fit their checksum")
    rest = header + source.read()
    if rest != rebuilt.end():
        ended = not rest
        yield Member("", b"", "the file ends too early" if ended else "the directory at its end is damaged")


def _local(name: str, body: bytes) -> bytes:
    sizes = (zlib.crc32(body), len(body), len(body), len(name), 0)
    return _LOCAL.pack(b"PK\x03\x04", _VERSION, 0, 0, 0, _DATE, *sizes) + name.encode("ascii", "replace")


def _directory(name: str, body: bytes, offset: int) -> bytes:
    sizes = (zlib.crc32(body), len(body), len(body), len(name), 0)
    fixed = (b"PK\x01\x02", _VERSION, _VERSION, 0, 0, 0, _DATE)
    return _CENTRAL.pack(*fixed, *sizes, 0, 0, 0, 0, offset) + name.encode("ascii", "replace")
