"""Seals everything anew under the newest master, a small batch at a time, while others read and write.

Whatever changed meanwhile is left as it is: who changed it used the newest master, or it is met again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from docvault.database import sealed_columns
from docvault.database.engine import Database, Transaction
from docvault.database.sealed_columns import SEALED, SealedColumn, Values
from docvault.encryption.errors import EncryptionError
from docvault.encryption.masters import Workshop

BATCH = 200  # values in one transaction: a writer waits some milliseconds for it


@dataclass(frozen=True, slots=True)
class Step:
    """What one batch came to."""

    done: int
    stuck: tuple[str, ...]  # what no key opens, by table and column: it was damaged before


def counts(tx: Transaction) -> dict[int, int]:
    """Return how many values are sealed under each master."""
    found: dict[int, int] = {}
    for sealed in SEALED:
        for generation, count in sealed_columns.tally(tx, sealed).items():
            found[generation] = found.get(generation, 0) + count
    return found


def left(tx: Transaction, generation: int) -> int:
    """Return how many values are under another master than `generation`."""
    return sum(count for under, count in counts(tx).items() if under != generation)


def reseal(db: Database, keyring: Workshop) -> Iterator[Step]:
    """Seal anew what is not under the newest master; each step is committed before it is yielded."""
    newest = keyring.newest()
    for sealed in SEALED:
        after = None
        while True:
            with db.transaction() as tx:
                rows = sealed_columns.older(tx, sealed, newest, after=after, limit=BATCH)
                stuck = [sealed.name for row in rows if not _reseal(tx, keyring, sealed, row)]
            if not rows:
                break
            after = sealed_columns.key_of(sealed, rows[-1])
            yield Step(len(rows) - len(stuck), tuple(stuck))


def _reseal(tx: Transaction, keyring: Workshop, sealed: SealedColumn, row: Values) -> bool:
    purpose, context = sealed.label(row)
    try:
        anew = keyring.reseal(purpose, context, bytes(row[sealed.column.name]))
    except EncryptionError:
        return False  # counted and named; the old master stays for as long as it is there
    sealed_columns.replace(tx, sealed, row, anew)
    return True
