"""Rows of a bulk send: sealed and opened, tried against the template, and made into envelopes to be sent."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from docvault.database import people
from docvault.database.bulk_sends import BulkRow
from docvault.database.engine import Transaction
from docvault.database.templates import TemplateRow
from docvault.policy.vocabulary import Acting
from docvault.rules.bulk_sends import BulkRefused, Entry, RowState, Said
from docvault.rules.details import Detail
from docvault.rules.envelopes import SIGNING, EnvelopeIncomplete, EnvelopeRefused
from docvault.rules.fields import PlacedField, require_signature_fields
from docvault.rules.outsiders import Outsider
from docvault.rules.templates import open_values
from docvault.values import PersonId
from docvault.vault import template_drafts
from docvault.vault.records import Records
from docvault.vault.sending import Outgoing
from docvault.vault.template_drafts import Plan


def seal(records: Records, bulk_id: str, entry: Entry) -> bytes:
    """Return a row as it is kept."""
    return records.seal(f"bulk-row:{bulk_id}:{entry.number}", entry.dump())


def opened(records: Records, bulk_id: str, row: BulkRow) -> Entry | None:
    """Return what a row says; None where that was erased."""
    if row.sealed is None:
        return None
    return Entry.load(records.open(f"bulk-row:{bulk_id}:{row.number}", row.sealed))


def with_trouble(records: Records, bulk_id: str, row: BulkRow, trouble: str) -> bytes | None:
    """Return a row as it is kept with why it was not sent."""
    entry = opened(records, bulk_id, row)
    return seal(records, bulk_id, replace(entry, trouble=trouble)) if entry else None


def state_of(entry: Entry) -> RowState:
    """Return whether a row can be sent, as the dry run left it."""
    return RowState.REFUSED if entry.trouble else RowState.READY


def values_of(records: Records, template: TemplateRow) -> tuple[str, ...]:
    """Return the names of the values that each row has to give."""
    return open_values(template.title, template.message, template_drafts.fields_of(records, template))


def dry_run(
    tx: Transaction,
    records: Records,
    acting: Acting,
    template: TemplateRow,
    entries: Iterable[Entry],
    due_at: datetime | None,
    now: datetime,
) -> list[Entry]:
    """Return each row as it came, or with why it would not be sent; nothing is written.

    Raises TemplateRefused, SignatureFieldMissing, EnvelopeIncomplete where none could be sent.
    """
    template_drafts.require_usable(tx, template)
    signing = {str(n): role.name for n, role in enumerate(template.roles, start=1) if role.part in SIGNING}
    require_signature_fields(template_drafts.fields_of(records, template), signing)
    known = template_drafts.possible(tx, acting, template)
    return [
        entry if entry.trouble else _tried(tx, records, template, entry, due_at, known.keys(), now)
        for entry in entries
    ]


def _tried(
    tx: Transaction,
    records: Records,
    template: TemplateRow,
    entry: Entry,
    due_at: datetime | None,
    known: AbstractSet[PersonId],
    now: datetime,
) -> Entry:
    try:
        plan(tx, records, template, entry, due_at, known=known, now=now)
    except EnvelopeRefused as refused:
        return replace(entry, trouble=str(refused))
    return entry


def plan(
    tx: Transaction,
    records: Records,
    template: TemplateRow,
    entry: Entry,
    due_at: datetime | None,
    *,
    known: AbstractSet[PersonId],
    now: datetime,
) -> Plan:
    """Return the envelope that comes of a row. Raises TemplateRefused and what else a template refuses."""
    asked = [_person(tx, said, role.name) for said, role in zip(entry.people, template.roles, strict=True)]
    return template_drafts.plan(tx, records, template, asked, entry.values, due_at, known=known, now=now)


def _person(tx: Transaction, said: Said, role: str) -> PersonId | Outsider:
    if said.person_id:
        return PersonId(said.person_id)
    if said.name:
        return Outsider(said.name, said.email)
    found = people.by_email(tx, said.email.casefold())
    if found is None:
        raise EnvelopeIncomplete(f"The name of “{role}” is missing: nobody here has that address yet.")
    return Outsider(found.name, said.email)


def outgoing(tx: Transaction, acting: Acting, template: TemplateRow, made: Plan) -> Outgoing:
    """Return a planned envelope as it is about to be sent: its fields as its rows will say them."""
    said = {one.said.email: one.said.name for one in made.named}
    names = [said.get(one.person_id) or _name_of(tx, one.person_id) for one in made.asked]
    asked = list(zip(made.ids, made.asked, names, strict=True))
    signers = {recipient_id: name for recipient_id, one, name in asked if one.part in SIGNING}
    others = [name for _, one, name in asked if one.part not in SIGNING]
    return Outgoing(made.title, template.enclosed, signers, as_kept(made.placed), [*others, acting.name])


def as_kept(placed: Sequence[PlacedField]) -> tuple[PlacedField, ...]:
    """Return fields as they are read back: in reading order, without what is filled in."""
    plain = (replace(one, detail=Detail.load(one.detail.dump())) for one in placed)
    return tuple(sorted(plain, key=lambda one: (one.page, one.y, one.x, one.id)))


def _name_of(tx: Transaction, person_id: str) -> str:
    found = people.by_id(tx, PersonId(person_id))
    if found is None:
        raise BulkRefused("One of these people is not here any more.")
    return found.name
