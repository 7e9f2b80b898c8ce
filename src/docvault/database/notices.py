"""Security notices: mail that tells a person what happened to their own account (promise 16)."""

from datetime import UTC, datetime

from docvault.database import messages
from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.database.people import PersonRow


def tell(tx: Transaction, records: Records, person: PersonRow, what: str, now: datetime) -> None:
    """Queue a notice in `tx`. what: a sentence without its full stop, such as "Your password was changed"."""
    messages.add(
        tx,
        records,
        person_id=person.id,
        recipient=person.email,
        template="security_notice",
        values={"name": person.name, "what": what, "when": moment(now)},
        now=now,
    )


def moment(at: datetime) -> str:
    """Return a moment as people read it in mail, in UTC."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y, %H:%M} UTC"
