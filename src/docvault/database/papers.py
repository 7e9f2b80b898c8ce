"""What people signed by hand: sheets added so far, and scans handed in.

Reached only through an envelope that was asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from docvault.database.engine import Transaction
from docvault.database.tables import paper_sheets, papers, versions
from docvault.values import EnvelopeId, new_id

PURPOSE = "paper"  # of the versions of sheets
BOUND = "bound-paper"  # of the version that all sheets of a scan make


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One file that a signer added, as a PDF. scan: what the malware scanner said."""

    id: str
    recipient_id: str
    position: int
    version_id: str
    name: str
    pages: int
    size: int  # bytes
    sha256: str  # hex
    scan: str


@dataclass(frozen=True, slots=True)
class PaperRow:
    """The newest scan of one signer. Neither accepted nor returned: it waits for the sender."""

    id: str
    envelope_id: EnvelopeId
    recipient_id: str
    version_id: str
    pages: int
    size: int  # bytes
    sha256: str  # hex
    handed_in_at: datetime
    accepted_at: datetime | None
    returned_at: datetime | None
    reason: str
    scan: str  # what the malware scanner said

    @property
    def waits(self) -> bool:
        return self.accepted_at is None and self.returned_at is None


def sheets_of(tx: Transaction, recipient_id: str) -> Sequence[SheetRow]:
    """Return what one signer has added so far, in order."""
    chosen = (
        select(paper_sheets, versions.c.scan)
        .join_from(paper_sheets, versions, versions.c.id == paper_sheets.c.version_id)
        .where(paper_sheets.c.recipient_id == recipient_id)
        .order_by(paper_sheets.c.position)
    )
    rows = tx.connection.execute(chosen).mappings()
    return [SheetRow(**row) for row in rows]


def add_sheet(tx: Transaction, recipient_id: str, **columns: Any) -> None:
    """Put a sheet behind those there are."""
    last = select(func.max(paper_sheets.c.position)).where(paper_sheets.c.recipient_id == recipient_id)
    position = (tx.connection.execute(last).scalar_one() or 0) + 1
    row = {"id": new_id(), "recipient_id": recipient_id, "position": position, **columns}
    tx.connection.execute(insert(paper_sheets).values(**row))


def remove_sheet(tx: Transaction, recipient_id: str, sheet_id: str) -> bool:
    """Take one sheet away; False if there was none. Its bytes go with the document."""
    mine = (paper_sheets.c.id == sheet_id) & (paper_sheets.c.recipient_id == recipient_id)
    return tx.connection.execute(delete(paper_sheets).where(mine)).rowcount == 1


def forget_sheets(tx: Transaction, recipient_id: str) -> None:
    """Take all sheets away: they were handed in, or their signer will not sign."""
    tx.connection.execute(delete(paper_sheets).where(paper_sheets.c.recipient_id == recipient_id))


def forget(tx: Transaction, recipient_id: str) -> None:
    """Take away what was not accepted: another person takes the part over, and it is not theirs."""
    forget_sheets(tx, recipient_id)
    tx.connection.execute(delete(papers).where(papers.c.recipient_id == recipient_id))


def count_tries(tx: Transaction, document_id: str, person_id: str) -> int:
    """Return how many sheets this person ever added for a document, those taken away too."""
    chosen = select(func.count()).where(
        versions.c.document_id == document_id,
        versions.c.purpose == PURPOSE,
        versions.c.created_by == person_id,
    )
    return int(tx.connection.execute(chosen).scalar_one())


def hand_in(tx: Transaction, recipient_id: str, **columns: Any) -> str:
    """Keep a scan in the place of the one that was sent back, and return its id."""
    tx.connection.execute(delete(papers).where(papers.c.recipient_id == recipient_id))
    paper_id = new_id()
    tx.connection.execute(insert(papers).values(id=paper_id, recipient_id=recipient_id, **columns))
    return paper_id


def change(tx: Transaction, paper_id: str, **columns: Any) -> None:
    """Write some columns of one scan."""
    tx.connection.execute(update(papers).where(papers.c.id == paper_id).values(**columns))


_QUESTION = select(papers, versions.c.scan).join_from(papers, versions, versions.c.id == papers.c.version_id)


def of_envelope(tx: Transaction, envelope_id: EnvelopeId) -> Sequence[PaperRow]:
    """Return the newest scan of each signer, oldest first."""
    chosen = _QUESTION.where(papers.c.envelope_id == envelope_id)
    rows = tx.connection.execute(chosen.order_by(papers.c.handed_in_at, papers.c.id)).mappings()
    return [PaperRow(**row) for row in rows]


def of_recipient(tx: Transaction, recipient_id: str) -> PaperRow | None:
    """Return the newest scan of one signer."""
    chosen = _QUESTION.where(papers.c.recipient_id == recipient_id)
    row = tx.connection.execute(chosen).mappings().one_or_none()
    return None if row is None else PaperRow(**row)
