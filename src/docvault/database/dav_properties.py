"""Properties that file managers keep on folders and documents. DocVault gives them no meaning."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, func, insert, literal, select, update

from docvault.database.engine import Transaction
from docvault.database.tables import dav_properties


def names(tx: Transaction, thing_id: str) -> Sequence[str]:
    """Return the names of the properties of a thing."""
    chosen = select(dav_properties.c.name).where(dav_properties.c.thing_id == thing_id)
    return tx.connection.execute(chosen.order_by(dav_properties.c.name)).scalars().all()


def get(tx: Transaction, thing_id: str, name: str) -> bytes | None:
    """Return a property's XML, or None."""
    chosen = select(dav_properties.c.value).where(_one(thing_id, name))
    found: bytes | None = tx.connection.execute(chosen).scalar_one_or_none()
    return found


def put(tx: Transaction, thing_id: str, name: str, value: bytes) -> None:
    """Set a property."""
    changed = tx.connection.execute(update(dav_properties).where(_one(thing_id, name)).values(value=value))
    if not changed.rowcount:
        tx.connection.execute(insert(dav_properties).values(thing_id=thing_id, name=name, value=value))


def remove(tx: Transaction, thing_id: str, name: str) -> bool:
    """Remove a property; False if there is none."""
    return tx.connection.execute(delete(dav_properties).where(_one(thing_id, name))).rowcount == 1


def count(tx: Transaction, thing_id: str) -> int:
    """Return how many properties a thing has."""
    chosen = select(func.count()).select_from(dav_properties).where(dav_properties.c.thing_id == thing_id)
    return tx.connection.execute(chosen).scalar_one()


def copy(tx: Transaction, from_id: str, to_id: str) -> bool:
    """Give a thing the properties of another one, in place of its own; False if neither has any."""
    mine = tx.connection.execute(delete(dav_properties).where(dav_properties.c.thing_id == to_id))
    theirs = select(literal(to_id), dav_properties.c.name, dav_properties.c.value).where(
        dav_properties.c.thing_id == from_id
    )
    columns = ["thing_id", "name", "value"]
    copied = tx.connection.execute(insert(dav_properties).from_select(columns, theirs))
    return bool(mine.rowcount or copied.rowcount)


def _one(thing_id: str, name: str) -> ColumnElement[bool]:
    return (dav_properties.c.thing_id == thing_id) & (dav_properties.c.name == name)
