"""Which words of a text went and which came. Pure: no I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

MOST = 3_000  # words of a text that are compared: the time grows with their square
AROUND = 6  # words that are shown around a change


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words in a row. kind: same, gone (only in the first text) or new (only in the second)."""

    kind: str
    text: str


def words(first: str, second: str) -> Sequence[Piece]:
    """Return both texts as one, in the order of reading; empty if they have the same words."""
    before, after = first.split()[:MOST], second.split()[:MOST]
    if before == after:
        return []
    pieces = []
    for kind, start, stop, begin, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", " ".join(before[start:stop])))
            continue
        if stop > start:
            pieces.append(Piece("gone", " ".join(before[start:stop])))
        if end > begin:
            pieces.append(Piece("new", " ".join(after[begin:end])))
    return _shortened(pieces)


def _shortened(pieces: Sequence[Piece]) -> list[Piece]:
    """Leave out the words in the middle of what is the same: a change is read with what stands around it."""
    shown = []
    for index, piece in enumerate(pieces):
        found = piece.text.split()
        if piece.kind != "same" or len(found) <= 2 * AROUND:
            shown.append(piece)
            continue
        head = found[:AROUND] if index else []
        tail = found[-AROUND:] if index < len(pieces) - 1 else []
        shown.append(Piece("same", " ".join([*head, "…", *tail])))
    return shown
