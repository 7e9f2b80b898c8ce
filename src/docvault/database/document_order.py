"""In which order a folder shows its documents, and how a cursor goes on in it: always along an index.

A cursor says where the last row stood and in which order, so it fits no other one.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, func, or_

from docvault.database.engine import BadCursor
from docvault.database.tables import documents

NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Order:
    column: ColumnElement[Any]
    descending: bool
    read: Callable[[str], Any]  # what `str` or `isoformat` wrote into a cursor

    def by(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """Return what to sort by; the id decides between equals."""
        ends = (self.column, documents.c.id)
        first, second = (end.desc() if self.descending else end.asc() for end in ends)
        return first, second

    def behind(self, value: BindParameter[Any], row_id: BindParameter[Any]) -> ColumnElement[bool]:
        """Return the condition for the rows that follow; its first half is where an index begins."""
        column, last = self.column, documents.c.id
        if self.descending:
            return and_(column <= value, or_(column < value, last < row_id))
        return and_(column >= value, or_(column > value, last > row_id))


_NAME = func.lower(documents.c.name)
ORDERS: Mapping[str, Order] = {
    NEWEST: Order(documents.c.created_at, descending=True, read=datetime.fromisoformat),
    "oldest": Order(documents.c.created_at, descending=False, read=datetime.fromisoformat),
    "name": Order(_NAME, descending=False, read=str),
    "name-back": Order(_NAME, descending=True, read=str),
    "largest": Order(documents.c.size, descending=True, read=int),
    "smallest": Order(documents.c.size, descending=False, read=int),
}


def cursor_at(sort: str, value: Any, row_id: str) -> str:
    """Return the opaque cursor that continues behind a row in this order."""
    told = value.isoformat() if isinstance(value, datetime) else str(value)
    return base64.urlsafe_b64encode(f"{sort}|{row_id}|{told}".encode()).decode().rstrip("=")


def read_cursor(sort: str, cursor: str) -> tuple[Any, str]:
    """Return the place and the id of the row that a cursor of this order stands for. Raises BadCursor."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        named, row_id, told = text.split("|", 2)
        value = ORDERS[sort].read(told)
    except ValueError as error:
        raise BadCursor("That page does not exist. Please start from the first one.") from error
    naive = isinstance(value, datetime) and value.tzinfo is None
    too_large = isinstance(value, int) and abs(value) >= 1 << 63
    if named != sort or naive or too_large or "\x00" in text:
        raise BadCursor("That page does not exist. Please start from the first one.")
    return value, row_id
