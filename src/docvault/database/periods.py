"""Grants as periods: begun, ended, and asked for at any moment. Nothing is ever overwritten or removed.

A period that nobody ended and that did not run out is in force. What a grant means is the caller's.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Table,
    and_,
    bindparam,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from docvault.database.engine import Transaction
from docvault.database.tables import Moment
from docvault.values import new_id

# Statements that are built once name the moment by this parameter; whoever runs them says which: {"at": …}.
AT: BindParameter[datetime] = bindparam("at", type_=Moment)

When = datetime | BindParameter[datetime]


def in_force(periods: Table, at: When) -> ColumnElement[bool]:
    """Return the condition for grants that count now. at: the moment of the request."""
    return and_(periods.c.ended_at.is_(None), or_(periods.c.ends_at.is_(None), periods.c.ends_at > at))


def as_of(periods: Table, at: When) -> ColumnElement[bool]:
    """Return the condition for grants that counted at a past moment, whatever happened to them since."""
    return and_(
        periods.c.starts_at <= at,
        or_(periods.c.ended_at.is_(None), periods.c.ended_at > at),
        or_(periods.c.ends_at.is_(None), periods.c.ends_at > at),
    )


def begin(
    tx: Transaction,
    periods: Table,
    what: Mapping[str, str],
    *,
    by: str | None,
    now: datetime,
    ends_at: datetime | None = None,
    **values: Any,
) -> bool:
    """Begin a period for `what`, the columns that name it; False if one is in force already."""
    same = [periods.c[name] == value for name, value in what.items()]
    run_out = (*same, periods.c.ended_at.is_(None), periods.c.ends_at <= now)
    tx.connection.execute(update(periods).where(*run_out).values(ended_at=periods.c.ends_at))
    make = postgresql.insert if tx.connection.dialect.name == "postgresql" else sqlite.insert
    row = make(periods).values(id=new_id(), starts_at=now, ends_at=ends_at, started_by=by, **what, **values)
    new = row.on_conflict_do_nothing(index_elements=list(what), index_where=text("ended_at IS NULL"))
    return tx.connection.execute(new.returning(periods.c.id)).one_or_none() is not None


def finish(
    tx: Transaction, periods: Table, what: Mapping[str, str], *, by: str | None, now: datetime
) -> Row[Any] | None:
    """End the period in force and return its row, or None if there is none."""
    same = [periods.c[name] == value for name, value in what.items()]
    chosen = select(periods).where(*same, in_force(periods, now)).with_for_update()
    row = tx.connection.execute(chosen).one_or_none()
    if row is not None:
        ended = update(periods).where(periods.c.id == row.id, periods.c.ended_at.is_(None))
        if tx.connection.execute(ended.values(ended_at=now, ended_by=by)).rowcount != 1:
            return None
    return row


def change(
    tx: Transaction, periods: Table, what: Mapping[str, str], *, by: str | None, now: datetime, **values: Any
) -> None:
    """End what is in force and begin a new period with `values` at the same moment."""
    finish(tx, periods, what, by=by, now=now)
    tx.connection.execute(insert(periods).values(id=new_id(), starts_at=now, started_by=by, **what, **values))
