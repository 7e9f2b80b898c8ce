"""The fields of an envelope: placing them on a draft, and showing them with what was prefilled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import envelope_history, envelopes
from docvault.database import fields as database_fields
from docvault.database.engine import Database, Transaction
from docvault.database.envelopes import EnvelopeRow
from docvault.policy.vocabulary import Acting
from docvault.rules import envelopes as rules
from docvault.rules.arrivals import check_fields_on_top
from docvault.rules.details import UNSAID, Detail, ShowIf
from docvault.rules.field_details import check_details
from docvault.rules.fields import FieldKind, FieldRefused, PlacedField, check_fields
from docvault.rules.found import suggest, without_taken
from docvault.values import EnvelopeId, FieldId, RecipientId, new_id
from docvault.vault import fields as vault_fields
from docvault.vault import found_fields
from docvault.vault.files import Vault


@dataclass(frozen=True, slots=True)
class NewField:
    """A field to place. Measures are displayed-page points, origin top left; id None for a new one."""

    id: FieldId | None
    recipient_id: RecipientId
    kind: FieldKind
    page: int  # from 1
    x: float
    y: float
    w: float
    h: float
    required: bool = True
    label: str = ""
    detail: Detail = UNSAID  # show_if names the other field by its key
    key: str = ""  # what other fields of the same call name it by; the id where there is none


def place_fields(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    fields: Sequence[NewField],
    now: datetime,
) -> None:
    """Make these the envelope's fields; all others go.

    Raises NotFound, Forbidden, EnvelopeFrozen, FieldRefused.
    """
    with db.transaction() as tx:
        row = envelopes.for_managing(tx, acting, envelope_id)
        rules.require_draft(envelopes.to_decide(tx, row))
        people = frozenset(str(one.id) for one in row.recipients if one.signs)
        numbers = tx.policy.numbers.signing
        placed = check_fields(_placed(fields), people, row.page_sizes, numbers.max_fields)
        placed = check_details(placed, numbers.max_text_characters)
        check_fields_on_top(placed, row.documents)
        _refuse_foreign_ids(tx, row, fields)
        vault_fields.replace_all(tx, vault.records, envelope_id, placed)
        envelopes.change(tx, row, now)
        envelope_history.record(
            tx, Kind.ENVELOPE_FIELDS_PLACED, row, at=now, acting=acting, facts={"fields": len(placed)}
        )


def suggest_fields(
    db: Database, vault: Vault, *, acting: Acting, envelope_id: EnvelopeId
) -> list[PlacedField]:
    """Return what was found in the documents of a draft and has no field yet; nothing of one that was sent.

    recipient_id is empty where the document does not say whose it is. Raises NotFound, Forbidden.
    """
    with db.reading() as tx:
        row = envelopes.for_managing(tx, acting, envelope_id)
        found = found_fields.of_envelope(tx, vault.records, envelope_id)
        placed = database_fields.of_envelope(tx, envelope_id)
    signers = [one.id for one in row.recipients if one.signs]
    suggested, first_page = [], 1
    for document in row.documents:
        each = found.get(document.position, [])
        suggested += suggest(each, first_page, document.page_sizes, signers)
        first_page += document.pages
    return without_taken(suggested, placed)


def show_fields(
    db: Database, vault: Vault, *, acting: Acting, envelope_id: EnvelopeId
) -> tuple[PlacedField, ...]:
    """Return every field in reading order, to whoever may manage the envelope. Raises NotFound, Forbidden."""
    with db.reading() as tx:
        row = envelopes.for_managing(tx, acting, envelope_id)
        return vault_fields.of_envelope(tx, vault.records, row.id)


def _placed(fields: Sequence[NewField]) -> list[PlacedField]:
    """Give new fields their ids, also where others name them. Raises FieldRefused."""
    ids = [str(field.id or new_id()) for field in fields]
    by_key = {field.key or field_id: field_id for field, field_id in zip(fields, ids, strict=True)}
    if len(by_key) != len(fields):
        raise FieldRefused("Two fields have the same key.")
    return [_with_id(field, field_id, by_key) for field, field_id in zip(fields, ids, strict=True)]


def _with_id(field: NewField, field_id: str, by_key: Mapping[str, str]) -> PlacedField:
    values = {name: getattr(field, name) for name in ("recipient_id", "page", "x", "y", "w", "h", "required")}
    wish, detail = field.detail.show_if, field.detail
    if wish is not None:
        detail = replace(detail, show_if=ShowIf(by_key.get(wish.field, ""), wish.value))
    return PlacedField(
        id=field_id, kind=FieldKind(field.kind), label=field.label.strip(), detail=detail, **values
    )


def _refuse_foreign_ids(tx: Transaction, row: EnvelopeRow, chosen: Sequence[NewField]) -> None:
    known = {field.id for field in database_fields.of_envelope(tx, row.id)}
    if not known >= {field.id for field in chosen if field.id is not None}:
        raise FieldRefused("A field has changed meanwhile. Please load the page again.")
