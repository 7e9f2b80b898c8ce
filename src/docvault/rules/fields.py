"""Where a field may lie on a page, and what every signer needs. Pure: no I/O.

Measures are displayed-page points (crop and rotation applied), origin top left, as the browser shows them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from docvault.rules.details import UNSAID, Detail
from docvault.rules.envelopes import EnvelopeRefused

LABEL_LONGEST = 100  # characters


class FieldKind(StrEnum):
    SIGNATURE = "signature"
    INITIALS = "initials"
    DATE = "date"
    NAME = "name"
    TEXT = "text"
    NUMBER = "number"
    CHECKBOX = "checkbox"
    RADIO = "radio"  # one button; all of one signer with the same group are one question
    DROPDOWN = "dropdown"
    ATTACHMENT = "attachment"  # a file, which stays outside the PDF


BOXES = frozenset({FieldKind.CHECKBOX, FieldKind.RADIO})  # are ticked or not


class FieldRefused(EnvelopeRefused):
    """A field cannot lie there; nothing was changed."""


class SignatureFieldMissing(EnvelopeRefused):
    """Somebody has nowhere to sign, so the envelope cannot be sent."""


@dataclass(frozen=True, slots=True)
class PlacedField:
    """One field. x, y is the top left corner; w, h its size."""

    id: str
    recipient_id: str
    kind: FieldKind
    page: int  # from 1
    x: float
    y: float
    w: float
    h: float
    required: bool
    label: str = ""
    detail: Detail = UNSAID


SMALLEST = {  # points: width and height below which nobody could read or hit the field
    FieldKind.SIGNATURE: (48.0, 18.0),
    FieldKind.INITIALS: (18.0, 12.0),
    FieldKind.DATE: (40.0, 10.0),
    FieldKind.NAME: (40.0, 10.0),
    FieldKind.TEXT: (20.0, 10.0),
    FieldKind.NUMBER: (20.0, 10.0),
    FieldKind.CHECKBOX: (8.0, 8.0),
    FieldKind.RADIO: (8.0, 8.0),
    FieldKind.DROPDOWN: (30.0, 10.0),
    FieldKind.ATTACHMENT: (40.0, 10.0),
}
SLACK = 0.01  # points a browser's arithmetic may be off at the page's edge


def check_fields(
    placed: Iterable[PlacedField],
    recipients: frozenset[str],
    sizes: Sequence[tuple[float, float]],
    most: int,
) -> tuple[PlacedField, ...]:
    """Return the fields if each lies on its page and has its signer. Raises FieldRefused.

    sizes: width and height of each page. most: fields on one envelope.
    """
    fields = tuple(placed)
    if len(fields) > most:
        raise FieldRefused(f"An envelope can have at most {most} fields.")
    if len({field.id for field in fields}) != len(fields):
        raise FieldRefused("Two fields have the same id.")
    for field in fields:
        if field.recipient_id not in recipients:
            raise FieldRefused("A field belongs to nobody who is asked to sign.")
        if len(field.label) > LABEL_LONGEST:
            raise FieldRefused(f"A label can have at most {LABEL_LONGEST} characters.")
        _check_place(field, sizes)
    return fields


def _check_place(field: PlacedField, sizes: Sequence[tuple[float, float]]) -> None:
    if not 1 <= field.page <= len(sizes):
        raise FieldRefused(f"The document has the pages 1 to {len(sizes)}, not {field.page}.")
    if not all(math.isfinite(measure) for measure in (field.x, field.y, field.w, field.h)):
        raise FieldRefused("A field needs numbers for its place and size.")
    least_width, least_height = SMALLEST[field.kind]
    if field.w < least_width or field.h < least_height:
        raise FieldRefused(
            f"The {field.kind} field on page {field.page} is too small: at least "
            f"{least_width:g} by {least_height:g} points are needed."
        )
    width, height = sizes[field.page - 1]
    too_far = field.x + field.w > width + SLACK or field.y + field.h > height + SLACK
    if too_far or field.x < -SLACK or field.y < -SLACK:
        raise FieldRefused(f"The {field.kind} field on page {field.page} reaches beyond the page.")


def fits(field: PlacedField, sizes: Sequence[tuple[float, float]]) -> bool:
    """Tell whether a field lies on one of the pages."""
    if not 1 <= field.page <= len(sizes):
        return False
    width, height = sizes[field.page - 1]
    return field.x + field.w <= width and field.y + field.h <= height


def require_signature_fields(fields: Iterable[PlacedField], names: Mapping[str, str]) -> None:
    """Accept only if everybody has somewhere to sign that is always shown. Raises SignatureFieldMissing.

    names: of the recipients, by their id, in the order in which they should be told.
    """
    signing = {
        field.recipient_id
        for field in fields
        if field.kind is FieldKind.SIGNATURE and field.required and field.detail.show_if is None
    }
    missing = [name for recipient_id, name in names.items() if recipient_id not in signing]
    if missing:
        raise SignatureFieldMissing(f"Place a required signature field for {_listed(missing)} first.")


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
