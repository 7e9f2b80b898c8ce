"""Which fields of one signer are hidden, given what they filled in so far. Pure: no I/O.

A field that depends on a hidden one is hidden as well, whatever that holds. Chains end: see field_details.py.
"""

from collections.abc import Iterable, Mapping

from docvault.rules.entries import Answer
from docvault.rules.fields import PlacedField
from docvault.values import FieldId


def hidden(fields: Iterable[PlacedField], answers: Mapping[FieldId, Answer]) -> frozenset[str]:
    """Return the ids of the fields that are not shown. fields: all of one signer."""
    by_id = {field.id: field for field in fields}
    return frozenset(field.id for field in by_id.values() if not _shown(field, by_id, answers))


def _shown(field: PlacedField, by_id: Mapping[str, PlacedField], answers: Mapping[FieldId, Answer]) -> bool:
    for _ in by_id:  # no chain is longer, so a circle that slipped in hides its fields instead of hanging
        wish = field.detail.show_if
        if wish is None:
            return True
        wanted: Answer = True if wish.value is None else wish.value
        if wish.field not in by_id or answers.get(FieldId(wish.field)) != wanted:
            return False
        field = by_id[wish.field]
    return field.detail.show_if is None
