"""How much each organisation and each person stores: counters that change in the transaction of their rows.

`versions` counts what is reserved and removed. Whoever removes stored originals for good, or moves them to
another organisation, calls `give_back` and `take` in that transaction. Exact under parallel uploads: the row
of a counter is changed by one statement that also compares, so two uploads never share the last bytes. The
organisation's always comes first, then people's by id, so that two transactions never wait for each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from docvault.database.engine import Transaction
from docvault.database.tables import documents, folders, organisations, person_quotas, quotas, versions
from docvault.rules.quotas import TOLD_AGAIN_BELOW, TOLD_FROM, QuotaReached, Storage

ORIGINAL = "original"  # what people bring: the purpose of versions that count


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose counter: that of an organisation or of a person. `organisation` and `person` make it."""

    id: str
    counters: Table

    @property
    def key(self) -> Column[str]:
        """Return the column that says whose a row is."""
        (column,) = self.counters.primary_key.columns
        return column


@dataclass(frozen=True, slots=True)
class Difference:
    """A counter that does not say what the rows say."""

    owner_id: str  # of an organisation or a person
    counted: int  # bytes, by the counter
    stored: int  # bytes, by the rows


def organisation(organisation_id: str) -> Owner:
    """Return the owner of the counter of an organisation."""
    return Owner(organisation_id, quotas)


def person(person_id: str) -> Owner:
    """Return the owner of the counter of what somebody brought, wherever it lies."""
    return Owner(person_id, person_quotas)


def take(tx: Transaction, document_id: str, person_id: str | None, size: int) -> None:
    """Count `size` more bytes for the organisation of a document, and for who brings them.

    person_id: None for a guest, whose request has a limit of its own. Raises QuotaReached, in words.
    """
    owner = organisation(_organisation_of(tx, document_id))
    if not _taken(tx, owner, size):
        name = select(organisations.c.name).where(organisations.c.id == owner.id)
        raise _reached(tx, owner, tx.connection.execute(name).scalar_one(), size)
    if person_id is not None and not _taken(tx, person(person_id), size):
        raise _reached(tx, person(person_id), "You", size)


def give_back(tx: Transaction, document_id: str, sizes: Mapping[str | None, int]) -> None:
    """Count less for the organisation of a document, and for each who brought it; sizes: bytes by person.

    Once there is enough room, it is forgotten that those in charge were told.
    """
    owner = organisation(_organisation_of(tx, document_id))
    _given(tx, owner, sum(sizes.values()))
    roomy = quotas.c.used * 100 < _most(tx, owner) * TOLD_AGAIN_BELOW
    tx.connection.execute(
        update(quotas).where(owner.key == owner.id, quotas.c.told_at.is_not(None), roomy).values(told_at=None)
    )
    for person_id in sorted(each for each in sizes if each is not None):
        _given(tx, person(person_id), sizes[person_id])


def storage(tx: Transaction, owner: Owner) -> Storage:
    """Return what an organisation or a person stores; who may know was asked before."""
    chosen = select(owner.counters.c.used, owner.counters.c.most).where(owner.key == owner.id)
    row = tx.connection.execute(chosen).one_or_none()
    if row is None:
        return Storage(0, default(tx, owner), own=False)
    return Storage(row.used, row.most or default(tx, owner), own=row.most is not None)


def default(tx: Transaction, owner: Owner) -> int:
    """Return how many bytes the policy lets everybody of that sort store."""
    numbers = tx.policy.numbers.uploads
    return numbers.organisation_bytes if owner.counters is quotas else numbers.person_bytes


def set_most(tx: Transaction, owner: Owner, most: int | None) -> None:
    """Say how much an owner may store; None: what the policy says. What is there stays there."""
    same: dict[str, object] = {"most": most}
    if owner.counters is quotas:
        same["told_at"] = None  # with another limit, the next time is worth a mail again
    row = _insert(tx, owner).values({owner.key: owner.id, "used": 0, "most": most})
    tx.connection.execute(row.on_conflict_do_update(index_elements=[owner.key], set_=same))


def nearly_full(tx: Transaction, organisation_id: str, now: datetime) -> bool:
    """Tell once that it became nearly full, until there was room again."""
    owner = organisation(organisation_id)
    full = quotas.c.used * 100 >= _most(tx, owner) * TOLD_FROM
    crossed = (owner.key == owner.id, quotas.c.told_at.is_(None), full)
    return tx.connection.execute(update(quotas).where(*crossed).values(told_at=now)).rowcount == 1


def differences(tx: Transaction) -> Sequence[Difference]:
    """Return the counters that are wrong: none, unless something was removed behind DocVault's back.

    Ask in `Database.snapshot()`, so that counters and rows are those of one moment.
    """
    return [
        *_wrong(tx, quotas, folders.c.organisation_id),
        *_wrong(tx, person_quotas, versions.c.created_by),
    ]


def _wrong(tx: Transaction, counters: Table, owner: ColumnElement[str]) -> Sequence[Difference]:
    stored = {row.owner: int(row.stored) for row in tx.connection.execute(_stored(owner))}
    key = next(iter(counters.primary_key.columns))
    chosen = select(key.label("owner"), counters.c.used)
    counted = {row.owner: row.used for row in tx.connection.execute(chosen)}
    return [
        Difference(each, counted.get(each, 0), stored.get(each, 0))
        for each in sorted(counted.keys() | stored.keys())
        if counted.get(each, 0) != stored.get(each, 0)
    ]


def _stored(owner: ColumnElement[str]) -> Any:
    return (
        select(owner.label("owner"), func.sum(versions.c.size).label("stored"))
        .join_from(versions, documents, versions.c.document_id == documents.c.id)
        .join(folders, documents.c.folder_id == folders.c.id)
        .where(versions.c.purpose == ORIGINAL, documents.c.disposed_at.is_(None), owner.is_not(None))
        .group_by(owner)
    )


def _taken(tx: Transaction, owner: Owner, size: int) -> bool:
    """Count more for an owner if it fits; the first time there is no row yet to count in."""
    used = owner.counters.c.used
    fits = (owner.key == owner.id, used + size <= _most(tx, owner))
    more = update(owner.counters).where(*fits).values(used=used + size)
    if tx.connection.execute(more).rowcount == 1:
        return True
    first = _insert(tx, owner).values({owner.key: owner.id, "used": 0})
    tx.connection.execute(first.on_conflict_do_nothing())
    return tx.connection.execute(more).rowcount == 1


def _given(tx: Transaction, owner: Owner, size: int) -> None:
    less = update(owner.counters).where(owner.key == owner.id)
    tx.connection.execute(less.values(used=owner.counters.c.used - size))


def _insert(tx: Transaction, owner: Owner) -> postgresql.Insert | sqlite.Insert:
    make = postgresql.insert if tx.connection.dialect.name == "postgresql" else sqlite.insert
    return make(owner.counters)


def _reached(tx: Transaction, owner: Owner, name: str, size: int) -> QuotaReached:
    found = storage(tx, owner)
    return QuotaReached(name, size=size, used=found.used, most=found.most)


def _most(tx: Transaction, owner: Owner) -> ColumnElement[int]:
    return func.coalesce(owner.counters.c.most, default(tx, owner))


def _organisation_of(tx: Transaction, document_id: str) -> str:
    chosen = (
        select(folders.c.organisation_id)
        .join_from(documents, folders, documents.c.folder_id == folders.c.id)
        .where(documents.c.id == document_id)
    )
    return str(tx.connection.execute(chosen).scalar_one())
