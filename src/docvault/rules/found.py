"""Fields that were found in an uploaded document, and what to suggest to its sender. Pure: no I/O.

They come from an old form, which is flattened, and from tags in the text such as {{signature:1}}. A tag's
number counts the people who sign, in the order in which the editor lists them; nobody knows whose an old
form's field is.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from docvault.rules.details import Detail
from docvault.rules.entries import UNPRINTABLE
from docvault.rules.field_details import CHOICES_MOST
from docvault.rules.fields import LABEL_LONGEST, SMALLEST, FieldKind, PlacedField

FOUND_MOST = 500  # in one document
TAG_LONGEST = 300  # characters between the braces
SIZES = {  # points of a field that takes the place of a tag
    FieldKind.SIGNATURE: (170.0, 44.0),
    FieldKind.INITIALS: (64.0, 32.0),
    FieldKind.DATE: (96.0, 22.0),
    FieldKind.NUMBER: (90.0, 22.0),
    FieldKind.CHECKBOX: (16.0, 16.0),
}
USUAL = (150.0, 22.0)  # points of every other one
_TAG = re.compile(
    r"\{\{\s*(?P<kind>[a-z]+)(?P<optional>\?)?\s*:\s*(?P<number>[0-9]{1,2})\s*"
    r"(?::(?P<label>[^:{}]*))?(?::(?P<choices>[^:{}]*))?\}\}"
)
_KINDS = {kind.value: kind for kind in FieldKind if kind not in {FieldKind.RADIO, FieldKind.ATTACHMENT}} | {
    "list": FieldKind.DROPDOWN
}


@dataclass(frozen=True, slots=True)
class FoundField:
    """One field of one document, in plain values. Measures are displayed-page points, origin top left."""

    kind: str
    page: int  # of the document, from 1
    x: float
    y: float
    w: float
    h: float
    label: str = ""
    number: int | None = None  # of whom a tag names
    required: bool = True
    choices: list[str] = field(default_factory=list)
    group: str = ""
    longest: int | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """What a tag in the text says."""

    kind: FieldKind
    number: int
    label: str
    required: bool
    choices: tuple[str, ...]

    @property
    def size(self) -> tuple[float, float]:
        return SIZES.get(self.kind, USUAL)


def tag_at(text: str) -> tuple[Tag, int] | None:
    """Return the tag that the text begins with, and its length; None if there is none that can be used."""
    match = _TAG.match(text)
    if match is None or match["kind"] not in _KINDS or int(match["number"]) < 1:
        return None
    choices = tuple(each.strip() for each in (match["choices"] or "").split("|") if each.strip())
    kind = _KINDS[match["kind"]]
    if bool(choices) is not (kind is FieldKind.DROPDOWN):
        return None
    label = (match["label"] or "").strip()
    return Tag(kind, int(match["number"]), label, not match["optional"], choices), match.end()


def suggest(
    found: Iterable[FoundField],
    first_page: int,
    sizes: Sequence[tuple[float, float]],
    signers: Sequence[str],
) -> list[PlacedField]:
    """Return what can be placed of the fields of one document; recipient_id is empty where nobody is named.

    first_page: of the document in the envelope. sizes: of its pages. signers: in the editor's order.
    """
    placed = [
        one
        for index, each in enumerate(found)
        if (one := _suggestion(each, f"found-{first_page}-{index}", first_page, sizes, signers)) is not None
    ]
    return [one for one in placed if one.kind is not FieldKind.RADIO or _is_question(one, placed)]


def _suggestion(
    found: FoundField,
    name: str,
    first_page: int,
    sizes: Sequence[tuple[float, float]],
    signers: Sequence[str],
) -> PlacedField | None:
    kind = FieldKind(found.kind)
    if not 1 <= found.page <= len(sizes) or (found.number or 0) > len(signers):
        return None
    width, height = sizes[found.page - 1]
    w = min(max(found.w, SMALLEST[kind][0]), width)
    h = min(max(found.h, SMALLEST[kind][1]), height)
    choices = tuple(dict.fromkeys(_words(each) for each in found.choices if _words(each)))[:CHOICES_MOST]
    if kind is FieldKind.DROPDOWN and not choices:
        return None
    label = _words(found.label)
    is_radio = kind is FieldKind.RADIO
    return PlacedField(
        id=name,
        recipient_id=signers[found.number - 1] if found.number else "",
        kind=kind,
        page=first_page + found.page - 1,
        x=round(min(max(found.x, 0.0), width - w), 1),
        y=round(min(max(found.y, 0.0), height - h), 1),
        w=round(w, 1),
        h=round(h, 1),
        required=found.required,
        label=label or ("Answer" if is_radio else ""),
        detail=Detail(
            auto=kind in {FieldKind.DATE, FieldKind.NAME} and found.number is not None,
            choices=choices if kind is FieldKind.DROPDOWN else (),
            group=_words(found.group) if is_radio else "",
            longest=found.longest if kind is FieldKind.TEXT else None,
        ),
    )


def without_taken(suggested: Iterable[PlacedField], placed: Iterable[PlacedField]) -> list[PlacedField]:
    """Return the suggestions in whose place no field of their kind lies yet."""
    taken = tuple(placed)
    return [one for one in suggested if not any(_overlap(one, other) for other in taken)]


def _overlap(one: PlacedField, other: PlacedField) -> bool:
    across = one.x < other.x + other.w and other.x < one.x + one.w
    same = one.page == other.page and one.kind is other.kind
    return same and across and one.y < other.y + other.h and other.y < one.y + one.h


def _is_question(one: PlacedField, placed: Sequence[PlacedField]) -> bool:
    return bool(one.detail.group) and sum(other.detail.group == one.detail.group for other in placed) > 1


def _words(text: str) -> str:
    """Return the text as a label can have it."""
    plain = unicodedata.normalize("NFC", text)
    letters = (letter for letter in plain if unicodedata.category(letter) not in UNPRINTABLE)
    return " ".join("".join(letters).split())[:LABEL_LONGEST].strip()
