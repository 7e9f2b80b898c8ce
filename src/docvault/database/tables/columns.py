"""What every table is made of: one set of names, moments in UTC, random ids."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, DateTime, ForeignKey, Index, MetaData, String, text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


class Moment(TypeDecorator[datetime]):
    """An aware UTC moment. SQLite keeps no zone, so it is put back on the way out; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        try:
            return value.astimezone(UTC)
        except OverflowError:  # beyond the first or the last moment in UTC: as early or late as can be
            return _FIRST if value.year == _FIRST.year else _LAST

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Return what reads a moment: from SQLite's text in one step, as a list has a hundred of them."""
        return _read if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _read(text: str | None) -> datetime | None:
    """Read what we write, and what other programs write: with the zone behind it."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


ID = String(26)


def identifier(name: str = "id") -> Column[str]:
    """Return a primary key of random ids."""
    return Column(name, ID, primary_key=True)


def reference(name: str, target: str, *, nullable: bool = False, index: bool = False) -> Column[str]:
    """Return a column that names a row of another table, e.g. `people.id`."""
    return Column(name, ID, ForeignKey(target), nullable=nullable, index=index)


def period() -> list[Column[Any]]:
    """Return the columns of a period: in force from `starts_at` until `ends_at` or `ended_at`."""
    return [
        Column("starts_at", Moment, nullable=False),
        Column("ends_at", Moment, nullable=True),
        Column("ended_at", Moment, nullable=True),
        Column("started_by", ID, nullable=True),
        Column("ended_by", ID, nullable=True),
    ]


def one_in_force(table: str, *columns: str) -> Index:
    """At most one period that nobody ended: two people who grant at the same moment make one."""
    open_ended = text("ended_at IS NULL")
    name = f"uq_{table}_in_force"
    return Index(name, *columns, unique=True, sqlite_where=open_ended, postgresql_where=open_ended)
