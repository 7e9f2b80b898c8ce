"""The audit log's rows: appending inside the caller's transaction, and reading. Never decides who may read.

One entry is one row, one optional row of details and one update of the state row. All of it commits or
rolls back with the deed that it records (promise 74); the state row is compared as it is changed, so that
two writers cannot fork the log. Format: docs/formats/audit-log.md.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError

from docvault.audit import entries, tiles
from docvault.audit.kinds import Kind
from docvault.audit.tree import Edge, leaf_hash
from docvault.database.audit_trail import EntryRow, object_trail
from docvault.database.engine import Transaction
from docvault.database.tables import audit_entries, audit_tiles
from docvault.policy.vocabulary import Acting, Guest
from docvault.values import DocVaultError

__all__ = [
    "AuditNotWritten",
    "EntryRow",
    "append",
    "leaf_hashes",
    "locked_edge",
    "object_trail",
    "stored_tile",
    "tile_reader",
]


class AuditNotWritten(DocVaultError):
    """The audit entry could not be written, so the deed must not happen either."""

    def __init__(self) -> None:
        super().__init__("This could not be recorded in the audit log, so it was not done. Please try again.")


# An entry costs little more than a plain row, so these skip the statement compiler: 3 instead of 20 µs
# each. The driver's cursor is the caller's connection, and so the caller's transaction.
_ADD_ENTRY = """INSERT INTO audit_entries
("index", at, kind, actor_id, organisation_id, object_type, object_id, leaf, leaf_hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_ADD_DETAILS = 'INSERT INTO audit_details ("index", salt, body) VALUES (?, ?, ?)'
_STATE = "SELECT size, edge FROM audit_state WHERE id = 1"
_BEGIN = "INSERT INTO audit_state (id, size, edge) VALUES (1, 0, ?) ON CONFLICT (id) DO NOTHING"
_GROW = "UPDATE audit_state SET size = ?, edge = ? WHERE id = 1 AND size = ?"


def append(
    tx: Transaction,
    kind: Kind,
    *,
    at: datetime,
    acting: Acting | Guest | None = None,
    object_type: str | None = None,
    object_id: str | None = None,
    organisation_id: str | None = None,
    facts: Mapping[str, Any] | None = None,
    private: Mapping[str, Any] | None = None,
) -> int:
    """Append one entry in the caller's transaction and return its index in the log, from 0.

    facts: hashed in clear, for ever: ids, counts, digests, roles; never personal data or secrets.
    private: personal data, kept erasable behind a salted commitment. Who acts is added to it as `actor_name`,
    `actor_email`, `address` and `user_agent`, unless the caller names one of these. A guest is nobody known:
    such an entry has no actor, and the visit is a fact.
    Raises EntryInvalid for values that cannot be written, AuditNotWritten when the log refuses.
    """
    kept = entries.details({**_circumstances(acting), **(private or {})})
    through = {"request": acting.request_id, "visit": acting.visit_id} if isinstance(acting, Guest) else {}
    entry = entries.Entry(
        actor=acting.person_id if isinstance(acting, Acting) else None,
        at=entries.moment(at),
        facts={**(facts or {}), **through},
        kind=kind.value,
        object=entries.Subject(id=object_id, type=object_type) if object_type else None,
        organisation=organisation_id,
        private=kept.commitment() if kept else None,
    )
    try:
        return _append(tx, entry, at, kept)
    except (SQLAlchemyError, tx.connection.dialect.loaded_dbapi.Error) as error:
        raise AuditNotWritten from error


def _append(tx: Transaction, entry: entries.Entry, at: datetime, kept: entries.Details | None) -> int:
    leaf = entries.write(entry)
    hashed = leaf_hash(leaf)
    edge = locked_edge(tx)
    index = edge.size
    edge.append(hashed)
    subject = (entry.object.type, entry.object.id) if entry.object else (None, None)
    who = (entry.actor, entry.organisation, *subject)
    moment = _moment_writer(tx.connection.dialect)(at)
    _run(tx, _ADD_ENTRY, (index, moment, entry.kind, *who, leaf, hashed))
    if kept:
        _run(tx, _ADD_DETAILS, (index, kept.salt, kept.body))
    if _run(tx, _GROW, (edge.size, edge.dump(), index)).rowcount != 1:
        raise AuditNotWritten  # another writer was faster: writing on would fork the log
    _keep_tiles(tx, edge.size)
    return index


def _run(tx: Transaction, statement: str, values: tuple[Any, ...] = ()) -> Any:
    """Run one statement on the driver's own cursor, in the caller's transaction, and return the cursor."""
    if tx.connection.dialect.paramstyle != "qmark":
        statement = statement.replace("?", "%s")
    cursor = tx.connection.connection.cursor()
    cursor.execute(statement, values)
    return cursor


@lru_cache(maxsize=8)
def _moment_writer(dialect: Dialect) -> Callable[[Any], Any]:
    """Return what turns a moment into the driver's value, as the column's own type does."""
    known = audit_entries.c.at.type.dialect_impl(dialect)
    return known.bind_processor(dialect) or (lambda moment: moment)


def _circumstances(acting: Acting | Guest | None) -> dict[str, str]:
    if acting is None:
        return {}
    return {
        "actor_name": acting.known_as if isinstance(acting, Guest) else acting.name,
        "actor_email": acting.email,
        "address": acting.address,
        "user_agent": acting.user_agent,
    }


def locked_edge(tx: Transaction) -> Edge:
    """Lock the state row and return the right edge. An empty log gets its row here, at the first entry."""
    locked = "" if tx.connection.dialect.name == "sqlite" else " FOR UPDATE"  # SQLite has one writer anyway
    state = _run(tx, _STATE + locked).fetchone()
    if state is None:
        _run(tx, _BEGIN, (b"",))  # of two first writers, the second waits for the first one's row
        state = _run(tx, _STATE + locked).fetchone()
    return Edge.load(state[0], bytes(state[1]))


def _keep_tiles(tx: Transaction, size: int) -> None:
    """Write every tile that the newest entry filled: once, never again."""
    full = tiles.completed(size)
    if not full:
        return
    reader = tile_reader(tx, size)
    for level, index in full:
        hashes = reader.tile(level, index)
        tx.connection.execute(insert(audit_tiles).values(level=level, index=index, hashes=hashes))


def tile_reader(tx: Transaction, size: int) -> tiles.TileReader:
    """Return a reader of the tree's hashes at `size` entries."""
    return tiles.TileReader(
        size,
        stored=lambda level, index: stored_tile(tx, level, index),
        leaves=lambda start, stop: leaf_hashes(tx, start, stop),
    )


def stored_tile(tx: Transaction, level: int, index: int) -> bytes | None:
    """Return a tile that was written when it became full, or None."""
    chosen = select(audit_tiles.c.hashes).where(audit_tiles.c.level == level, audit_tiles.c.index == index)
    return tx.connection.execute(chosen).scalar_one_or_none()


def leaf_hashes(tx: Transaction, start: int, stop: int) -> bytes:
    """Return the leaf hashes of the half-open range, joined."""
    index = audit_entries.c.index
    chosen = select(audit_entries.c.leaf_hash).where(index >= start, index < stop).order_by(index)
    return b"".join(tx.connection.execute(chosen).scalars())
