"""The one row that says which installation this is."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from docvault.database.engine import Transaction
from docvault.database.tables import installation

ONLY = 1
TABLE = installation.name  # a database without it holds no installation yet


@dataclass(frozen=True, slots=True)
class Installation:
    name: str
    log_origin: str  # the origin line of the audit log's checkpoints
    created_at: datetime


def find(tx: Transaction) -> Installation | None:
    """Return the installation, or None where the database is still empty."""
    row = tx.connection.execute(select(installation)).one_or_none()
    return Installation(row.name, row.log_origin, row.created_at) if row else None


def add(tx: Transaction, *, name: str, log_origin: str, now: datetime) -> None:
    """Write the one row."""
    tx.connection.execute(
        insert(installation).values(id=ONLY, name=name, log_origin=log_origin, created_at=now)
    )
