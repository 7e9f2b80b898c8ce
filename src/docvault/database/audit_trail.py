"""The audit log's rows, read: pages with filters, trails of one object, batches for an export. Never writes.

Who may read is asked by the actions; nothing here is reachable by an id alone that its caller may not see.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, extract, func, select

from docvault.audit.entries import Details, read
from docvault.audit.sentences import name_of_actor, sentence
from docvault.database.engine import PAGE, PAGE_MOST, BadCursor, Page, Transaction
from docvault.database.tables import audit_details, audit_entries, audit_state, erased_details

BATCH = 1_000  # rows of an export read at once
WEEKDAYS, HOURS = 7, 24
CURSOR_DIGITS = 18  # of an index in a cursor: fits 64 bits


@dataclass(frozen=True, slots=True)
class Filters:
    """Which entries. None means any; `kind` is one kind, or the subject of several (`envelope`)."""

    start: datetime | None = None  # from this moment on
    end: datetime | None = None  # before this moment
    actor_id: str | None = None
    kind: str | None = None
    organisation_id: str | None = None
    object_type: str | None = None
    object_id: str | None = None

    @classmethod
    def of(cls, said: Mapping[str, str]) -> "Filters":
        """Return the filters that `said` returned."""
        start, end = said.get("start"), said.get("end")
        return cls(
            start=datetime.fromisoformat(start) if start else None,
            end=datetime.fromisoformat(end) if end else None,
            actor_id=said.get("actor"),
            kind=said.get("kind"),
            organisation_id=said.get("organisation"),
            object_type=said.get("object_type"),
            object_id=said.get("object"),
        )

    def said(self) -> dict[str, str]:
        """Return the filters that are set, as text; ids only, no personal data."""
        plain = {
            "start": self.start and self.start.isoformat(),
            "end": self.end and self.end.isoformat(),
            "actor": self.actor_id,
            "kind": self.kind,
            "organisation": self.organisation_id,
            "object_type": self.object_type,
            "object": self.object_id,
        }
        return {name: value for name, value in plain.items() if value}


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry as it lies in the database. `details` is None if there were none, or they were erased."""

    index: int
    at: datetime
    kind: str
    actor_id: str | None
    organisation_id: str | None
    object_type: str | None
    object_id: str | None
    leaf: bytes
    leaf_hash: bytes
    details: Details | None

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that were hashed. Raises EntryInvalid if the row was damaged."""
        return read(self.leaf).facts

    @property
    def private(self) -> dict[str, Any] | None:
        """The personal part, or None if there was none or it was erased."""
        return self.details.values() if self.details else None

    @property
    def sentence(self) -> str:
        """The entry in words."""
        return sentence(self.kind, self.facts, self.private, acted=self.actor_id is not None)

    @property
    def actor_name(self) -> str:
        return name_of_actor(self.private, acted=self.actor_id is not None)


_ROWS = select(audit_entries, audit_details.c.salt, audit_details.c.body).join_from(
    audit_entries, audit_details, audit_details.c.index == audit_entries.c.index, isouter=True
)
_INDEX = audit_entries.c.index


def size(tx: Transaction) -> int:
    """Return the number of entries."""
    return tx.connection.execute(select(audit_state.c.size).where(audit_state.c.id == 1)).scalar() or 0


def newest_moment(tx: Transaction) -> datetime | None:
    """Return the moment of the newest entry, or None without one."""
    newest = select(audit_entries.c.at).order_by(audit_entries.c.index.desc()).limit(1)
    return tx.connection.execute(newest).scalar()


def state(tx: Transaction) -> tuple[int, bytes]:
    """Return the size and the edge, as stored."""
    found = tx.connection.execute(select(audit_state.c.size, audit_state.c.edge)).one_or_none()
    return (found.size, found.edge) if found else (0, b"")


def page(tx: Transaction, filters: Filters, *, after: str | None, limit: int = PAGE) -> Page[EntryRow]:
    """Return the newest entries first, behind the cursor `after`. Raises BadCursor."""
    limit = max(1, min(limit, PAGE_MOST))
    chosen = _chosen(_ROWS, filters).order_by(_INDEX.desc()).limit(limit + 1)
    if after is not None:
        chosen = chosen.where(_position(after) > _INDEX)
    rows = [_row(found) for found in tx.connection.execute(chosen)]
    more = len(rows) > limit
    return Page(rows[:limit], _cursor(rows[limit - 1].index) if more else None)


def count(tx: Transaction, filters: Filters, *, below: int) -> int:
    """Return how many entries the filters choose among the first `below`."""
    chosen = _chosen(select(func.count()).select_from(audit_entries), filters).where(below > _INDEX)
    return int(tx.connection.execute(chosen).scalar_one())


def indexes(tx: Transaction, filters: Filters, *, below: int) -> Iterator[int]:
    """Yield the chosen indexes among the first `below`, ascending."""
    chosen = _chosen(select(_INDEX), filters).where(below > _INDEX).order_by(_INDEX)
    yield from tx.connection.execute(chosen).scalars()


def erased(tx: Transaction, filters: Filters, *, below: int) -> Iterator[int]:
    """Yield those of the chosen indexes whose details were erased on purpose, ascending."""
    on_purpose = exists().where(erased_details.c.index == _INDEX, erased_details.c.erased_at.is_not(None))
    chosen = _chosen(select(_INDEX), filters).where(below > _INDEX, on_purpose).order_by(_INDEX)
    yield from tx.connection.execute(chosen).scalars()


def batch(tx: Transaction, filters: Filters, *, start: int, below: int) -> list[EntryRow]:
    """Return up to BATCH chosen entries from index `start` on and before `below`, ascending."""
    chosen = _chosen(_ROWS, filters).where(start <= _INDEX, below > _INDEX).order_by(_INDEX).limit(BATCH)
    return [_row(found) for found in tx.connection.execute(chosen)]


def activity(tx: Transaction, filters: Filters) -> list[list[int]]:
    """Return how many chosen entries each hour of the week had: 7 rows from Monday, of 24 hours, UTC.

    filters: with a `start`, so that the index over `at` bounds what is counted.
    """
    at: ColumnElement[Any] = audit_entries.c.at
    if tx.connection.dialect.name == "postgresql":
        at = func.timezone("UTC", at)  # else the session's own zone would decide
    hour_of_week: tuple[ColumnElement[Any], ...] = (extract("dow", at), extract("hour", at))
    counted = select(*hour_of_week, func.count()).select_from(audit_entries)
    chosen = _chosen(counted, filters).group_by(*hour_of_week)
    counts = [[0] * HOURS for _ in range(WEEKDAYS)]
    for day, of_day, number in tx.connection.execute(chosen):
        counts[(int(day) - 1) % WEEKDAYS][int(of_day)] = number  # SQL begins its week on Sunday
    return counts


def bytes_of(tx: Transaction, filters: Filters, *, below: int) -> int:
    """Return the bytes of leaves and details that the filters choose among the first `below`."""
    lengths = func.length(audit_entries.c.leaf) + func.coalesce(func.length(audit_details.c.body), 0)
    joined = select(func.coalesce(func.sum(lengths), 0)).select_from(
        audit_entries.outerjoin(audit_details, audit_details.c.index == audit_entries.c.index)
    )
    return int(tx.connection.execute(_chosen(joined, filters).where(below > _INDEX)).scalar_one())


def object_trail(tx: Transaction, object_type: str, object_id: str) -> list[EntryRow]:
    """Return every entry about one object, oldest first. The caller has asked for the object already."""
    chosen = _ROWS.where(audit_entries.c.object_id == object_id, audit_entries.c.object_type == object_type)
    return [_row(found) for found in tx.connection.execute(chosen.order_by(_INDEX))]


def _chosen(statement: Select[Any], filters: Filters) -> Select[Any]:
    for condition in _conditions(filters):
        statement = statement.where(condition)
    return statement


def _conditions(filters: Filters) -> Iterator[ColumnElement[bool]]:
    columns = audit_entries.c
    if filters.start:
        yield columns.at >= filters.start
    if filters.end:
        yield columns.at < filters.end
    if filters.kind and ":" in filters.kind:
        yield columns.kind == filters.kind
    elif filters.kind:  # a subject: every kind from `subject:` up to, not including, `subject;`
        yield columns.kind >= f"{filters.kind}:"
        yield columns.kind < f"{filters.kind};"
    for column, wanted in (
        (columns.actor_id, filters.actor_id),
        (columns.organisation_id, filters.organisation_id),
        (columns.object_type, filters.object_type),
        (columns.object_id, filters.object_id),
    ):
        if wanted:
            yield column == wanted


def _row(found: Row[Any]) -> EntryRow:
    kept = None if found.salt is None else Details(salt=found.salt, body=found.body)
    values = found._mapping  # noqa: SLF001 - the documented name of a row's mapping; `index` is a method of tuples
    return EntryRow(
        index=values["index"],
        at=found.at,
        kind=found.kind,
        actor_id=found.actor_id,
        organisation_id=found.organisation_id,
        object_type=found.object_type,
        object_id=found.object_id,
        leaf=found.leaf,
        leaf_hash=found.leaf_hash,
        details=kept,
    )


def _cursor(index: int) -> str:
    return base64.urlsafe_b64encode(f"entry {index}".encode()).decode().rstrip("=")


def _position(cursor: str) -> int:
    try:
        word, _, number = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
        if word == "entry" and number.isascii() and number.isdigit() and len(number) <= CURSOR_DIGITS:
            return int(number)
    except (ValueError, binascii.Error) as error:
        raise BadCursor("That page does not exist. Please start from the first one.") from error
    raise BadCursor("That page does not exist. Please start from the first one.")
