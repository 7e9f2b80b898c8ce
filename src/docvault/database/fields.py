"""The fields of an envelope, but for what is prefilled in them, which `vault.fields` opens.

Reached only through an envelope that was asked for.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, insert, select

from docvault.database.engine import Transaction
from docvault.database.tables import fields
from docvault.rules.details import Detail
from docvault.rules.fields import FieldKind, PlacedField
from docvault.values import EnvelopeId


def of_envelope(tx: Transaction, envelope_id: EnvelopeId) -> tuple[PlacedField, ...]:
    """Return the fields in reading order: by page, then from top to bottom, then from left to right."""
    chosen = select(fields).where(fields.c.envelope_id == envelope_id)
    in_order = chosen.order_by(fields.c.page, fields.c.y, fields.c.x, fields.c.id)
    return tuple(_field(row) for row in tx.connection.execute(in_order))


def prefilled(tx: Transaction, envelope_id: EnvelopeId) -> dict[str, bytes]:
    """Return the sealed values that the sender prefilled, by field."""
    chosen = select(fields.c.id, fields.c.prefilled).where(
        fields.c.envelope_id == envelope_id, fields.c.prefilled.is_not(None)
    )
    return {row.id: row.prefilled for row in tx.connection.execute(chosen)}


def replace_all(
    tx: Transaction, envelope_id: EnvelopeId, placed: Sequence[PlacedField], sealed: Mapping[str, bytes]
) -> None:
    """Make these the envelope's fields; all others go. sealed: what is prefilled, by field."""
    tx.connection.execute(delete(fields).where(fields.c.envelope_id == envelope_id))
    if placed:
        tx.connection.execute(
            insert(fields), [_row(envelope_id, field, sealed.get(field.id)) for field in placed]
        )


def _row(envelope_id: EnvelopeId, field: PlacedField, prefilled: bytes | None) -> dict[str, Any]:
    names = ("id", "recipient_id", "page", "x", "y", "w", "h", "required", "label")
    return {
        "envelope_id": envelope_id,
        "kind": field.kind.value,
        "detail": field.detail.dump(),
        "prefilled": prefilled,
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
        detail=Detail.load(row.detail),
    )
