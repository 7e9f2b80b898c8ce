"""How far the log is published at a place outside: which tiles and checkpoints are there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select

from docvault.audit import proofs, tiles
from docvault.audit.checkpoints import note_text, strict_base64
from docvault.database import audit
from docvault.database.audit_checkpoints import LogDamaged
from docvault.database.engine import Transaction
from docvault.database.tables import audit_checkpoints, audit_publications

LONGEST = 64 * tiles.WIDTH  # entries of one step: a log that was never published goes out in many


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next: the tiles that a log of `size` has and one of `since` has not; then the checkpoint."""

    since: int
    size: int
    note: str | None


@dataclass(frozen=True, slots=True)
class Published:
    """How far the log is out. size: of the newest checkpoint there; None before the first."""

    size: int | None
    at: datetime | None
    waiting: int  # checkpoints that are signed and not there
    since: datetime | None  # when the oldest of them was signed


def next_step(tx: Transaction, place: str) -> Step | None:
    """Return what is to be published next at a place; None if everything is there.

    A place that has nothing begins with the newest checkpoint, which vouches for all before it.
    """
    mine = audit_publications.c.place == place
    since = tx.connection.execute(
        select(func.coalesce(func.max(audit_publications.c.size), 0)).where(mine)
    ).scalar_one()
    newest = audit_checkpoints.c.size
    chosen = select(audit_checkpoints.c.size, audit_checkpoints.c.note)
    last = _last(tx, place)
    if last is None:
        chosen = chosen.order_by(newest.desc())
    else:
        chosen = chosen.where(newest > last.size).order_by(newest)
    row = tx.connection.execute(chosen.limit(1)).one_or_none()
    if row is None:
        return None
    if row.size - since > LONGEST:
        return Step(since, since // tiles.WIDTH * tiles.WIDTH + LONGEST, None)
    return Step(since, row.size, row.note)


def content(tx: Transaction, step: Step) -> Sequence[tuple[str, bytes]]:
    """Return the objects of a step, in the order in which they go out. Raises LogDamaged."""
    reader = audit.tile_reader(tx, step.size)
    objects = [
        (tiles.path(level, index, width), reader.tile(level, index))
        for level, index, width in tiles.pieces(step.since, step.size)
        if step.note is not None or width == tiles.WIDTH
    ]
    if step.note is None:
        return objects
    if proofs.root_at(reader.hash, step.size) != strict_base64(note_text(step.note).split("\n")[2]):
        raise LogDamaged(0, f"It does not continue its checkpoint of {step.size} entries.")
    return [*objects, (path(step.size), step.note.encode())]


def note(tx: Transaction, place: str, step: Step, now: datetime) -> None:
    """Say that a step is out."""
    values = {"place": place, "size": step.size, "checkpoint": step.note is not None, "at": now}
    tx.connection.execute(insert(audit_publications).values(**values))


def state(tx: Transaction, place: str) -> Published:
    """Return how far the log is out at a place."""
    last = _last(tx, place)
    waiting = select(func.count(), func.min(audit_checkpoints.c.at, type_=audit_checkpoints.c.at.type))
    if last is not None:
        waiting = waiting.where(audit_checkpoints.c.size > last.size)
    count, since = tx.connection.execute(waiting).one()
    return Published(last.size if last else None, last.at if last else None, count, since)


def sizes(tx: Transaction, place: str) -> Sequence[int]:
    """Return the sizes of the checkpoints that are out at a place, ascending."""
    size = audit_publications.c.size
    chosen = select(size).where(audit_publications.c.place == place, audit_publications.c.checkpoint)
    return tx.connection.execute(chosen.order_by(size)).scalars().all()


def path(size: int) -> str:
    """Return where the checkpoint of a size lies; a list of them is in order."""
    return f"checkpoints/{size:020d}"


def _last(tx: Transaction, place: str) -> Any:
    row = audit_publications
    chosen = select(row.c.size, row.c.at).where(row.c.place == place, row.c.checkpoint)
    return tx.connection.execute(chosen.order_by(row.c.size.desc()).limit(1)).one_or_none()
