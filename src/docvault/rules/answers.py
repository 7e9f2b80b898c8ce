"""What a signer may fill in: values for fields, and the signature they adopted. Pure: no I/O.

Types are strict: a string is never a tick, and a field of somebody else is refused like an unknown one.
"""

import base64
import json
import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from docvault.rules.entries import UNPRINTABLE, Answer, AnswerRefused, check_entry
from docvault.rules.envelopes import SigningRefused
from docvault.rules.fields import PlacedField
from docvault.values import FieldId

__all__ = ["Answer", "AnswerRefused"]  # of one field, in entries.py

TYPED_LONGEST = 100  # characters of a typed signature
STYLES = ("caveat", "dancing-script", "great-vibes")  # the script fonts a typed signature can have
STROKES_MOST = 500
POINTS_MOST = 20_000  # of all strokes together
PNG = b"\x89PNG\r\n\x1a\n"


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
    """What one signer filled in, checked. `answered` also names the fields that the signature answers.

    empty: boxes that the signer saw only because of another answer, and did not tick.
    """

    answers: dict[FieldId, Answer]
    answered: frozenset[FieldId]
    signature: Signature
    empty: frozenset[FieldId] = frozenset()

    def dump(self) -> bytes:
        """Return it as JSON in UTF-8, to be sealed."""
        plain = {
            "answers": self.answers,
            "answered": sorted(self.answered),
            "signature": _plain(self.signature),
            "empty": sorted(self.empty),
        }
        return json.dumps(plain, ensure_ascii=False).encode()

    @classmethod
    def load(cls, dumped: bytes) -> "Filled":
        """Read back what `dump` wrote."""
        plain = json.loads(dumped)
        return cls(
            plain["answers"],
            frozenset(plain["answered"]),
            _signature(plain["signature"]),
            frozenset(plain.get("empty", ())),  # envelopes signed before there were conditions have none
        )


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
    checked = {field_id: check_entry(own[field_id], answer, longest) for field_id, answer in answers.items()}
    return {field_id: answer for field_id, answer in checked.items() if answer not in ("", False)}


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
    if any(unicodedata.category(letter) in UNPRINTABLE for letter in text):
        raise SignatureRefused("Your typed signature holds a character that cannot be printed.")
    return TypedSignature(text, signature.style)
