"""The database: connections, transactions and pages of rows. Knows SQLite and PostgreSQL; never a subject.

SQLite runs in WAL mode with `synchronous=FULL`: a commit that was answered survives a power cut.
"""

import base64
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

# The queue brings the ORM in with its first job, in some thread. A statement that another makes meanwhile
# would meet half of it and fail: sqlalchemy/orm/base.py asks its own modules for their names.
import sqlalchemy.orm  # noqa: F401
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    or_,
    select,
)
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolEmpty

from docvault.database import queue_clock
from docvault.policy.engine import Policy
from docvault.values import DocVaultError

SYNCHRONOUS = "FULL"  # of SQLite: a commit returns when the disk has it
BUSY_TIMEOUT = 30_000  # milliseconds a writer waits for the one before it
PATIENCE = 300  # seconds a start waits for the one before it
STARTING = 0x646F63  # the number of PostgreSQL's advisory lock that a start holds
POOL = 10  # connections to PostgreSQL that stay open in a process; it may open as many more
PAGE = 50  # rows of a page unless asked otherwise
PAGE_MOST = 200
# https://www.postgresql.org/docs/current/errcodes-appendix.html
POSTGRES_FULL = "53100"  # disk_full
POSTGRES_BUSY = "55P03"  # lock_not_available
POSTGRES_GONE = ("08", "57P01", "57P02", "57P03")  # no connection; shut down, crashed, or not up yet
# How a connection to PostgreSQL learns that nobody is there any more, unless its URL says otherwise:
# https://www.postgresql.org/docs/current/libpq-connect.html
SIGNS_OF_LIFE = {
    "connect_timeout": 5,  # seconds
    "keepalives_idle": 20,  # seconds
    "keepalives_interval": 5,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}

Item = TypeVar("Item")


class BadCursor(DocVaultError):
    """The cursor was not one that we gave."""


class DatabaseAway(DocVaultError):
    """The database cannot be reached, or does not let us in."""

    def __init__(self) -> None:
        super().__init__("The database does not answer. Check that it runs, and the setting DATABASE_URL.")


class OtherStart(DocVaultError):
    """Another server on the same database does not get on with its start."""

    def __init__(self) -> None:
        super().__init__(
            "Another server on this database has been starting for five minutes. Look at it first."
        )


class DatabaseFull(DocVaultError):
    """The disk has no room for the rows; the transaction was rolled back."""

    def __init__(self) -> None:
        super().__init__(
            "There is no room left on the disk, so nothing was changed. Please tell an administrator."
        )


class DatabaseBusy(DocVaultError):
    """Another writer, or a free connection, was waited for too long; the transaction was rolled back."""

    retry_after = 1  # seconds

    def __init__(self) -> None:
        super().__init__(
            "Many people are at work right now, so nothing was changed. Please try again in a moment."
        )


