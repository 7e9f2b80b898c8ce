"""The databases that tests are lent: whoever comes next finds nothing of the test before."""

import psycopg
import pytest
from psycopg.sql import SQL

import postgres

ROWS = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('public', 'dbos')"
ORGANISATION = "INSERT INTO organisations (id, name, kind, created_at) VALUES ('o', 'Acme', 'client', now())"
MANY = """
    INSERT INTO organisations (id, name, kind, created_at)
    SELECT number, repeat('Acme', 45) || number, 'client', now() FROM generate_series(1, 5000) AS number
"""
COUNTERS = "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2"
CHANGES = [
    "DROP INDEX ix_renditions_rendition_id",
    "ALTER TABLE people ADD nickname text",
    "ANALYZE organisations",
]


def rows(url):
    """Return every row of every table."""
    with psycopg.connect(url) as connection:
        tables = [table for (table,) in connection.execute(ROWS)]
        return {
            table: connection.execute(SQL("SELECT * FROM {}").format(SQL(table))).fetchall()
            for table in tables
        }


@pytest.mark.parametrize("statement", [ORGANISATION, MANY], ids=["a few", "many"])
def test_the_rows_of_one_test_are_gone_for_the_next(postgres_server, statement):
    before = rows(postgres_server.url(postgres.TEMPLATE))
    with postgres_server.copy() as url, psycopg.connect(url) as connection:
        connection.execute(statement)
        connection.execute("DELETE FROM alembic_version")
        connection.execute("UPDATE dbos.dbos_migrations SET version = 1")
    with postgres_server.copy() as again:
        assert again == url
        assert rows(again) == before


def test_a_table_that_has_grown_does_not_stay_large(postgres_server):
    with postgres_server.copy() as url, psycopg.connect(url) as connection:
        connection.execute(MANY)
    with postgres_server.copy() as again, psycopg.connect(again) as connection:
        assert again == url
        assert connection.execute("SELECT pg_relation_size('organisations')").fetchone() == (0,)


def test_what_was_counted_in_one_test_is_counted_anew_in_the_next(postgres_server):
    with psycopg.connect(postgres_server.url(postgres.TEMPLATE)) as connection:
        before = connection.execute(COUNTERS).fetchall()
    with postgres_server.copy() as url, psycopg.connect(url) as connection:
        for schema, name, _ in before:
            connection.execute("SELECT nextval(%s)", (f"{schema}.{name}",))
    with postgres_server.copy() as again, psycopg.connect(again) as connection:
        assert again == url
        assert connection.execute(COUNTERS).fetchall() == before


@pytest.mark.parametrize("change", CHANGES)
def test_a_database_that_was_changed_otherwise_is_not_lent_again(postgres_server, change):
    with postgres_server.copy() as url, psycopg.connect(url) as connection:
        connection.execute(ORGANISATION)
        connection.execute(change)
    with postgres_server.copy() as other:
        assert other != url
