"""What a signer may fill in: values for fields, and the signature they adopted. Pure: no I/O.

Types are strict: a string is never a tick, and a field of somebody else is refused like an unknown one.
"""

import base64
import json
import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from docvault.rules.envelopes import SigningRefused
from docvault.rules.fields import FieldKind, PlacedField
from docvault.values import FieldId

Answer = str | bool  # a date is ISO 8601 (2026-11-30); a tick box and "I sign here" are booleans

INITIALS_LONGEST = 12  # characters
TYPED_LONGEST = 100  # characters of a typed signature
STYLES = ("caveat", "dancing-script", "great-vibes")  # the script fonts a typed signature can have
STROKES_MOST = 500
POINTS_MOST = 20_000  # of all strokes together
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
PNG = b"\x89PNG\r\n\x1a\n"


class AnswerRefused(SigningRefused):
    """A value does not fit its field; nothing was signed."""


class SignatureRefused(SigningRefused):
    """The drawn, typed or uploaded signature cannot be used; nothing was signed."""


@dataclass(frozen=True, slots=True)
class DrawnSignature:
    """Pen strokes. Points are x, y in units of the drawing area's width, origin top left."""

    strokes: tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True, slots=True)
class TypedSignature:
    text: str
    style: str  # one of STYLES


@dataclass(frozen=True, slots=True)
class PictureSignature:
    png: bytes


Signature = DrawnSignature | TypedSignature | PictureSignature


@dataclass(frozen=True, slots=True)
class Filled:
    """What one signer filled in, checked. `answered` also names the fields that the signature answers."""

    answers: dict[FieldId, Answer]
    answered: frozenset[FieldId]
    signature: Signature

    def dump(self) -> bytes:
        """Return it as JSON in UTF-8, to be sealed."""
        plain = {
            "answers": self.answers,
            "answered": sorted(self.answered),
            "signature": _plain(self.signature),
        }
        return json.dumps(plain, ensure_ascii=False).encode()

    @classmethod
    def load(cls, dumped: bytes) -> "Filled":
        """Read back what `dump` wrote."""
        plain = json.loads(dumped)
        return cls(plain["answers"], frozenset(plain["answered"]), _signature(plain["signature"]))


def _plain(signature: Signature) -> dict[str, object]:
    match signature:
        case DrawnSignature(strokes):
            return {"strokes": strokes}
        case TypedSignature(text, style):
            return {"text": text, "style": style}
        case PictureSignature(png):
            return {"png": base64.b64encode(png).decode()}


def _signature(plain: Mapping[str, Any]) -> Signature:
    if "strokes" in plain:
        return DrawnSignature(tuple(tuple((x, y) for x, y in stroke) for stroke in plain["strokes"]))
    if "png" in plain:
        return PictureSignature(base64.b64decode(plain["png"]))
    return TypedSignature(plain["text"], plain["style"])


def check_answers(
    fields: Iterable[PlacedField], answers: Mapping[FieldId, Answer], longest: int
) -> dict[FieldId, Answer]:
    """Return the answers that say something, in canonical form; empty texts and empty boxes are left out.

    fields: those of the signer only. longest: characters of a text. Raises AnswerRefused.
    """
    own = {FieldId(field.id): field for field in fields}
    if not own.keys() >= answers.keys():
        raise AnswerRefused("An answer belongs to a field that is not yours. Please load the page again.")
    checked = {field_id: _check(own[field_id], answer, longest) for field_id, answer in answers.items()}
    return {field_id: answer for field_id, answer in checked.items() if answer not in ("", False)}


def _check(field: PlacedField, answer: Answer, longest: int) -> Answer:
    if field.kind in {FieldKind.CHECKBOX, FieldKind.SIGNATURE}:
        if not isinstance(answer, bool):
            raise AnswerRefused(f"{_place(field)} is either ticked or not.")
        return answer
    if not isinstance(answer, str):
        raise AnswerRefused(f"{_place(field)} needs text.")
    text = unicodedata.normalize("NFC", answer).strip()
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Co", "Cn"} for letter in text):
        raise AnswerRefused(f"{_place(field)} holds a character that cannot be printed.")
    if field.kind is FieldKind.DATE:
        return _check_date(field, text)
    if field.kind is FieldKind.INITIALS:
        longest = INITIALS_LONGEST
    if len(text) > longest:
        raise AnswerRefused(f"{_place(field)} can have at most {longest} characters.")
    return text


def _check_date(field: PlacedField, text: str) -> str:
    if not text:
        return text
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise AnswerRefused(f"{_place(field)} needs a date like 2026-11-30.") from error
    if not EARLIEST <= day <= LATEST:
        raise AnswerRefused(f"{_place(field)} needs a date between {EARLIEST} and {LATEST}.")
    return day.isoformat()


def _place(field: PlacedField) -> str:
    return f"The {field.label or field.kind} field on page {field.page}"


def check_signature(signature: Signature, most: int) -> Signature:
    """Return the signature if it can be drawn; a picture has up to `most` bytes. Raises SignatureRefused."""
    if isinstance(signature, DrawnSignature):
        return _check_drawn(signature)
    if isinstance(signature, TypedSignature):
        return _check_typed(signature)
    if not signature.png.startswith(PNG):
        raise SignatureRefused("The picture of your signature has to be a PNG.")
    if len(signature.png) > most:
        raise SignatureRefused(f"The picture of your signature can have at most {most // 1024} kB.")
    return signature


def _check_drawn(signature: DrawnSignature) -> DrawnSignature:
    points = [point for stroke in signature.strokes for point in stroke]
    if len(points) < 2:  # noqa: PLR2004 - one point is a slip of the finger
        raise SignatureRefused("Please draw your signature first.")
    if len(signature.strokes) > STROKES_MOST or len(points) > POINTS_MOST:
        raise SignatureRefused("That drawing has too many strokes. Please clear it and draw once more.")
    if not all(math.isfinite(measure) and -1 <= measure <= 2 for point in points for measure in point):  # noqa: PLR2004 - the pad is one unit wide; a pen may leave it a little
        raise SignatureRefused("That drawing reaches far beyond the signing area. Please draw once more.")
    return signature


def _check_typed(signature: TypedSignature) -> TypedSignature:
    text = unicodedata.normalize("NFC", signature.text).strip()
    if not text:
        raise SignatureRefused("Please type your name first.")
    if len(text) > TYPED_LONGEST:
        raise SignatureRefused(f"A typed signature can have at most {TYPED_LONGEST} characters.")
    if signature.style not in STYLES:
        raise SignatureRefused("Please choose one of the handwriting styles.")
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Co", "Cn"} for letter in text):
        raise SignatureRefused("Your typed signature holds a character that cannot be printed.")
    return TypedSignature(text, signature.style)
