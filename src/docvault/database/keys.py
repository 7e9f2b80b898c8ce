"""The installation's own keys by name and generation, wrapped: certificate authority, seal, log, pepper.

Opens none of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, insert, select, update

from docvault.database.engine import Transaction
from docvault.database.tables import keys
from docvault.encryption.masters import SealedKey
from docvault.values import NotFound

FIRST = 1


@dataclass(frozen=True, slots=True)
class KeyRow:
    name: str
    generation: int  # from 1; the newest is in use
    wrapped: bytes  # empty: it was destroyed, or there was no secret
    public: bytes
    created_at: datetime

    @property
    def context(self) -> str:
        """What the wrapped key is bound to."""
        return context_of(self.name, self.generation)

    @property
    def sealed(self) -> SealedKey:
        """The key for whoever holds what opens it."""
        return SealedKey(self.context, self.wrapped)


def context_of(name: str, generation: int) -> str:
    """Return what the key of this name and generation is bound to."""
    if name == "root-key":  # the row that only the right keyring opens; a key to nothing
        return f"proof:{name}"
    return f"key:{name}" if generation == FIRST else f"key:{name}:{generation}"


def get(tx: Transaction, name: str) -> KeyRow:
    """Return the newest key of that name. Raises NotFound."""
    found = find(tx, name)
    if found is None:
        raise NotFound(f"There is no key named {name}.")
    return found


def find(tx: Transaction, name: str) -> KeyRow | None:
    """Return the newest key of that name, or None before it was made."""
    chosen = select(keys).where(keys.c.name == name).order_by(keys.c.generation.desc()).limit(1)
    row = tx.connection.execute(chosen).one_or_none()
    return None if row is None else _key(row)


def names(tx: Transaction) -> Sequence[str]:
    """Return the names of all keys."""
    return tx.connection.execute(select(keys.c.name).distinct().order_by(keys.c.name)).scalars().all()


def generations(tx: Transaction, name: str) -> Sequence[KeyRow]:
    """Return every key of that name, the oldest first; destroyed ones are there without their secret."""
    chosen = select(keys).where(keys.c.name == name).order_by(keys.c.generation)
    return [_key(row) for row in tx.connection.execute(chosen)]


def put(
    tx: Transaction, name: str, wrapped: bytes, public: bytes, now: datetime, *, generation: int = FIRST
) -> None:
    """Keep a key; a generation that is taken raises IntegrityError: keys are never replaced silently."""
    tx.connection.execute(
        insert(keys).values(name=name, generation=generation, wrapped=wrapped, public=public, created_at=now)
    )


def destroy(tx: Transaction, name: str, generation: int) -> bool:
    """Remove the secret of an older key; what is public of it stays. False if it was gone already."""
    same = (keys.c.name == name) & (keys.c.generation == generation) & (keys.c.wrapped != b"")
    return tx.connection.execute(update(keys).where(same).values(wrapped=b"")).rowcount == 1


def _key(row: Row[tuple[object, ...]]) -> KeyRow:
    return KeyRow(**row._mapping)  # noqa: SLF001 - the public name of a row's values
