"""Mail to administrators about certificates that end. The audit trail remembers who was told of what."""

import base64
import hashlib
from datetime import datetime

from sqlalchemy import func, select

from docvault.audit.kinds import Kind
from docvault.database import messages, people
from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.database.notices import moment
from docvault.database.tables import audit_entries
from docvault.policy.vocabulary import Role


def told_at(tx: Transaction, name: str, ends: datetime) -> datetime | None:
    """Return when administrators were last told of this end, None if never. name: of the key, `ca-…`."""
    c = audit_entries.c
    told = select(func.max(c.at)).where(
        c.kind == Kind.CERTIFICATE_ENDS_SOON.value, c.object_id == identifier(name, ends)
    )
    at: datetime | None = tx.connection.execute(told).scalar_one()
    return at


def tell(tx: Transaction, records: Records, name: str, title: str, ends: datetime, now: datetime) -> None:
    """Queue the warning to every active administrator; the caller notes in the trail that they were told."""
    ended = "yes" if ends <= now else ""  # the first look may come after the end
    for person in people.active(tx, Role.ADMINISTRATOR):
        messages.add(
            tx,
            records,
            person_id=person.id,
            recipient=person.email,
            template="certificate_ends",
            values={
                "name": person.name,
                "certificate": title,
                "key": name,
                "ends": moment(ends),
                "ended": ended,
            },
            now=now,
        )


def identifier(name: str, ends: datetime) -> str:
    """Return an id like any other, of 26 letters and digits, for one certificate of one key."""
    digest = hashlib.sha256(f"{name} {ends.isoformat()}".encode()).digest()[:16]
    return base64.b32encode(digest).decode().rstrip("=").lower()
