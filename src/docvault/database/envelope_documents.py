"""The documents of an envelope and their revisions. Reached only through an envelope that was asked for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, select, update

from docvault.database.engine import Transaction
from docvault.database.tables import envelope_documents
from docvault.rules.arrivals import Arrival
from docvault.values import DocumentId, EnvelopeId


@dataclass(frozen=True, slots=True)
class EnclosedRow:
    """One document of one envelope. Digests are hex SHA-256, sizes displayed-page points."""

    envelope_id: EnvelopeId
    position: int  # from 1
    document_id: DocumentId
    name: str
    prepared_version_id: str | None
    working_version_id: str | None
    signed_version_id: str | None
    digest: str | None
    page_sizes: tuple[tuple[float, float], ...]
    arrival: Arrival | None  # None: it arrived without signatures

    @property
    def pages(self) -> int:
        return len(self.page_sizes)

    @property
    def newest_version_id(self) -> str:
        """The document as sent, or with the signatures that were put in so far."""
        return self.working_version_id or self.prepared_version_id or ""


@dataclass(frozen=True, slots=True)
class Enclosing:
    """A document to put into a new envelope."""

    document_id: DocumentId
    name: str
    prepared_version_id: str
    page_sizes: Sequence[tuple[float, float]]
    arrival: Arrival | None = None
    sha256: str | None = None  # hex, of what it was made from; None where nobody has to know

    @property
    def pages(self) -> int:
        return len(self.page_sizes)


def of_envelopes(
    tx: Transaction, envelope_ids: Sequence[EnvelopeId]
) -> dict[EnvelopeId, tuple[EnclosedRow, ...]]:
    """Return the documents of each envelope in their order."""
    chosen = select(envelope_documents).where(envelope_documents.c.envelope_id.in_(envelope_ids))
    found: dict[EnvelopeId, list[EnclosedRow]] = {envelope_id: [] for envelope_id in envelope_ids}
    for row in tx.connection.execute(chosen.order_by(envelope_documents.c.position)):
        found[row.envelope_id].append(_enclosed(row))
    return {envelope_id: tuple(rows) for envelope_id, rows in found.items()}


def of_envelope(tx: Transaction, envelope_id: EnvelopeId) -> tuple[EnclosedRow, ...]:
    """Return the documents of one envelope in their order."""
    return of_envelopes(tx, [envelope_id])[envelope_id]


def add(tx: Transaction, envelope_id: EnvelopeId, enclosed: Sequence[Enclosing]) -> None:
    """Put documents into a new envelope, in this order."""
    rows = [
        {
            "envelope_id": envelope_id,
            "position": position,
            "document_id": one.document_id,
            "name": one.name,
            "prepared_version_id": one.prepared_version_id,
            "page_sizes": json.dumps(one.page_sizes),
            "arrival": kept_arrival(one.arrival),
        }
        for position, one in enumerate(enclosed, start=1)
    ]
    tx.connection.execute(insert(envelope_documents), rows)


def kept_arrival(arrival: Arrival | None) -> str | None:
    """Return how a document arrived as it is kept."""
    return None if arrival is None else arrival.dump()


def change(tx: Transaction, enclosed: EnclosedRow, **columns: Any) -> None:
    """Write some columns of one document's row; whoever calls holds the envelope's."""
    tx.connection.execute(
        update(envelope_documents)
        .where(
            envelope_documents.c.envelope_id == enclosed.envelope_id,
            envelope_documents.c.position == enclosed.position,
        )
        .values(**columns)
    )


def _enclosed(row: Row[Any]) -> EnclosedRow:
    values = dict(row._mapping)  # noqa: SLF001 - the public way to a row's columns by name
    sizes = tuple((width, height) for width, height in json.loads(values["page_sizes"]))
    return EnclosedRow(**values | {"page_sizes": sizes, "arrival": Arrival.load(values["arrival"])})
