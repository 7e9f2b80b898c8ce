"""The Merkle tree of RFC 6962: leaf and node hashes, the right edge, roots. Does no I/O.

A tree of any size is described by its edge: the hashes of its full subtrees, largest first, one per bit of
the size. Appending touches only the edge, so a log of a billion entries appends with at most thirty hashes.
"""

import hashlib
from collections.abc import Sequence

from docvault.audit.errors import TreeInvalid

HASH = 32  # bytes
EMPTY_ROOT = hashlib.sha256(b"").digest()  # RFC 6962, section 2.1


def leaf_hash(leaf: bytes) -> bytes:
    """Return SHA-256(0x00 || leaf): the prefix keeps a leaf from passing as a node."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Edge:
    """The right edge of a growing tree."""

    __slots__ = ("_hashes", "size")

    def __init__(self) -> None:
        self.size = 0
        self._hashes: list[bytes] = []

    @classmethod
    def load(cls, size: int, stored: bytes) -> "Edge":
        """Return the edge kept by `dump`. Raises TreeInvalid unless it has one hash per bit of `size`."""
        if size < 0 or len(stored) != HASH * size.bit_count():
            raise TreeInvalid("The audit log's stored edge does not fit its size.")
        edge = cls()
        edge.size = size
        edge._hashes = [stored[start : start + HASH] for start in range(0, len(stored), HASH)]
        return edge

    def dump(self) -> bytes:
        return b"".join(self._hashes)

    def append(self, hashed_leaf: bytes) -> None:
        """Add the next leaf: every full pair at the right is folded into its parent."""
        carried, position = hashed_leaf, self.size
        while position & 1:
            carried = node_hash(self._hashes.pop(), carried)
            position >>= 1
        self._hashes.append(carried)
        self.size += 1

    def root(self) -> bytes:
        if not self._hashes:
            return EMPTY_ROOT
        folded = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            folded = node_hash(left, folded)
        return folded


def root_of(hashed_leaves: Sequence[bytes]) -> bytes:
    """Return the root of a tree with these leaf hashes."""
    edge = Edge()
    for hashed in hashed_leaves:
        edge.append(hashed)
    return edge.root()
