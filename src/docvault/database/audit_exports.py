"""What an export reads while it is sent: rows in batches, and a bundle with its proofs. Decides nothing.

No connection is held while anything travels, and the hashes of a tree of any size need the memory of a few.
"""

from collections.abc import Iterator
from datetime import datetime

from docvault.audit import bundle, proofs
from docvault.audit.checkpoints import LogKey
from docvault.audit.entries import moment
from docvault.audit.tiles import TileReader
from docvault.database import audit, audit_checkpoints, audit_trail
from docvault.database.audit_checkpoints import Signed
from docvault.database.audit_trail import EntryRow, Filters
from docvault.database.engine import Database, Transaction

HISTORY = 64  # earlier checkpoints in a bundle, beside hand-overs: half the newest, half spread over its life


def rows(db: Database, filters: Filters, below: int) -> Iterator[EntryRow]:
    """Yield the chosen rows; no connection is held while they travel."""
    start = 0
    while True:
        with db.reading() as tx:
            found = audit_trail.batch(tx, filters, start=start, below=below)
        if not found:
            return
        yield from found
        start = found[-1].index + 1


def packed(
    db: Database,
    log_key: LogKey,
    filters: Filters,
    *,
    signed: Signed,
    below: int,
    count: int,
    details: bool,
    now: datetime,
) -> Iterator[bytes]:
    """Yield a bundle of the chosen entries; one without details proves as much, and says that it is one."""
    full = not filters.said()
    hashes = _Hashes(db, signed.size)
    with db.reading() as tx:
        ranges = [(0, below - 1)] if full else bundle.ranges(audit_trail.indexes(tx, filters, below=below))
        erased = bundle.ranges(audit_trail.erased(tx, filters, below=below))
        history = list(_history(tx, hashes.reader, signed.size))
    manifest = bundle.Manifest(
        count=count,
        created=moment(now),
        filters=filters.said(),
        format="docvault-audit-bundle",
        kind="full" if full else "selection",
        origin=log_key.origin,
        ranges=ranges,
        size=signed.size,
        version=1,
        details="included" if details else "left-out",
        erased=erased,
    )
    lines = (
        bundle.Packed(
            row.index, row.leaf, row.details if details else None, None if full else hashes.path(row.index)
        )
        for row in rows(db, filters, below)
    )
    return bundle.write(
        log_key,
        manifest,
        checkpoint=signed.note,
        history=history,
        packed=lines,
        tile=lambda number: hashes.reader.tile(0, number),
    )


class _Hashes:
    """The tree's hashes while a bundle is written; every tile is its own short reading."""

    def __init__(self, db: Database, size: int) -> None:
        self._db = db
        self.reader = TileReader(size, self._stored, self._leaves)

    def path(self, index: int) -> list[bytes]:
        return proofs.inclusion(self.reader.hash, index, self.reader.size)

    def _stored(self, level: int, index: int) -> bytes | None:
        with self._db.aside() as tx:
            return audit.stored_tile(tx, level, index)

    def _leaves(self, start: int, stop: int) -> bytes:
        with self._db.aside() as tx:
            return audit.leaf_hashes(tx, start, stop)


def _history(tx: Transaction, reader: TileReader, size: int) -> Iterator[bundle.Earlier]:
    chosen = {
        *_spread(list(audit_checkpoints.sizes(tx, below=size))),
        *audit_checkpoints.handovers(tx, below=size),
    }
    for earlier in sorted(chosen):
        path = proofs.consistency(reader.hash, earlier, size)
        yield bundle.earlier(audit_checkpoints.note_of(tx, earlier), path)


def _spread(sizes: list[int]) -> list[int]:
    """Return at most HISTORY of the sizes: half of them the newest, the rest spread over the older ones."""
    half = HISTORY // 2
    older, newest = sizes[:-half], sizes[-half:]
    step = max(1, -(-len(older) // half))
    return older[::step] + newest
