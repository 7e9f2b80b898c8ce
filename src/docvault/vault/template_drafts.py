"""Templates with their fields opened, and the drafts that are made from them, in the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from docvault.database import (
    envelope_documents,
    envelope_people,
    envelopes,
    recipients,
    templates,
)
from docvault.database.engine import Transaction
from docvault.database.envelopes import EnvelopeRow
from docvault.database.templates import TemplateRow
from docvault.policy.vocabulary import Acting
from docvault.rules import envelope_words, merging
from docvault.rules import envelopes as rules
from docvault.rules.envelope_documents import Chosen, check_documents
from docvault.rules.envelopes import Asked, EnvelopeIncomplete
from docvault.rules.field_details import check_details
from docvault.rules.fields import PlacedField, check_fields
from docvault.rules.templates import (
    TemplateRefused,
    dump_fields,
    load_fields,
    merged,
    of_people,
    open_values,
)
from docvault.values import PersonId, new_id
from docvault.vault import fields
from docvault.vault.records import Records


def seal_fields(records: Records, template_id: str, number: int, placed: Sequence[PlacedField]) -> bytes:
    """Return the fields of a template's version as they are kept. Raises TemplateRefused."""
    return records.seal(f"template:{template_id}:{number}", dump_fields(placed))


def fields_of(records: Records, template: TemplateRow) -> tuple[PlacedField, ...]:
    """Return the fields of a template's version; none once one of its documents was destroyed."""
    if not template.fields:
        return ()
    return load_fields(records.open(f"template:{template.id}:{template.number}", template.fields))


def values_of(records: Records, template: TemplateRow) -> tuple[str, ...]:
    """Return the names of the values that each use of a template has to give."""
    return open_values(template.title, template.message, fields_of(records, template))


def require_usable(tx: Transaction, template: TemplateRow) -> None:
    """Return only while all its documents are there, together. Raises TemplateRefused, EnvelopeIncomplete."""
    if len(template.documents) != len(template.enclosed) or not template.fields:
        raise TemplateRefused(
            "A document of this template is not there any more: it lies in the bin or was taken elsewhere. "
            "Bring it back, or save the template anew from another draft."
        )
    chosen = [Chosen(one.id, one.folder_id) for one in template.documents]
    check_documents(chosen, tx.policy.numbers.signing.max_documents)


def make_draft(
    tx: Transaction,
    records: Records,
    acting: Acting,
    template: TemplateRow,
    people: Sequence[PersonId],
    values: Mapping[str, str],
    due_at: datetime | None,
    now: datetime,
) -> EnvelopeRow:
    """Make an envelope that only has to be sent; the caller records it. people: one for each role, in order.

    `templates.find` has asked whether `acting` may. The cleaned documents are those of the template itself.
    Raises TemplateRefused, EnvelopeIncomplete, MergeRefused, FieldRefused.
    """
    require_usable(tx, template)
    placed = fields_of(records, template)
    chosen = merging.check_values(open_values(template.title, template.message, placed), values)
    title, message = merging.merge(template.title, chosen), merging.merge(template.message, chosen)
    asked = _checked(tx, acting, template, people, title, message)
    envelope_words.check_due(due_at, now)
    first = template.documents[0]
    envelope_id = envelopes.add(
        tx,
        now=now,
        organisation_id=first.organisation_id,
        folder_id=first.folder_id,
        sender_id=acting.person_id,
        title=title.strip(),
        message=message.strip(),
        due_at=due_at,
    )
    envelope_documents.add(tx, envelope_id, template.enclosed)
    recipients.add(tx, envelope_id, asked)
    templates.note_origin(tx, envelope_id, template)
    row = envelopes.for_managing(tx, acting, envelope_id)
    _place(tx, records, row, people, merged(placed, chosen))
    return row


def facts_of(template: TemplateRow, row: EnvelopeRow) -> dict[str, object]:
    """Return what the trail says of an envelope that was made from a template."""
    return {
        "template": template.id,
        "template_version": template.number,
        "documents": [
            {"document": one.document_id, "version": one.prepared_version_id} for one in template.enclosed
        ],
        "recipients": [one.person_id for one in row.recipients],
    }


def _checked(
    tx: Transaction,
    acting: Acting,
    template: TemplateRow,
    people: Sequence[PersonId],
    title: str,
    message: str,
) -> list[Asked]:
    if len(people) != len(template.roles):
        raise EnvelopeIncomplete("Choose a person for every role.")
    numbers = tx.policy.numbers.signing
    envelope_words.check_words(title, message, numbers.max_message_characters)
    asked = [Asked(one, role.turn, role.part) for one, role in zip(people, template.roles, strict=True)]
    rules.check_recipients(asked, numbers.max_recipients)
    known = {one.id for one in envelope_people.possible(tx, acting, template.documents[0])}
    if not known >= set(people):
        raise EnvelopeIncomplete("One of these people cannot be asked to sign this document.")
    return asked


def _place(
    tx: Transaction,
    records: Records,
    row: EnvelopeRow,
    people: Sequence[PersonId],
    placed: Sequence[PlacedField],
) -> None:
    by_person = {one.person_id: str(one.id) for one in row.recipients}
    mine = of_people(placed, [by_person[person] for person in people], new_id)
    numbers = tx.policy.numbers.signing
    signers = frozenset(str(one.id) for one in row.recipients if one.signs)
    checked = check_fields(mine, signers, row.page_sizes, numbers.max_fields)
    fields.replace_all(tx, records, row.id, check_details(checked, numbers.max_text_characters))
