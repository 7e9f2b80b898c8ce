"""The queue works whichever SQLite the system has."""

import sqlite3
import time

import pytest

from docvault.database.queue_clock import unixepoch


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:")
    connection.create_function("unixepoch", -1, unixepoch)
    yield connection
    connection.close()


@pytest.mark.parametrize("call", ["unixepoch('subsec')", "unixepoch('now', 'subsec')"])
def test_the_call_gives_milliseconds_where_sqlite_itself_gives_null(connection, call):
    before = int(time.time() * 1000)
    (told,) = connection.execute(f"SELECT CAST({call} * 1000 AS INTEGER)").fetchone()
    assert before - 1 <= told <= int(time.time() * 1000) + 1


def test_the_call_works_as_the_default_of_a_column(connection):
    connection.execute(
        "CREATE TABLE waiting (id TEXT, at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000))"
    )
    connection.execute("INSERT INTO waiting (id) VALUES ('new')")
    assert connection.execute("SELECT at FROM waiting").fetchone()[0] > 1_700_000_000_000


def test_other_forms_of_the_call_stay_as_sqlite_has_them(connection):
    assert connection.execute("SELECT unixepoch('2026-11-22 00:00:00')").fetchone() == (1795305600,)
    assert connection.execute("SELECT typeof(unixepoch()), unixepoch(NULL)").fetchone() == ("integer", None)
