"""A correction for DBOS 3.4 on SQLite older than 3.42: teaches its connections `unixepoch('subsec')`.

DBOS chooses that call by the version of Python, from 3.12 on; but Python uses whichever SQLite the system
has, and one before 3.42 makes NULL of it, so that nothing can be enqueued. An application's function takes
the place of the built-in one of its name (https://www.sqlite.org/c3ref/create_function.html).
"""

import sqlite3
import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, event

SUBSEC_SINCE = (3, 42, 0)


def install() -> None:
    """Teach every SQLite connection opened from now on; does nothing where SQLite knows it already."""
    if sqlite3.sqlite_version_info < SUBSEC_SINCE and not event.contains(Engine, "connect", _teach):
        event.listen(Engine, "connect", _teach)


def _teach(connection: Any, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("unixepoch", -1, unixepoch)


def unixepoch(moment: str | None = "now", *modifiers: str) -> float | int | None:
    """Return seconds since 1970, with a fraction for `subsec`; NULL for forms that DBOS does not use."""
    if moment in {"subsec", "subsecond"}:
        moment, modifiers = "now", ("subsec",)
    if moment == "now":
        return time.time() if "subsec" in modifiers else int(time.time())
    if moment is None or modifiers:
        return None
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())
