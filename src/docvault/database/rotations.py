"""Which rotations of keys have begun and which are done. What is left to do is counted where it lies."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from docvault.database.engine import Transaction
from docvault.database.tables import key_rotations
from docvault.values import new_id


@dataclass(frozen=True, slots=True)
class Rotation:
    id: str
    kind: str
    generation: int
    started_at: datetime
    finished_at: datetime | None


def begin(tx: Transaction, kind: str, generation: int, now: datetime) -> Rotation:
    """Note that a rotation has begun."""
    made = Rotation(new_id(), kind, generation, now, None)
    tx.connection.execute(
        insert(key_rotations).values(id=made.id, kind=kind, generation=generation, started_at=now)
    )
    return made


def unfinished(tx: Transaction, kind: str) -> Rotation | None:
    """Return the rotation of that kind which began and was not finished, or None."""
    chosen = select(key_rotations).where(key_rotations.c.kind == kind, key_rotations.c.finished_at.is_(None))
    row = tx.connection.execute(chosen.order_by(key_rotations.c.started_at).limit(1)).mappings().one_or_none()
    return None if row is None else Rotation(**row)


def finish(tx: Transaction, rotation: Rotation, now: datetime) -> bool:
    """Note that it is done; False if somebody else was faster."""
    same = (key_rotations.c.id == rotation.id) & key_rotations.c.finished_at.is_(None)
    return tx.connection.execute(update(key_rotations).where(same).values(finished_at=now)).rowcount == 1
