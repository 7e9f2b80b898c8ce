"""Files that signers hand in with their signature. Reached only through an envelope that was asked for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select

from docvault.database.engine import Transaction
from docvault.database.tables import attachments, versions
from docvault.values import EnvelopeId

PURPOSE = "attachment"  # of their versions


@dataclass(frozen=True, slots=True)
class AttachmentRow:
    """One file for one field. sha256: hex; scan: what the malware scanner said."""

    id: str
    envelope_id: EnvelopeId
    recipient_id: str
    field_id: str
    version_id: str
    name: str
    size: int  # bytes
    sha256: str
    created_at: datetime
    scan: str


_QUESTION = select(attachments, versions.c.scan).join_from(
    attachments, versions, versions.c.id == attachments.c.version_id
)


def of_envelope(tx: Transaction, envelope_id: EnvelopeId) -> Sequence[AttachmentRow]:
    """Return the files of an envelope, oldest first."""
    chosen = _QUESTION.where(attachments.c.envelope_id == envelope_id)
    in_order = chosen.order_by(attachments.c.created_at, attachments.c.id)
    return [_row(row) for row in tx.connection.execute(in_order)]


def of_recipient(tx: Transaction, recipient_id: str) -> Sequence[AttachmentRow]:
    """Return the files that one signer handed in so far."""
    chosen = _QUESTION.where(attachments.c.recipient_id == recipient_id)
    return [_row(row) for row in tx.connection.execute(chosen.order_by(attachments.c.created_at))]


def count_tries(tx: Transaction, document_id: str, person_id: str) -> int:
    """Return how many files this person ever handed in with a document, replaced ones too."""
    chosen = select(func.count()).where(
        versions.c.document_id == document_id,
        versions.c.purpose == PURPOSE,
        versions.c.created_by == person_id,
    )
    return int(tx.connection.execute(chosen).scalar_one())


def put(tx: Transaction, **columns: Any) -> None:
    """Put a file in the place of the one its field had."""
    tx.connection.execute(delete(attachments).where(attachments.c.field_id == columns["field_id"]))
    tx.connection.execute(insert(attachments).values(**columns))


def keep_only(tx: Transaction, recipient_id: str, ids: Collection[str]) -> None:
    """Take away what is not part of what was signed; its bytes go with the document."""
    chosen = delete(attachments).where(attachments.c.recipient_id == recipient_id)
    tx.connection.execute(chosen.where(attachments.c.id.not_in(list(ids))))


def _row(row: Row[Any]) -> AttachmentRow:
    return AttachmentRow(**row._mapping)  # noqa: SLF001 - the public way to a row's columns by name
