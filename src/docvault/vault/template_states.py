"""What a version of a template takes from a draft: people become roles, days become numbers of days."""

from collections.abc import Sequence

from docvault.database import envelope_evidence
from docvault.database.engine import Transaction
from docvault.database.envelope_documents import Enclosing
from docvault.database.envelopes import EnvelopeRow
from docvault.rules.fields import PlacedField
from docvault.rules.template_care import Care, days_of
from docvault.rules.templates import TemplateRole, check_roles, of_roles
from docvault.vault import fields
from docvault.vault.records import Records


def roles(row: EnvelopeRow, names: Sequence[str]) -> list[TemplateRole]:
    """Return a role for each person, in their order. Raises TemplateRefused."""
    named = check_roles(names, len(row.recipients))
    return [TemplateRole(role, one.turn, one.part) for role, one in zip(named, row.recipients, strict=True)]


def placed(tx: Transaction, records: Records, row: EnvelopeRow) -> tuple[PlacedField, ...]:
    """Return the fields, each of a role, with what is filled in already."""
    return of_roles(fields.of_envelope(tx, records, row.id), [str(one.id) for one in row.recipients])


def enclosed(tx: Transaction, row: EnvelopeRow) -> list[Enclosing]:
    """Return the documents as they were cleaned, with the digests of what was uploaded."""
    digests = envelope_evidence.uploaded(tx, envelope_evidence.trail(tx, row.id))
    return [
        Enclosing(
            one.document_id, one.name, one.prepared_version_id or "", one.page_sizes, one.arrival, digest
        )
        for one, digest in zip(row.documents, digests, strict=True)
    ]


def care(row: EnvelopeRow) -> Care:
    """Return how it is looked after."""
    days = days_of(row.due_at, row.created_at)
    may = (row.may_delegate, row.may_use_paper, row.may_delegate_outside)
    return Care(days, row.reminder_days, *may)
