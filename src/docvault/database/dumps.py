"""Every row of an installation as plain values, out of one kind of database and into the other.

Knows tables, never what a row means. What belongs to the moment is left out: docs/formats/backup.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Table, bindparam, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from docvault.database import installation
from docvault.database.engine import Transaction
from docvault.database.invariants import NO_KEY
from docvault.database.migrate import newest
from docvault.database.tables import METADATA, versions, visits
from docvault.database.versions import RECEIVING, STORED
from docvault.values import DocVaultError

AT_ONCE = 500  # rows read or written in one go
LEFT_OUT = (
    frozenset(  # of a moment that is over, or of a store: nobody is signed in after a restore, nothing locked
        {
            "challenges",
            "in_person_handings",
            "object_locks",
            "passkey_challenges",
            "sessions",
            "single_sign_ons",
            "step_ups",
            "viewings",
            "workers",
        }
    )
)


class RowsDoNotFit(DocVaultError):
    """The rows are of other tables than this DocVault has."""

    def __init__(self) -> None:
        super().__init__("The rows of the backup do not fit the tables of this DocVault.")


def revision() -> str:
    """Return the revision of the tables that rows are read from and written to."""
    return newest()


def kept_tables() -> list[Table]:
    """Return the tables that are kept, each after those it refers to."""
    return [table for table in METADATA.sorted_tables if table.name not in LEFT_OUT]


def rows(tx: Transaction, table: Table) -> Iterator[list[list[Any]]]:
    """Yield all rows of a table in batches, each row in the order of the table's columns."""
    chosen = select(table).order_by(*table.primary_key.columns)
    reading = tx.connection.execution_options(stream_results=True, max_row_buffer=AT_ONCE)
    for batch in reading.execute(chosen).partitions(AT_ONCE):
        yield [list(row) for row in batch]


def load(tx: Transaction, name: str, columns: Sequence[str], batch: Sequence[Sequence[Any]]) -> None:
    """Write one batch of `rows`. What refers to a row of the same table is written by `connect`.

    Raises RowsDoNotFit.
    """
    table = METADATA.tables.get(name)
    if table is None or name in LEFT_OUT or list(columns) != [column.name for column in table.columns]:
        raise RowsDoNotFit
    own = _own_references(table)
    values = [
        {column: None if column in own else value for column, value in zip(columns, row, strict=True)}
        for row in batch
    ]
    try:
        tx.connection.execute(insert(table), values)
    except SQLAlchemyError as error:
        raise RowsDoNotFit from error


def own_references(name: str, columns: Sequence[str], batch: Sequence[Sequence[Any]]) -> dict[str, str]:
    """Return which row of the same table each row refers to, by id, for `connect`."""
    own = _own_references(METADATA.tables[name])
    places = [list(columns).index(column) for column in own]
    identity = list(columns).index("id") if own else 0
    return {row[identity]: row[place] for row in batch for place in places if row[place] is not None}


def connect(tx: Transaction, name: str, references: dict[str, str]) -> None:
    """Write what rows of a table refer to in the same table, once all of them are there."""
    table = METADATA.tables[name]
    for column in _own_references(table):
        statement = (
            update(table).where(table.c.id == bindparam("row")).values({column: bindparam("referred")})
        )
        pairs = iter(references.items())
        while some := list(islice(pairs, AT_ONCE)):
            tx.connection.execute(statement, [{"row": row, "referred": to} for row, to in some])


def end_visits(tx: Transaction, now: datetime) -> None:
    """End what guests had open: their visits are kept, as they say who sent which file."""
    tx.connection.execute(update(visits).where(visits.c.ended_at.is_(None)).values(ended_at=now))


def count_on(tx: Transaction) -> None:
    """Let PostgreSQL number new rows behind those that were loaded; SQLite does so by itself."""
    if tx.connection.dialect.name == "sqlite":
        return
    for table in kept_tables():
        counted = table.autoincrement_column
        if counted is not None:  # where there is no sequence its name is null, and nothing is set
            sequence = func.pg_get_serial_sequence(table.name, counted.name)
            tx.connection.execute(select(func.setval(sequence, func.max(counted))))


def is_vacant(tx: Transaction) -> bool:
    """Tell whether a database with tables holds no installation."""
    return installation.find(tx) is None


def blobs_begun_since(tx: Transaction, since: datetime, arriving: Iterable[str]) -> list[str]:
    """Return the blobs of versions that were begun since then, or were arriving then and are kept."""
    names = list(arriving)
    recent = select(versions.c.blob).where(versions.c.created_at >= since)
    found = set(tx.connection.execute(recent).scalars())
    for start in range(0, len(names), AT_ONCE):
        some = names[start : start + AT_ONCE]
        chosen = select(versions.c.blob).where(versions.c.blob.in_(some))
        found.update(tx.connection.execute(chosen).scalars())
    return sorted(found)


def arriving_blobs(tx: Transaction) -> list[str]:
    """Return the blobs of versions that are being received or made."""
    return list(tx.connection.execute(select(versions.c.blob).where(versions.c.state == RECEIVING)).scalars())


def stored_versions(tx: Transaction, after: str) -> list[str]:
    """Return the ids of some stored versions behind `after`, in order; destroyed ones open for nobody."""
    chosen = (
        select(versions.c.id)
        .where(versions.c.state == STORED, versions.c.wrapped_key != NO_KEY, versions.c.id > after)
        .order_by(versions.c.id)
        .limit(AT_ONCE)
    )
    return list(tx.connection.execute(chosen).scalars())


def stored_count(tx: Transaction) -> int:
    """Return how many versions are stored and not destroyed."""
    there = (versions.c.state == STORED, versions.c.wrapped_key != NO_KEY)
    return tx.connection.execute(select(func.count()).select_from(versions).where(*there)).scalar_one()


def _own_references(table: Table) -> list[str]:
    return [
        key.parent.name
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
        if key.column.table is table and key.parent.nullable
    ]
