"""The fields of an envelope. Reached only through an envelope that was asked for."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, insert, select

from docvault.database.engine import Transaction
from docvault.database.tables import fields
from docvault.rules.fields import FieldKind, PlacedField
from docvault.values import EnvelopeId


def of_envelope(tx: Transaction, envelope_id: EnvelopeId) -> tuple[PlacedField, ...]:
    """Return the fields in reading order: by page, then from top to bottom, then from left to right."""
    chosen = select(fields).where(fields.c.envelope_id == envelope_id)
    in_order = chosen.order_by(fields.c.page, fields.c.y, fields.c.x, fields.c.id)
    return tuple(_field(row) for row in tx.connection.execute(in_order))


def replace_all(tx: Transaction, envelope_id: EnvelopeId, placed: Sequence[PlacedField]) -> None:
    """Make these the envelope's fields; all others go."""
    tx.connection.execute(delete(fields).where(fields.c.envelope_id == envelope_id))
    if placed:
        tx.connection.execute(insert(fields), [_row(envelope_id, field) for field in placed])


def _row(envelope_id: EnvelopeId, field: PlacedField) -> dict[str, Any]:
    names = ("id", "recipient_id", "page", "x", "y", "w", "h", "required", "label")
    return {
        "envelope_id": envelope_id,
        "kind": field.kind.value,
        **{name: getattr(field, name) for name in names},
    }


def _field(row: Row[Any]) -> PlacedField:
    return PlacedField(
        id=row.id,
        recipient_id=row.recipient_id,
        kind=FieldKind(row.kind),
        page=row.page,
        x=row.x,
        y=row.y,
        w=row.w,
        h=row.h,
        required=row.required,
        label=row.label,
    )
