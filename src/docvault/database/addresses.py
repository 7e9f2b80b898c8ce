"""The addresses a person is reached at: the one they sign in with, and for a while those it replaced.

A thief who changes the address must not be the only one who hears of it (promise 16).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from docvault.database.engine import Transaction
from docvault.database.people import PersonRow
from docvault.database.tables import former_addresses


def verified(tx: Transaction, person: PersonRow, now: datetime) -> Sequence[str]:
    """Return every address that security notices go to, the present one first."""
    still = select(former_addresses.c.email).where(
        former_addresses.c.person_id == person.id,
        former_addresses.c.email != person.email,
        former_addresses.c.replaced_at > now - _kept(tx),
    )
    older = tx.connection.execute(still.order_by(former_addresses.c.replaced_at.desc())).scalars()
    return [person.email, *older]


def replaced(tx: Transaction, person: PersonRow, now: datetime) -> None:
    """Note that the person's address is about to be another one; those replaced long ago are forgotten."""
    mine = former_addresses.c.person_id == person.id
    past = (former_addresses.c.replaced_at <= now - _kept(tx)) | (former_addresses.c.email == person.email)
    tx.connection.execute(delete(former_addresses).where(mine, past))
    row = {"person_id": person.id, "email": person.email, "replaced_at": now}
    tx.connection.execute(insert(former_addresses).values(row))


def _kept(tx: Transaction) -> timedelta:
    return timedelta(days=tx.policy.numbers.passwords.old_address_days)
