"""Inclusion and consistency proofs of RFC 9162, section 2.1: making and checking. Does no I/O.

Making asks for hashes of full subtrees by (level, index); checking needs nothing but the proof.
"""

from collections.abc import Callable, Sequence

from docvault.audit.errors import ProofInvalid
from docvault.audit.tree import EMPTY_ROOT, node_hash

SubtreeHash = Callable[[int, int], bytes]  # (level, index): its 2**level leaves begin at index * 2**level


def _largest_power_below(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def root_of_range(hashes: SubtreeHash, start: int, stop: int) -> bytes:
    """Return the root of the leaves from `start`, which is aligned, to before `stop`."""
    size = stop - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return hashes(level, start >> level)
    split = start + _largest_power_below(size)
    return node_hash(root_of_range(hashes, start, split), root_of_range(hashes, split, stop))


def root_at(hashes: SubtreeHash, size: int) -> bytes:
    """Return the root of the first `size` leaves."""
    return root_of_range(hashes, 0, size) if size else EMPTY_ROOT


def inclusion(hashes: SubtreeHash, index: int, size: int) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of `size` leaves, lowest sibling first."""
    path, start, stop = [], 0, size
    while stop - start > 1:
        split = start + _largest_power_below(stop - start)
        if index < split:
            path.append(root_of_range(hashes, split, stop))
            stop = split
        else:
            path.append(root_of_range(hashes, start, split))
            start = split
    return path[::-1]


def consistency(hashes: SubtreeHash, older: int, size: int) -> list[bytes]:
    """Return the proof that the tree of `older` leaves is the beginning of the one of `size` leaves."""
    if older in {0, size}:
        return []
    path, start, stop = [], 0, size
    while older != stop:
        split = start + _largest_power_below(stop - start)
        if older <= split:
            path.append(root_of_range(hashes, split, stop))
            stop = split
        else:
            path.append(root_of_range(hashes, start, split))
            start = split
    if start:  # the older root itself is known to the reader only when it is one full subtree from 0 on
        path.append(root_of_range(hashes, start, stop))
    return path[::-1]


def check_inclusion(hashed_leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check the proof as RFC 9162, section 2.1.3.2 does. Raises ProofInvalid."""
    if not 0 <= index < size:
        raise ProofInvalid("The proof is for an entry outside of the log.")
    place, last, folded = index, size - 1, hashed_leaf
    for sibling in path:
        if last == 0:
            raise ProofInvalid("The proof is longer than the tree is high.")
        if place & 1 or place == last:
            folded = node_hash(sibling, folded)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            folded = node_hash(folded, sibling)
        place, last = place >> 1, last >> 1
    if last != 0 or folded != root:
        raise ProofInvalid("The proof does not lead from the entry to the signed root.")


def check_consistency(older: int, older_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> None:
    """Check the proof as RFC 9162, section 2.1.4.2 does. Raises ProofInvalid."""
    if older > size:
        raise ProofInvalid("The older tree is larger than the newer one.")
    if older in {0, size}:
        if path or (older == size and older_root != root):
            raise ProofInvalid("Two trees of the same size have different roots.")
        return
    nodes = [older_root, *path] if older & (older - 1) == 0 else list(path)
    if not nodes:
        raise ProofInvalid("The proof is empty.")
    if _fold_both(older, size, nodes) != (older_root, root):
        raise ProofInvalid("The newer log does not continue the older one.")


def _fold_both(older: int, size: int, nodes: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the older and the newer root that a consistency proof leads to. Raises ProofInvalid."""
    place, last = older - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_folded = new_folded = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            raise ProofInvalid("The proof is longer than the tree is high.")
        if place & 1 or place == last:
            old_folded, new_folded = node_hash(node, old_folded), node_hash(node, new_folded)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new_folded = node_hash(new_folded, node)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofInvalid("The proof is shorter than the tree is high.")
    return old_folded, new_folded
