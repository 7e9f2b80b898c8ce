"""The installation's own keys by name, wrapped: certificate authority, seal, timestamps, log. Opens none of
them.
"""

from datetime import datetime

from sqlalchemy import insert, select

from docvault.database.engine import Transaction
from docvault.database.tables import keys
from docvault.values import NotFound


def get(tx: Transaction, name: str) -> tuple[bytes, bytes]:
    """Return the wrapped key and its public part. Raises NotFound."""
    found = find(tx, name)
    if found is None:
        raise NotFound(f"There is no key named {name}.")
    return found


def find(tx: Transaction, name: str) -> tuple[bytes, bytes] | None:
    """Return the wrapped key and its public part, or None before it was made."""
    row = tx.connection.execute(
        select(keys.c.wrapped, keys.c.public).where(keys.c.name == name)
    ).one_or_none()
    return None if row is None else (row.wrapped, row.public)


def put(tx: Transaction, name: str, wrapped: bytes, public: bytes, now: datetime) -> None:
    """Keep a key under a new name; a name that is taken raises IntegrityError: keys are never replaced
    silently.
    """
    tx.connection.execute(insert(keys).values(name=name, wrapped=wrapped, public=public, created_at=now))
