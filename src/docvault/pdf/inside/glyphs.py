"""Which letters a font has, read from its cmap table (OpenType 1.9.1, cmap formats 4 and 12). Runs in a
worker.
"""

import struct
from functools import cache
from pathlib import Path

PREFERRED = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3))  # platform and encoding: full Unicode first
SEGMENTS, GROUPS = 4, 12  # formats


@cache
def letters_of(font: Path) -> frozenset[int]:
    """The code points that the (first) face of the file can draw."""
    content = font.read_bytes()
    start = struct.unpack_from(">I", content, 12)[0] if content[:4] == b"ttcf" else 0
    table = _table(content, start, b"cmap")
    count = struct.unpack_from(">H", content, table + 2)[0]
    records = [struct.unpack_from(">HHI", content, table + 4 + 8 * index) for index in range(count)]
    places = {(platform, encoding): table + offset for platform, encoding, offset in records}
    place = next(places[each] for each in PREFERRED if each in places)
    kind = struct.unpack_from(">H", content, place)[0]
    return frozenset(_groups(content, place) if kind == GROUPS else _segments(content, place))


def _table(content: bytes, start: int, name: bytes) -> int:
    count = struct.unpack_from(">H", content, start + 4)[0]
    for index in range(count):
        tag, _, offset, _ = struct.unpack_from(">4sIII", content, start + 12 + 16 * index)
        if tag == name:
            return int(offset)
    raise KeyError(name)


def _groups(content: bytes, place: int) -> set[int]:
    count = struct.unpack_from(">I", content, place + 12)[0]
    found: set[int] = set()
    for index in range(count):
        first, last, _ = struct.unpack_from(">III", content, place + 16 + 12 * index)
        found.update(range(first, last + 1))
    return found


def _segments(content: bytes, place: int) -> set[int]:
    doubled = struct.unpack_from(">H", content, place + 6)[0]
    ends = place + 14
    starts, deltas, offsets = ends + doubled + 2, ends + 2 * doubled + 2, ends + 3 * doubled + 2
    found: set[int] = set()
    for step in range(0, doubled, 2):
        first, last = (struct.unpack_from(">H", content, at + step)[0] for at in (starts, ends))
        delta, offset = (struct.unpack_from(">H", content, at + step)[0] for at in (deltas, offsets))
        for letter in range(first, min(last, 0xFFFE) + 1):
            glyph = letter
            if offset:
                glyph = struct.unpack_from(">H", content, offsets + step + offset + 2 * (letter - first))[0]
            if (glyph + delta) & 0xFFFF and (not offset or glyph):
                found.add(letter)
    return found
