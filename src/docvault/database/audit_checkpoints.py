"""Signed checkpoints as rows, and the whole log derived again from its rows. Never changes an entry.

A checkpoint is kept once per size. `check` trusts nothing that is stored: it hashes every leaf, opens every
commitment, compares every tile, and signs nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import insert, select

from docvault.audit import entries, proofs, tiles
from docvault.audit.checkpoints import LogKey, PublicKey, open_checkpoint, sign_checkpoint
from docvault.audit.entries import Entry
from docvault.audit.errors import AuditError, EntryInvalid, TreeInvalid
from docvault.audit.handovers import KeyChain, sign_handover
from docvault.audit.kinds import Kind
from docvault.audit.tree import EMPTY_ROOT, HASH, Edge, leaf_hash
from docvault.database import audit, audit_trail
from docvault.database.audit_trail import EntryRow, Filters
from docvault.database.engine import Transaction
from docvault.database.tables import audit_checkpoints
from docvault.values import DocVaultError

NOT_IN_TILE = "It is not the one in the log's tiles."


class LogDamaged(DocVaultError):
    """The log's rows do not fit together. Nothing may be relied upon from `first_bad_index` on."""

    def __init__(self, first_bad_index: int, reason: str) -> None:
        super().__init__(f"The audit log is damaged from entry {first_bad_index} on. {reason}")
        self.first_bad_index = first_bad_index
        self.reason = reason


class LogSigner(Protocol):
    """Whoever has the log's key."""

    @property
    def origin(self) -> str: ...

    def in_charge(self, tx: Transaction) -> LogKey:
        """Return the key that signs now, asked where the log stands still. Raises DocVaultError."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it was signed."""

    size: int
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Checked:
    """A log whose rows all fit together."""

    size: int
    root: bytes
    checkpoints: int
    erased: int  # entries whose details were erased


def publish(tx: Transaction, log: LogSigner, now: datetime) -> Signed:
    """Return the checkpoint of the log as it is, signing it if it is new.

    Once per size, and never for a tree that is smaller than the last one or does not continue it.
    Raises LogDamaged.
    """
    audit.locked_edge(tx)  # before the key is asked for: it changes only under this lock
    key = log.in_charge(tx)
    return _sign(tx, key, now, lambda size, root: sign_checkpoint(key, size, root))


def hand_over(tx: Transaction, old: LogKey, new: LogKey, now: datetime) -> Signed:
    """Sign the log as it is with both keys: its last entry announces the new one. Raises LogDamaged."""
    return _sign(tx, old, now, lambda size, root: sign_handover(old, new, size, root))


def _sign(tx: Transaction, key: LogKey, now: datetime, sign: Callable[[int, bytes], str]) -> Signed:
    edge = audit.locked_edge(tx)
    last = newest(tx)
    if last and last.size == edge.size:
        return last
    hashes = audit.tile_reader(tx, edge.size).hash
    if last and last.size > edge.size:
        raise LogDamaged(edge.size, f"It has {edge.size} entries and once had {last.size}.")
    try:
        root = proofs.root_at(hashes, edge.size)
        root_before = proofs.root_at(hashes, last.size) if last else None
    except TreeInvalid as error:
        raise LogDamaged(last.size if last else 0, str(error)) from error
    if root != edge.root():
        raise LogDamaged(last.size if last else 0, "Its hashes do not add up to its root.")
    if last and last.size:
        before = open_checkpoint(last.note, key.public)
        if root_before != before.root:
            raise LogDamaged(0, f"It does not continue the checkpoint of {last.size} entries.")
    signed = Signed(edge.size, sign(edge.size, edge.root()), now)
    tx.connection.execute(insert(audit_checkpoints).values(size=signed.size, note=signed.note, at=now))
    return signed


def newest(tx: Transaction) -> Signed | None:
    """Return the last checkpoint, or None if none was signed yet."""
    chosen = select(audit_checkpoints).order_by(audit_checkpoints.c.size.desc()).limit(1)
    found = tx.connection.execute(chosen).one_or_none()
    return Signed(found.size, found.note, found.at) if found else None


def sizes(tx: Transaction, *, below: int) -> Sequence[int]:
    """Return the sizes of all checkpoints under `below`, ascending."""
    size = audit_checkpoints.c.size
    return tx.connection.execute(select(size).where(size < below).order_by(size)).scalars().all()


def handovers(tx: Transaction, *, below: int) -> Sequence[int]:
    """Return the sizes under `below` at which the log got another key, ascending."""
    chosen = Filters(kind=Kind.LOG_KEY_CHANGED.value)
    return [index + 1 for index in audit_trail.indexes(tx, chosen, below=below - 1)]


def note_of(tx: Transaction, size: int) -> str:
    """Return the checkpoint signed at `size`."""
    chosen = select(audit_checkpoints.c.note).where(audit_checkpoints.c.size == size)
    return str(tx.connection.execute(chosen).scalar_one())


