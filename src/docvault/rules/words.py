"""The words of a text, as search compares them. Pure: no I/O, no dictionary, the same for every script.

A word is a run of letters, digits and their marks, NFKC and without case. Scripts that write no spaces
between words give each of their letters and each pair of neighbours instead.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

LONGEST = 64  # characters of a word that count
WORDS_ASKED = 8  # of one question
_WORD_CATEGORIES = frozenset("LMN")  # letters, marks, numbers
# Thai and Lao, Myanmar, Khmer, kana, CJK ideographs with their extensions, Hangul.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003134f"
)
_PARTS = re.compile(f"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_JOINING = frozenset({0x02, 0xAD, 0xFFFE})  # PDFium's and Unicode's marks of a word broken at a line's end


class _Letters(dict[int, int | None]):
    """What becomes of each character: itself, nothing, or a space. Asked once per character."""

    def __missing__(self, code: int) -> int | None:
        category = unicodedata.category(chr(code))
        kept = code if category[0] in _WORD_CATEGORIES else 0x20
        found = None if code in _JOINING or category == "Cf" else kept
        self[code] = found
        return found


_LETTERS = _Letters()


def words_of(text: str) -> frozenset[str]:
    """Return the distinct words of a text that is to be found."""
    return frozenset(word for token in _tokens(text) for word in _indexed(token))


def words_asked(text: str) -> tuple[str, ...]:
    """Return the words that a document must have to fit a question, in their order, at most WORDS_ASKED."""
    found = dict.fromkeys(word for token in _tokens(text) for word in _asked(token))
    return tuple(found)[:WORDS_ASKED]


def _tokens(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return plain.translate(_LETTERS).split()


def _indexed(token: str) -> Iterator[str]:
    for part in _PARTS.findall(token):
        if _IS_UNSPACED.match(part):
            yield from part
            yield from _pairs(part)
        else:
            yield part[:LONGEST]


def _asked(token: str) -> Iterable[str]:
    for part in _PARTS.findall(token):
        if not _IS_UNSPACED.match(part):
            yield part[:LONGEST]
        else:
            yield from _pairs(part) if len(part) > 1 else part


def _pairs(part: str) -> Iterator[str]:
    return (part[at : at + 2] for at in range(len(part) - 1))
