"""Which generation of the pepper the passwords in force are kept under. Sees no password."""

from collections.abc import Iterable

from sqlalchemy import func, select

from docvault.credentials.passwords import FIRST
from docvault.database.engine import Transaction
from docvault.database.tables import people


def counts(tx: Transaction, generations: Iterable[int]) -> dict[int, int]:
    """Return how many passwords are kept under each of `generations`."""
    return {each: _count(tx, each) for each in generations}


def _count(tx: Transaction, generation: int) -> int:
    begins = "$" if generation == FIRST else f"{generation}$"
    chosen = select(func.count()).select_from(people).where(people.c.password_hash.like(f"{begins}%"))
    return int(tx.connection.execute(chosen).scalar_one())
