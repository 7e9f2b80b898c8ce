"""What signers filled in so far, to go on later. Reached only through an envelope that was asked for."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from docvault.database.engine import Transaction
from docvault.database.tables import kept_answers, recipients
from docvault.values import EnvelopeId


def keep(tx: Transaction, recipient_id: str, sealed: bytes, now: datetime) -> None:
    """Put these in the place of what was kept before."""
    make = postgresql.insert if tx.connection.dialect.name == "postgresql" else sqlite.insert
    values = {"answers": sealed, "kept_at": now}
    row = make(kept_answers).values(recipient_id=recipient_id, **values)
    tx.connection.execute(row.on_conflict_do_update(index_elements=["recipient_id"], set_=values))


def of_recipient(tx: Transaction, recipient_id: str) -> bytes | None:
    """Return what was kept, sealed."""
    chosen = select(kept_answers.c.answers).where(kept_answers.c.recipient_id == recipient_id)
    return tx.connection.execute(chosen).scalar_one_or_none()


def forget(tx: Transaction, recipient_id: str) -> None:
    """Remove what one signer kept: it was signed."""
    tx.connection.execute(delete(kept_answers).where(kept_answers.c.recipient_id == recipient_id))


def forget_all(tx: Transaction, envelope_id: EnvelopeId) -> None:
    """Remove what everybody kept: the envelope has ended."""
    of_envelope = select(recipients.c.id).where(recipients.c.envelope_id == envelope_id)
    tx.connection.execute(delete(kept_answers).where(kept_answers.c.recipient_id.in_(of_envelope)))
