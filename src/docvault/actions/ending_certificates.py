"""Warnings in time: administrators hear by mail that a certificate ends, before nothing can be signed."""

from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, ending_certificates
from docvault.database.engine import Database
from docvault.database.messages import Records
from docvault.rules.endings import is_warning_due
from docvault.vault.authority import Authority


def warn(db: Database, records: Records, authority: Authority, *, now: datetime) -> int:
    """Tell administrators of each certificate that ends soon, once on each of the days; return how many."""
    return sum(_warn(db, records, end.name, end.title, end.at, now) for end in authority.ends())


def _warn(db: Database, records: Records, name: str, title: str, ends: datetime, now: datetime) -> bool:
    if not is_warning_due(ends, None, now):
        return False
    with db.transaction() as tx:
        if not is_warning_due(ends, ending_certificates.told_at(tx, name, ends), now):
            return False
        ending_certificates.tell(tx, records, name, title, ends, now)
        audit.append(
            tx,
            Kind.CERTIFICATE_ENDS_SOON,
            at=now,
            object_type="certificate",
            object_id=ending_certificates.identifier(name, ends),
            facts={"certificate": title, "ends": ends.isoformat(), "key": name},
        )
    return True
