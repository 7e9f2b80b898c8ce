"""One throwaway PostgreSQL for a run of the tests: a migrated template, and a database like it per test.

A copy takes the server ten times as long as emptying the tables that a test wrote to. So a database goes from test
to test, rows and counters put back as the template has them, until something else about it has changed.

It listens on a Unix socket in a folder of its own and nowhere else, and writes nothing durably: these tests
kill our processes, never the database's machine.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from docvault.database import work
from docvault.database.engine import Database
from docvault.database.migrate import migrate
from docvault.policy.engine import Policy, default_folder

PLACES = (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/local/pgsql/bin"))
QUICK = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}
TEMPLATE = "template_docvault"
# What says in a database how everything in it is made: any CREATE, ALTER, GRANT or ANALYZE leaves a trace here.
CATALOGS = (
    "pg_attrdef",
    "pg_attribute",
    "pg_class",
    "pg_constraint",
    "pg_default_acl",
    "pg_extension",
    "pg_index",
    "pg_namespace",
    "pg_policy",
    "pg_proc",
    "pg_rewrite",
    "pg_statistic",
    "pg_trigger",
    "pg_type",
)
SHAPE = SQL(" UNION ALL ").join(
    SQL("SELECT count(*), max(xmin::text::bigint) FROM {}").format(Identifier(each)) for each in CATALOGS
)
# Tables with rows, or that had some.
USED = """
    SELECT format('%I.%I', nspname, relname) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind = 'r' AND nspname IN ('public', 'dbos') AND pg_relation_size(pg_class.oid) > 0
"""
COUNTERS = """
    SELECT format('%I.%I', schemaname, sequencename), last_value FROM pg_sequences WHERE last_value IS NOT NULL
"""
AS_NEW = "SELECT setval(format('%I.%I', schemaname, sequencename), start_value, false) FROM pg_sequences"
# Deleting rows takes the server a hundredth of what truncating does, which makes new files for every table and index.
# But what was deleted stays in the files, and is read past: a table that has grown to this is truncated.
LARGE = "SELECT count(*) FROM unnest(%s::regclass[]) AS used WHERE pg_relation_size(used) > 1000000"
OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# Looked at once: a test may give itself another one, which the server's own user cannot enter.
TEMPORARY = tempfile.gettempdir()
START = 60  # seconds the server gets to answer


def binaries() -> Path | None:
    """Return the folder of the server's programs, or None where they are not installed."""
    if shutil.which("setpriv") is None:  # part of every Linux; without it the server could outlive us
        return None
    found = shutil.which("initdb")
    places = (*PLACES, Path(found).resolve().parent) if found else PLACES
    return next((place for place in places if (place / "initdb").exists()), None)


class Server:
    """A running server. Ask it for databases; `stop` ends it and removes everything."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.folder = Path(
            tempfile.mkdtemp(prefix="docvault-pg-", dir=TEMPORARY)
        )  # short: a socket's path has 107 bytes
        self._numbers = count(1)
        self._rested: dict[str, list[tuple]] = {}  # databases like the template, and how they are made
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._run(
            "initdb", "-D", self._data, "-U", "docvault", "-A", "trust", "--no-sync", "--locale=C.UTF-8"
        )
        settings = {"listen_addresses": "", "unix_socket_directories": self.folder} | QUICK
        options = [f"--{name}={value}" for name, value in settings.items()]
        with (self.folder / "log").open("w") as log:
            command = self._command("postgres", "-D", self._data, *options)
            self._process = subprocess.Popen(
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._wait()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str) -> str:
        return f"postgresql://docvault@/{database}?host={self.folder}"

    def prepare_template(self) -> None:
        """Make the database that the tests' are copies of, by the migrations of the product."""
        self.create(TEMPLATE)
        db = Database(self.url(TEMPLATE), Policy.load(default_folder()))
        migrate(db)
        db.close()
        work.prepare(self.url(TEMPLATE))
        with psycopg.connect(self.url(TEMPLATE)) as connection:
            self._rows = {table: _copied(connection, table) for (table,) in connection.execute(USED)}
            self._counters = connection.execute(COUNTERS).fetchall()

    def create(self, name: str, template: str = "template1") -> str:
        self._say(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return self.url(name)

    @contextmanager
    def copy(self) -> Iterator[str]:
        """Lend the URL of a database that has every table, and what migrations put into them."""
        name, shape = self._rested.popitem() if self._rested else self._new_copy()
        try:
            yield self.url(name)
        finally:
            if (becomes := self._as_new(name, shape)) is None:
                self._drop(name)
            else:
                self._rested[name] = becomes

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Lend the URL of a database without any table."""
        with self._lent("template1") as url:
            yield url

    def stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        self._process.wait(30)
        shutil.rmtree(self.folder)

    def _wait(self) -> None:
        deadline = time.monotonic() + START
        while True:
            try:
                return self._say("SELECT 1")
            except psycopg.OperationalError:
                log = (self.folder / "log").read_text()
                assert self._process.poll() is None, log
                assert time.monotonic() < deadline, log
            time.sleep(0.05)  # waiting for another process: there is nothing to be told by

    def _new_copy(self) -> tuple[str, list[tuple]]:
        name = f"copy_{next(self._numbers)}"
        with psycopg.connect(self.create(name, TEMPLATE)) as connection:
            return name, connection.execute(SHAPE).fetchall()

    def _as_new(self, name: str, shape: list[tuple]) -> list[tuple] | None:
        """Put back every row and counter; None if the database is otherwise not as it was."""
        with psycopg.connect(self.url(name)) as connection:
            connection.execute(OTHERS)  # a test may have left a process behind
            if connection.execute(SHAPE).fetchall() != shape:
                return None
            as_ever = {table for table, rows in self._rows.items() if _copied(connection, table) == rows}
            self._empty(connection, [table for (table,) in connection.execute(USED) if table not in as_ever])
            for table in self._rows.keys() - as_ever:
                with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(self._rows[table])
            connection.execute(AS_NEW)
            for counter, value in self._counters:
                connection.execute("SELECT setval(%s, %s)", (counter, value))
            connection.commit()
            return connection.execute(SHAPE).fetchall()

    def _empty(self, connection: psycopg.Connection, tables: list[str]) -> None:
        if connection.execute(LARGE, (tables,)).fetchone() != (0,):
            connection.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
            return
        connection.execute("SET LOCAL session_replication_role = replica")  # whatever refers to whatever
        for table in tables:
            connection.execute(SQL("DELETE FROM {}").format(SQL(table)))

    def _drop(self, name: str) -> None:
        self._say(f'DROP DATABASE "{name}" WITH (FORCE)')

    @contextmanager
    def _lent(self, template: str) -> Iterator[str]:
        name = f"test_{next(self._numbers)}"
        try:
            yield self.create(name, template)
        finally:
            self._drop(name)

    def _say(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _run(self, program: str, *arguments: object) -> None:
        done = subprocess.run(
            self._command(program, *arguments),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")

    def _command(self, program: str, *arguments: object) -> list[str]:
        """Return the command line of a program that ends with us, even if we are killed."""
        ends = ["setpriv", "--pdeathsig", "QUIT"]
        if os.getuid() == 0:  # the server refuses to run as root
            ends += ["--reuid=postgres", "--regid=postgres", "--init-groups"]
        return [*ends, str(self.programs / program), *map(str, arguments)]


def _copied(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
        return b"".join(copy)
