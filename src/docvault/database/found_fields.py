"""What was found in the documents of a draft, sealed, until it is sent. Reached only through its envelope."""

from collections.abc import Mapping

from sqlalchemy import delete, insert, select

from docvault.database.engine import Transaction
from docvault.database.tables import found_fields
from docvault.values import EnvelopeId


def add(tx: Transaction, envelope_id: EnvelopeId, sealed: Mapping[int, bytes]) -> None:
    """Keep what was found, by the position of the document."""
    rows = [
        {"envelope_id": envelope_id, "position": position, "found": found}
        for position, found in sealed.items()
    ]
    if rows:
        tx.connection.execute(insert(found_fields), rows)


def of_envelope(tx: Transaction, envelope_id: EnvelopeId) -> dict[int, bytes]:
    """Return what is kept, by the position of the document."""
    chosen = select(found_fields.c.position, found_fields.c.found).where(
        found_fields.c.envelope_id == envelope_id
    )
    return {row.position: row.found for row in tx.connection.execute(chosen)}


def forget(tx: Transaction, envelope_id: EnvelopeId) -> None:
    """Remove it: the draft was sent, or has ended."""
    tx.connection.execute(delete(found_fields).where(found_fields.c.envelope_id == envelope_id))
