"""Tiles of c2sp.org/tlog-tiles: 256 hashes side by side, on every eighth level of the tree. Does no I/O.

A tile at level L and index N holds the hashes of the subtrees of 256**L leaves from N * 256 on. Full tiles
never change; what lies right of them is read from smaller tiles.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from docvault.audit.errors import TreeInvalid
from docvault.audit.tree import HASH, node_hash

WIDTH = 256  # hashes of a full tile
HEIGHT = 8  # levels of the tree in one tile
KEPT = 512  # tiles that a reader keeps folded, about 16 KiB each


def path(level: int, index: int, width: int = WIDTH) -> str:
    """Return the tile's path as the specification spells it, e.g. `tile/0/x001/234` or `tile/0/000.p/7`."""
    groups = [f"{index % 1000:03d}"]
    while index >= 1000:  # noqa: PLR2004 - three digits to a group, says the specification
        index //= 1000
        groups.insert(0, f"x{index % 1000:03d}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(groups)}{partial}"


def completed(size: int) -> list[tuple[int, int]]:
    """Return (level, index) of every tile that became full with the entry that made the log `size` long."""
    full, level = [], 0
    while size and size % WIDTH == 0:
        size //= WIDTH
        full.append((level, size - 1))
        level += 1
    return full


def pieces(since: int, size: int) -> Iterator[tuple[int, int, int]]:
    """Yield (level, index, width) of the tiles of a log of `size` entries that one of `since` has not.

    Full tiles of a level first, then the one that is not full yet.
    """
    level = 0
    while size >> (HEIGHT * level):
        above = HEIGHT * (level + 1)
        for index in range(since >> above, size >> above):
            yield level, index, WIDTH
        if width := (size >> (HEIGHT * level)) % WIDTH:
            yield level, size >> above, width
        level += 1


def fold(hashes: bytes) -> list[list[bytes]]:
    """Return the levels above a tile: [0] are its hashes, [8] of a full one is its single root."""
    rows = [[hashes[start : start + HASH] for start in range(0, len(hashes), HASH)]]
    while len(rows[-1]) > 1:
        below = rows[-1]
        rows.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return rows


class TileReader:
    """Hashes of full subtrees of a log with `size` entries, read through tiles and kept folded.

    stored: returns the full tile (level, index), or None if there is none.
    leaves: returns the leaf hashes of the half-open range, joined.
    """

    def __init__(
        self, size: int, stored: Callable[[int, int], bytes | None], leaves: Callable[[int, int], bytes]
    ) -> None:
        self.size = size
        self._stored = stored
        self._leaves = leaves
        self._folded: OrderedDict[tuple[int, int], list[list[bytes]]] = OrderedDict()

    def hash(self, level: int, index: int) -> bytes:
        """Return the hash of the full subtree of 2**level leaves at `index`. Raises TreeInvalid."""
        tile_level, inside = divmod(level, HEIGHT)
        tile_index, offset = divmod(index << inside, WIDTH)
        rows = self._rows(tile_level, tile_index)
        try:
            return rows[inside][offset >> inside]
        except IndexError as error:
            raise TreeInvalid(f"The audit log has no subtree {index} at level {level}.") from error

    def tile(self, level: int, index: int) -> bytes:
        """Return the tile's hashes as far as the log has them: 32 to 8192 bytes. Raises TreeInvalid."""
        return b"".join(self._rows(level, index)[0])

    def _rows(self, level: int, index: int) -> list[list[bytes]]:
        key = (level, index)
        if key in self._folded:
            self._folded.move_to_end(key)
            return self._folded[key]
        rows = self._folded[key] = fold(self._fetch(level, index))
        if len(self._folded) > KEPT:
            self._folded.popitem(last=False)
        return rows

    def _fetch(self, level: int, index: int) -> bytes:
        width = min(WIDTH, (self.size >> (HEIGHT * level)) - index * WIDTH)
        if width <= 0:
            raise TreeInvalid(f"The audit log has no tile {path(level, index)}.")
        found = self._stored(level, index) if width == WIDTH else None
        if found is None and level == 0:
            found = self._leaves(index * WIDTH, index * WIDTH + width)
        if found is None:  # not full yet: its hashes are the roots of the full tiles below
            first = index * WIDTH
            found = b"".join(self._rows(level - 1, below)[HEIGHT][0] for below in range(first, first + width))
        if len(found) != width * HASH:
            raise TreeInvalid(f"The audit log's tile {path(level, index)} is damaged.")
        return found
