"""Templates with their fields opened, and the drafts that are made from them, in the caller's transaction."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from docvault.database import (
    envelope_documents,
    envelope_people,
    envelopes,
    outsiders,
    recipients,
    templates,
    versions,
)
from docvault.database.engine import Transaction
from docvault.database.envelope_people import Named
from docvault.database.envelopes import EnvelopeRow
from docvault.database.templates import TemplateRow
from docvault.policy.vocabulary import Acting
from docvault.rules import envelope_words, merging, template_care
from docvault.rules import envelopes as rules
from docvault.rules.drafts import check_kind
from docvault.rules.envelope_documents import Chosen, check_documents
from docvault.rules.envelopes import Asked, EnvelopeIncomplete, EnvelopeRefused
from docvault.rules.field_details import check_details
from docvault.rules.fields import PlacedField, check_fields
from docvault.rules.outsiders import Outsider
from docvault.rules.template_care import Care
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


def require_kind(tx: Transaction, template: TemplateRow) -> None:
    """Return only if it says a kind that may be signed electronically now (promise 72).

    Raises KindUnsaid, EnvelopeIncomplete, KindExcluded.
    """
    template_care.require_kind(template.kind, tx.policy.numbers.kinds.why_not)


@dataclass(frozen=True, slots=True)
class Plan:
    """The envelope that comes of a use, checked; not one row of it is written."""

    title: str
    message: str
    asked: tuple[Asked, ...]  # by person, or by address for somebody who is nobody here yet
    named: tuple[Named, ...]  # whom addresses stand for
    ids: tuple[str, ...]  # of the recipients, in the same order
    placed: tuple[PlacedField, ...]
    due_at: datetime | None
    kind: str | None
    care: Care


def possible(tx: Transaction, acting: Acting, template: TemplateRow) -> dict[PersonId, str]:
    """Return the names of the people with an account who may be asked, by id."""
    return {one.id: one.name for one in envelope_people.possible(tx, acting, template.documents[0])}


def plan(
    tx: Transaction,
    records: Records,
    template: TemplateRow,
    people: Sequence[PersonId | Outsider],
    values: Mapping[str, str],
    due_at: datetime | None,
    *,
    known: AbstractSet[PersonId],
    now: datetime,
) -> Plan:
    """Return the envelope for these people, one for each role in order. known: who may be asked.

    An address that belongs to an account asks that account. due_at: None for as the template says.
    Raises TemplateRefused, EnvelopeIncomplete, KindExcluded, MergeRefused, FieldRefused.
    """
    require_usable(tx, template)
    check_kind(template.kind, tx.policy.numbers.kinds.why_not)
    placed = fields_of(records, template)
    chosen = merging.check_values(open_values(template.title, template.message, placed), values)
    title, message = merging.merge(template.title, chosen), merging.merge(template.message, chosen)
    numbers = tx.policy.numbers.signing
    envelope_words.check_words(title, message, numbers.max_message_characters)
    envelope_words.check_due(due_at, now)
    if len(people) != len(template.roles):
        raise EnvelopeIncomplete("Choose a person for every role.")
    named = envelope_people.named(tx, [one for one in people if isinstance(one, Outsider)])
    envelope_people.check_accounts(named, known)
    asked = _asked(template, people, named, known)
    rules.check_recipients(asked, numbers.max_recipients)
    ids = tuple(sorted(new_id() for _ in asked))
    mine = of_people(merged(placed, chosen), ids, new_id)
    signers = frozenset(one for one, each in zip(ids, asked, strict=True) if each.part in rules.SIGNING)
    checked = check_fields(mine, signers, template.page_sizes, numbers.max_fields)
    fields_made = check_details(checked, numbers.max_text_characters)
    return Plan(
        title.strip(),
        message.strip(),
        tuple(asked),
        tuple(named),
        ids,
        tuple(fields_made),
        due_at or template.care.due_at(now),
        template.kind,
        template.care,
    )


def _asked(
    template: TemplateRow,
    people: Sequence[PersonId | Outsider],
    named: Sequence[Named],
    known: AbstractSet[PersonId],
) -> list[Asked]:
    waiting = list(named)
    asked = []
    for one, role in zip(people, template.roles, strict=True):
        if isinstance(one, Outsider):
            stands = waiting.pop(0)
            asked.append(Asked(stands.id or stands.said.email, role.turn, role.part))
        elif one in known:
            asked.append(Asked(one, role.turn, role.part))
        else:
            raise EnvelopeIncomplete("One of these people cannot be asked to sign this document.")
    return asked


class PlanOld(EnvelopeRefused):
    """Somebody came or went since the plan was made: it has to be made anew."""


def check_again(tx: Transaction, made: Plan, known: AbstractSet[PersonId]) -> None:
    """Accept a plan whose people can still be asked, and whose addresses mean the same people.

    Raises EnvelopeIncomplete, PlanOld.
    """
    now = envelope_people.named(tx, [one.said for one in made.named])
    envelope_people.check_accounts(now, known)
    addresses = {one.said.email for one in made.named} | {one.id for one in made.named}
    chosen = {one.person_id for one in made.asked} - addresses
    if tuple(now) != made.named or not known >= chosen:
        raise PlanOld


def write(
    tx: Transaction, records: Records, acting: Acting, template: TemplateRow, made: Plan, now: datetime
) -> EnvelopeRow:
    """Write a planned envelope as a draft that only has to be sent; the caller records it.

    `templates.find` has asked whether `acting` may. The cleaned documents are those of the template itself.
    """
    first = template.documents[0]
    envelope_id = envelopes.add(
        tx,
        now=now,
        organisation_id=first.organisation_id,
        folder_id=first.folder_id,
        sender_id=acting.person_id,
        title=made.title,
        message=made.message,
        due_at=made.due_at,
        reminder_days=made.care.reminder_days,
        may_delegate=made.care.may_delegate,
        may_use_paper=made.care.may_use_paper,
        may_delegate_outside=made.care.may_delegate and made.care.may_delegate_outside,
        kind=made.kind,
    )
    envelope_documents.add(tx, envelope_id, template.enclosed)
    client = first.organisation_id
    people = {one.said.email: envelope_people.add(tx, acting, client, one) for one in made.named}
    asked = [replace(one, person_id=people.get(one.person_id, one.person_id)) for one in made.asked]
    recipients.add(tx, envelope_id, asked, ids=made.ids)
    outside = {people[one.said.email] for one in made.named if one.is_outside}
    for recipient_id, one in zip(made.ids, asked, strict=True):
        if one.person_id in outside:
            outsiders.add(tx, records, recipient_id, "")
    templates.note_origin(tx, envelope_id, template)
    fields.replace_all(tx, records, envelope_id, made.placed)
    return envelopes.for_managing(tx, acting, envelope_id)


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

    Raises TemplateRefused, EnvelopeIncomplete, MergeRefused, FieldRefused.
    """
    known = possible(tx, acting, template).keys() if template.documents else frozenset[PersonId]()
    made = plan(tx, records, template, people, values, due_at, known=known, now=now)
    return write(tx, records, acting, template, made, now)


def facts_of(tx: Transaction, template: TemplateRow, row: EnvelopeRow) -> dict[str, object]:
    """Return what the trail says of an envelope that was made from a template."""
    facts: dict[str, object] = {
        "template": template.id,
        "template_version": template.number,
        "documents": [
            {
                "document": one.document_id,
                "version": one.prepared_version_id,
                "sha256": one.sha256 or versions.made_from(tx, one.prepared_version_id),
            }
            for one in template.enclosed
        ],
        "recipients": [one.person_id for one in row.recipients],
    }
    if row.kind is not None:
        facts["kind"] = row.kind
    outside = sorted(str(one.person_id) for one in row.recipients if one.is_outside)
    return {**facts, "without_account": outside} if outside else facts
