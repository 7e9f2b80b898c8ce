"""The fields of an envelope with what its sender prefilled. Such values are answers, so they are sealed.

`database.fields` knows the rest of them, which is enough for whoever only asks where fields are.
"""

from collections.abc import Sequence
from dataclasses import replace

from docvault.database import fields
from docvault.database.engine import Transaction
from docvault.rules.details import load_answer, plain_answer
from docvault.rules.fields import PlacedField
from docvault.values import EnvelopeId
from docvault.vault.records import Records


def of_envelope(tx: Transaction, records: Records, envelope_id: EnvelopeId) -> tuple[PlacedField, ...]:
    """Return the fields in reading order, whole. Raises Tampered."""
    sealed = fields.prefilled(tx, envelope_id)
    return tuple(
        _opened(records, field, sealed[field.id]) if field.id in sealed else field
        for field in fields.of_envelope(tx, envelope_id)
    )


def replace_all(
    tx: Transaction, records: Records, envelope_id: EnvelopeId, placed: Sequence[PlacedField]
) -> None:
    """Make these the envelope's fields; all others go."""
    sealed = {
        field.id: records.seal(f"prefilled:{field.id}", plain_answer(field.detail.prefilled))
        for field in placed
        if field.detail.prefilled is not None
    }
    fields.replace_all(tx, envelope_id, placed, sealed)


def _opened(records: Records, field: PlacedField, sealed: bytes) -> PlacedField:
    answer = load_answer(records.open(f"prefilled:{field.id}", sealed))
    return replace(field, detail=replace(field.detail, prefilled=answer))