class DatabaseGone(DocVaultError):
    """The connection was lost, or there was none to be had.

    A transaction whose last word was on its way may have been committed, so nothing is claimed about it.
    """

    retry_after = 10  # seconds

    def __init__(self) -> None:
        super().__init__(
            "The portal's database does not answer right now. Please try again in a minute, and look first "
            "whether your last step was kept."
        )


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some rows and the cursor of the next page; `next` is None on the last."""

    items: Sequence[Item]
    next: str | None


@dataclass(frozen=True, slots=True)
class Transaction:
    """One open transaction. `policy` answers who may; questions take a Transaction first."""

    connection: Connection
    policy: Policy


class Database:
    """All of DocVault's rows. `transaction()` writes, `reading()` only reads."""

    def __init__(self, url: str, policy: Policy) -> None:
        self.url = url
        self.policy = policy
        self.engine = _engine(url)
        self._aside = _engine(url, pool_size=1, max_overflow=-1)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction that may write: committed at the end, rolled back by any exception.

        Raises DatabaseFull, DatabaseBusy or DatabaseGone in place of the driver's error, whatever wrapped it.
        """
        with _spoken(), self.engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield Transaction(connection, self.policy)

    @contextmanager
    def changing_tables(self) -> Iterator[Transaction]:
        """Open a transaction that may make a table anew. Raises as `transaction`.

        SQLite drops the old table with its rows, which other tables still name: it asks to look the other way
        meanwhile (sqlite.org/lang_altertable.html, section 7), and every reference is checked before the end.
        """
        with self.engine.connect() as connection:
            if connection.dialect.name != "sqlite":
                with self.transaction() as tx:
                    yield tx
                return
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # has no effect inside a transaction
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield Transaction(connection, self.policy)
                if astray := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise AssertionError(
                        f"a migration left a row of {astray[0]} that names no row of {astray[2]}"
                    )
                connection.commit()
            finally:
                connection.rollback()
                connection.exec_driver_sql("PRAGMA foreign_keys=ON")

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open a connection that reads in autocommit: no lock outlives a statement.

        Raises DatabaseBusy where none is free for too long, DatabaseGone.
        """
        with _spoken(), self.engine.connect() as connection:
            yield Transaction(_in_autocommit(connection), self.policy)

    @contextmanager
    def aside(self) -> Iterator[Transaction]:
        """Do as `reading` on a connection that is always free: for a look in the middle of a transaction.

        Whoever holds a connection must not wait for another of the same pool: once all are held by those who
        wait for one row, the one who could free it would wait for a connection, and nobody goes on.
        """
        with _spoken(), self._aside.connect() as connection:
            yield Transaction(_in_autocommit(connection), self.policy)

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """Open a transaction that only reads: every statement in it sees the rows of one moment.

        Raises as `reading`.
        """
        with _spoken(), self.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield Transaction(connection, self.policy)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let one start at a time do what follows, of all servers on the same PostgreSQL; the others wait.

        Raises OtherStart.
        """
        with self.engine.connect() as connection:
            if connection.dialect.name == "sqlite":  # belongs to one machine, on which one server starts
                yield
                return
            connection.execution_options(isolation_level="AUTOCOMMIT")
            _take_turn(connection)
            try:
                yield
            finally:
                connection.execute(select(func.pg_advisory_unlock(STARTING)))

    def scrub(self) -> None:
        """Let what was overwritten go from the disk as well: old values otherwise linger in log and pages."""
        with self.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            else:
                connection.execution_options(isolation_level="AUTOCOMMIT")
                connection.exec_driver_sql("VACUUM versions, recipients, people, audit_details")

    def knows(self, table: str) -> bool:
        """Tell whether there is a table of this name. Raises DatabaseAway."""
        try:
            with self.engine.connect() as connection:
                return inspect(connection).has_table(table)
        except OperationalError as error:
            raise DatabaseAway from error

    def answers(self) -> bool:
        """Tell whether the database answers at all; why not stands in its own log."""
        try:
            with self.reading() as tx:
                tx.connection.exec_driver_sql("SELECT 1")
        except (SQLAlchemyError, DatabaseBusy, DatabaseGone):
            return False
        return True

    def close(self) -> None:
        self.engine.dispose()
        self._aside.dispose()


def _in_autocommit(connection: Connection) -> Connection:
    """Return the connection, on which each statement stands for itself.

    SQLite's are so from the start. SQLAlchemy would tell it by PRAGMA read_uncommitted, there and back, and
    each makes SQLite compile every statement it has kept anew: more work than finding a page of folders.
    """
    if connection.dialect.name == "sqlite":
        return connection
    return connection.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def _spoken() -> Iterator[None]:
    """Say what is behind an error of the driver, where there are words for it."""
    try:
        yield
    except Exception as error:
        if _ran_full(error):
            raise DatabaseFull from error
        if _waited_out(error):
            raise DatabaseBusy from error
        if _is_gone(error):
            raise DatabaseGone from error
        raise


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Give what is behind the error as the driver said it, from the last to the first."""
    seen: BaseException | None = error
    while seen is not None:
        yield getattr(seen, "orig", None) or seen
        seen = seen.__cause__