def check(tx: Transaction, key: PublicKey) -> Checked:
    """Derive the whole log again from its rows. key: the one in charge now; those before it are proven by
    their hand-overs. Raises LogDamaged, which names the first bad index.
    """
    size, stored_edge = audit_trail.state(tx)
    signed = {at: note_of(tx, at) for at in sizes(tx, below=size + 1)}
    replay = _Replay(tx, _chain(tx, key, signed, size), signed)
    while replay.edge.size < size:
        rows = audit_trail.batch(tx, Filters(), start=replay.edge.size, below=size)
        for row in rows:
            replay.add(row)
        if not rows:
            raise LogDamaged(replay.edge.size, f"Entry {replay.edge.size} is missing.")
    if replay.edge.dump() != stored_edge:
        raise LogDamaged(replay.good, "The entries do not add up to the log's edge.")
    beyond = audit_trail.batch(tx, Filters(), start=size, below=2**62)
    later = newest(tx)
    if beyond:
        raise LogDamaged(size, f"Entry {beyond[0].index} was added behind the end.")
    if later and later.size > size:
        raise LogDamaged(size, f"It was cut: it has {size} entries and once had {later.size}.")
    return Checked(size, replay.edge.root(), len(signed), replay.erased)


def _chain(tx: Transaction, key: PublicKey, signed: dict[int, str], size: int) -> KeyChain:
    changed = handovers(tx, below=size + 1)
    try:
        return KeyChain.read([signed[at] for at in changed if at in signed], key)
    except AuditError as error:
        raise LogDamaged(changed[0] - 1, str(error)) from error


class _Replay:
    """The log as it grows again from its rows."""

    def __init__(self, tx: Transaction, keys: KeyChain, signed: dict[int, str]) -> None:
        self.tx = tx
        self.keys = keys
        self.signed = signed
        self.edge = Edge()
        self.erased = 0
        self.on_purpose = frozenset(audit_trail.erased(tx, Filters(), below=2**62))
        self.good = 0  # entries under the largest checkpoint that fits
        self._block = b""  # leaf hashes behind the last full tile
        self._tile = b""  # the stored tile of the entries that are read, once it is full
        self._compare_checkpoint()

    def add(self, row: EntryRow) -> None:
        index = self.edge.size
        if row.index != index:
            raise LogDamaged(index, f"Entry {index} is missing.")
        try:
            self._check_row(row)
        except AuditError as error:
            raise LogDamaged(index, str(error)) from error
        self._compare_with_tile(index, row.leaf_hash)
        self.edge.append(row.leaf_hash)
        self._block += row.leaf_hash
        self._compare_tiles()
        self._compare_checkpoint()

    def _check_row(self, row: EntryRow) -> None:
        if leaf_hash(row.leaf) != row.leaf_hash:
            raise EntryInvalid("Its hash is not the hash of what it says.")
        entry = entries.read(row.leaf)
        self.keys.check_entry(row.index, entry.kind, entry.facts)
        subject = (entry.object.type, entry.object.id) if entry.object else (None, None)
        said = (entry.at, entry.kind, entry.actor, entry.organisation, *subject)
        columns = (row.kind, row.actor_id, row.organisation_id, row.object_type, row.object_id)
        if said != (entries.moment(row.at), *columns):
            raise EntryInvalid("Its columns say something else than what was logged.")
        if row.details is None:
            self._count_missing(row.index, entry)
        elif not row.details.opens(entry.private):
            raise EntryInvalid("Its details are not those that were logged.")

    def _count_missing(self, index: int, entry: Entry) -> None:
        if entry.private is None:
            return
        if index not in self.on_purpose:
            raise EntryInvalid("Its details are missing, and nobody is on record for erasing them.")
        self.erased += 1

    def _compare_with_tile(self, index: int, found: bytes) -> None:
        """Compare one entry at once: what follows in a shifted log would be named before it otherwise."""
        number, place = divmod(index, tiles.WIDTH)
        if place == 0:
            self._tile = audit.stored_tile(self.tx, 0, number) or b""
        expected = self._tile[place * HASH : (place + 1) * HASH]
        if expected and expected != found:
            raise LogDamaged(index, NOT_IN_TILE)

    def _compare_tiles(self) -> None:
        for level, index in tiles.completed(self.edge.size):
            stored = audit.stored_tile(self.tx, level, index)
            first = index * tiles.WIDTH ** (level + 1)
            if level == 0:
                expected, self._block = self._block, b""
            else:
                expected = b"".join(self._root_of_tile(level - 1, at) for at in _below(index))
            if stored != expected:
                wrong = _first_difference(stored or b"", expected)
                raise LogDamaged(first + wrong * tiles.WIDTH**level, NOT_IN_TILE)

    def _root_of_tile(self, level: int, index: int) -> bytes:
        """Return the root of a full tile that was compared before."""
        return tiles.fold(audit.stored_tile(self.tx, level, index) or b"")[-1][0]

    def _compare_checkpoint(self) -> None:
        note = self.signed.get(self.edge.size)
        if note is None:
            return
        root = self.edge.root() if self.edge.size else EMPTY_ROOT
        try:
            signed = self.keys.open(note)
        except AuditError as error:
            raise LogDamaged(self.good, f"The checkpoint at {self.edge.size} entries: {error}") from error
        if (signed.size, signed.root) != (self.edge.size, root):
            raise LogDamaged(self.good, f"It was rewritten after it was signed at {self.edge.size} entries.")
        self.good = self.edge.size


def _below(index: int) -> range:
    """Return the indexes of the tiles of which tile `index` holds the roots."""
    return range(index * tiles.WIDTH, (index + 1) * tiles.WIDTH)


def _first_difference(one: bytes, other: bytes) -> int:
    """Return the place of the first of two rows of hashes that differ."""
    places = range(0, max(len(one), len(other)), HASH)
    return next(place // HASH for place in places if one[place : place + HASH] != other[place : place + HASH])
