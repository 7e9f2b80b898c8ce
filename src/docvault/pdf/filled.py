"""One signer's answers as values and drawings for their fields, ready for `sign`. Draws in workers only."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from docvault.pdf import appearance
from docvault.pdf.fields import FieldSpec, field_name
from docvault.pdf.sign import FieldValue
from docvault.pdf.workers import Workers
from docvault.rules.answers import Filled, TypedSignature
from docvault.rules.fields import FieldKind, PlacedField

HANDWRITING = "caveat"  # the style of initials, which are typed


def specs(placed: Iterable[PlacedField]) -> list[FieldSpec]:
    """Return the fields as they are written into the document, in the order given; a file is not."""
    return [
        FieldSpec(
            id=field.id,
            kind=field.kind.value,
            page=field.page,
            x=field.x,
            y=field.y,
            w=field.w,
            h=field.h,
            label=f"{field.detail.group}: {field.label}" if field.detail.group else field.label,
            signer=field.recipient_id,
            required=field.required and field.detail.show_if is None and field.kind is not FieldKind.RADIO,
            drawn=field.detail.show_if is None,
        )
        for field in placed
        if field.kind is not FieldKind.ATTACHMENT
    ]


@contextmanager
def filled_values(
    workers: Workers,
    fields: Sequence[FieldSpec],
    signer: str,
    filled: Filled,
    *,
    name: str,
    signed_at: datetime,
) -> Iterator[list[FieldValue]]:
    """Lend a value for every field that `signer` was shown and that says something; the drawings are closed
    after the block.

    fields: of everybody, in the order they were placed in. Raises AppearanceRefused, PdfUnreadable.
    """
    lines = [name, f"{signed_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"]
    with ExitStack() as drawings:
        values = []
        for field in fields:
            if field.signer == signer and field.id in filled.answered | filled.empty:
                value = _value(workers, field_name(fields, field), field, filled, lines)
                if value.drawing is not None:
                    drawings.enter_context(value.drawing)
                values.append(value)
        yield values


def _value(workers: Workers, name: str, field: FieldSpec, filled: Filled, lines: Sequence[str]) -> FieldValue:
    width, height = field.w, field.h
    if field.kind == FieldKind.SIGNATURE:
        ink = appearance.signature(workers, filled.signature, lines=lines, width=width, height=height)
        return FieldValue(name, drawing=ink)
    if field.kind in {FieldKind.CHECKBOX, FieldKind.RADIO}:
        ticked, is_round = field.id in filled.answered, field.kind == FieldKind.RADIO
        box = appearance.tick(workers, width=width, height=height, ticked=ticked, round_one=is_round)
        return FieldValue(name, checked=ticked, drawing=box)
    said = str(next(answer for field_id, answer in filled.answers.items() if field_id == field.id))
    if field.kind == FieldKind.INITIALS:
        ink = appearance.initials(workers, TypedSignature(said, HANDWRITING), width=width, height=height)
        return FieldValue(name, text=said, drawing=ink)
    return FieldValue(name, text=said, drawing=appearance.text(workers, said, width=width, height=height))