def _ran_full(error: BaseException) -> bool:
    """Tell whether a full disk is behind the error."""
    return any(
        getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        or getattr(cause, "sqlstate", None) == POSTGRES_FULL
        for cause in _causes(error)
    )


def _waited_out(error: BaseException) -> bool:
    """Tell whether it was waited in vain: for another writer, or for a free connection."""
    return any(
        isinstance(cause, PoolEmpty)
        or getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
        or getattr(cause, "sqlstate", None) == POSTGRES_BUSY
        for cause in _causes(error)
    )


def _is_gone(error: BaseException) -> bool:
    """Tell whether nobody was there to answer: what the driver says without a code is about that."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OperationalError):
            state = getattr(seen.orig, "sqlstate", "")  # SQLite's errors have none: it is never away
            if seen.connection_invalidated or state is None or state.startswith(POSTGRES_GONE):
                return True
        seen = seen.__cause__
    return False


def _take_turn(connection: Connection) -> None:
    """Ask again and again: a statement that waits would hold up the queue's CREATE INDEX CONCURRENTLY."""
    deadline = time.monotonic() + PATIENCE
    while not connection.execute(select(func.pg_try_advisory_lock(STARTING))).scalar_one():
        if time.monotonic() > deadline:
            raise OtherStart
        time.sleep(0.2)


def _engine(url: str, **pool: int) -> Engine:
    queue_clock.install()  # before the first connection: the queue works on ours and on its own
    return _sqlite(url, pool) if url.startswith("sqlite") else _postgresql(url, {"pool_size": POOL} | pool)


def _postgresql(url: str, pool: dict[str, int]) -> Engine:
    from docvault.database.parameters import Text  # noqa: PLC0415 - the driver takes long to import, and SQLite needs none of it

    alive = {name: value for name, value in SIGNS_OF_LIFE.items() if name not in make_url(url).query}
    engine = create_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args=alive, **pool)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.adapters.register_dumper(str, Text)
        connection.execute(f"SET lock_timeout = {BUSY_TIMEOUT}")
        # A transaction that hangs would hold up every writer behind it, for ever.
        connection.execute(f"SET idle_in_transaction_session_timeout = {2 * BUSY_TIMEOUT}")
        connection.commit()

    return engine


def _sqlite(url: str, pool: dict[str, int]) -> Engine:
    waiting = {"check_same_thread": False, "timeout": BUSY_TIMEOUT / 1000}
    engine = create_engine(url, hide_parameters=True, connect_args=waiting, **pool)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves; the driver's own would be deferred
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={SYNCHRONOUS}",
            "foreign_keys=ON",
            "secure_delete=FAST",  # what is overwritten is zeroed in its page: keys must not outlive it there
            f"busy_timeout={BUSY_TIMEOUT}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def cursor_after(at: datetime, row_id: str) -> str:
    """Return the opaque cursor that continues after the row created at `at` with id `row_id`."""
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{row_id}".encode()).decode().rstrip("=")


def before_cursor(
    cursor: str | None, at: ColumnElement[Any], row_id: ColumnElement[Any]
) -> ColumnElement[bool] | None:
    """Return the condition for rows older than `cursor` (newest first), None without one.

    Raises BadCursor.
    """
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        moment_text, _, last = text.partition("|")
        moment = datetime.fromisoformat(moment_text)
    except ValueError as error:
        raise BadCursor("That page does not exist. Please start from the first one.") from error
    if moment.tzinfo is None or not last:
        raise BadCursor("That page does not exist. Please start from the first one.")
    return and_(at <= moment, or_(at < moment, row_id < last))  # the first half is where an index begins
