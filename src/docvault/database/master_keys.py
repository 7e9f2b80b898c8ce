"""The wrapped master keys, by generation and by the root key that wraps them. Opens none of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import delete, func, insert, select

from docvault.database.engine import Transaction
from docvault.database.tables import master_keys
from docvault.encryption.masters import WrappedMaster


@dataclass(frozen=True, slots=True)
class MasterRow:
    generation: int  # from 1
    root: str  # the name of the root key that wraps it
    wrapped: bytes
    digest: str  # tells it from every other key
    created_at: datetime

    @classmethod
    def of(cls, made: WrappedMaster, now: datetime) -> Self:
        """Return the row of a master that was just wrapped."""
        return cls(made.generation, made.root, made.wrapped, made.digest, now)

    @property
    def master(self) -> WrappedMaster:
        """What whoever holds the root key needs of it."""
        return WrappedMaster(self.generation, self.root, self.wrapped, self.digest)


def add(tx: Transaction, row: MasterRow) -> None:
    """Keep one wrapping; a second one of the same master and root raises IntegrityError."""
    tx.connection.execute(
        insert(master_keys).values(
            generation=row.generation,
            root=row.root,
            wrapped=row.wrapped,
            digest=row.digest,
            created_at=row.created_at,
        )
    )


def everything(tx: Transaction) -> Sequence[MasterRow]:
    """Return every wrapping of every master, the oldest first."""
    chosen = select(master_keys).order_by(master_keys.c.generation, master_keys.c.root)
    return [MasterRow(**row) for row in tx.connection.execute(chosen).mappings()]


def under(tx: Transaction, root: str) -> Sequence[MasterRow]:
    """Return the masters that this root key wraps, the oldest first."""
    return [row for row in everything(tx) if row.root == root]


def newest(tx: Transaction) -> int:
    """Return the newest generation; 0 before there is one."""
    return int(tx.connection.execute(select(func.max(master_keys.c.generation))).scalar_one() or 0)


def destroy(tx: Transaction, generation: int) -> None:
    """Remove a master under every root key: what is sealed under it is gone with it."""
    tx.connection.execute(delete(master_keys).where(master_keys.c.generation == generation))


def forget_root(tx: Transaction, root: str) -> None:
    """Remove what a root key wraps: nothing opens with it any more."""
    tx.connection.execute(delete(master_keys).where(master_keys.c.root == root))
