"""Entries as a table: CSV for spreadsheets, JSON lines for programs. Does no I/O, proves nothing."""

import csv as csv_module
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

COLUMNS = (
    *("index", "at", "kind", "sentence", "actor_id", "actor_name", "actor_email", "address"),
    *("organisation_id", "object_type", "object_id", "facts", "details", "leaf_hash"),
)
PART = 64 * 1024  # characters gathered before they are handed on

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a cell that begins so (CWE-1236)


def csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = COLUMNS) -> Iterator[bytes]:
    """Yield a CSV file (RFC 4180, UTF-8) with these columns; no cell is a formula to a spreadsheet."""
    buffer = io.StringIO()
    writer = csv_module.writer(buffer)
    writer.writerow([_cell(column) for column in columns])
    for row in rows:
        writer.writerow([_cell(row[column]) for column in columns])
        if buffer.tell() > PART:
            yield _taken(buffer)
    yield _taken(buffer)


def jsonl(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Yield one JSON object and a line feed for every row."""
    for row in rows:
        yield json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _cell(value: Any) -> Any:
    """Return what a spreadsheet shows as text: what would be a formula begins with a quote."""
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value
