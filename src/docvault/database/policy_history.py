"""When the rules in force changed, as the audit log tells. Never writes."""

from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit_trail
from docvault.database.audit_trail import Filters
from docvault.database.engine import Transaction


@dataclass(frozen=True, slots=True)
class Loaded:
    at: datetime
    digest: str  # hex SHA-256 of schema and rules


def loaded(tx: Transaction) -> list[Loaded]:
    """Return every change of the rules that was recorded, oldest first."""
    filters = Filters(kind=Kind.POLICIES_LOADED.value)
    rows = audit_trail.batch(tx, filters, start=0, below=audit_trail.size(tx))
    return [Loaded(row.at, str(row.facts["digest"])) for row in rows]
