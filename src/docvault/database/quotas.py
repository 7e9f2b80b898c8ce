"""How much each organisation stores: a counter that changes in the transaction of the rows it counts.

`versions` counts what is reserved and removed. Whoever removes stored originals for good, or moves them to
another organisation, calls `give_back` and `take` in that transaction. Exact under parallel uploads: the row
of the counter is changed by one statement that also compares, so two uploads never share the last bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from docvault.database.engine import Transaction
from docvault.database.tables import documents, folders, organisations, quotas, versions
from docvault.rules.quotas import TOLD_AGAIN_BELOW, TOLD_FROM, QuotaReached, Storage

ORIGINAL = "original"  # what people bring: the purpose of versions that count


@dataclass(frozen=True, slots=True)
class Difference:
    """A counter that does not say what the rows say."""

    organisation_id: str
    counted: int  # bytes, by the counter
    stored: int  # bytes, by the rows


def take(tx: Transaction, document_id: str, size: int) -> None:
    """Count `size` more bytes for the organisation of a document. Raises QuotaReached, in words."""
    organisation_id = _organisation_of(tx, document_id)
    if _taken(tx, organisation_id, size):
        return
    make = postgresql.insert if tx.connection.dialect.name == "postgresql" else sqlite.insert
    first = make(quotas).values(organisation_id=organisation_id, used=0)
    tx.connection.execute(first.on_conflict_do_nothing())
    if _taken(tx, organisation_id, size):
        return
    name = tx.connection.execute(
        select(organisations.c.name).where(organisations.c.id == organisation_id)
    ).scalar_one()
    found = storage(tx, organisation_id)
    raise QuotaReached(name, size=size, used=found.used, most=found.most)


def give_back(tx: Transaction, document_id: str, size: int) -> None:
    """Count `size` bytes less for the organisation of a document; with enough room, forget what was told."""
    organisation_id = _organisation_of(tx, document_id)
    whose = quotas.c.organisation_id == organisation_id
    tx.connection.execute(update(quotas).where(whose).values(used=quotas.c.used - size))
    roomy = quotas.c.used * 100 < _most(tx) * TOLD_AGAIN_BELOW
    tx.connection.execute(
        update(quotas).where(whose, quotas.c.told_at.is_not(None), roomy).values(told_at=None)
    )


def storage(tx: Transaction, organisation_id: str) -> Storage:
    """Return what an organisation stores; who may know was asked before."""
    chosen = select(quotas.c.used, quotas.c.most).where(quotas.c.organisation_id == organisation_id)
    row = tx.connection.execute(chosen).one_or_none()
    default = tx.policy.numbers.uploads.organisation_bytes
    if row is None:
        return Storage(0, default, own=False)
    return Storage(row.used, row.most or default, own=row.most is not None)


def set_most(tx: Transaction, organisation_id: str, most: int | None) -> None:
    """Say how much an organisation may store; None: what the policy says. What is there stays there."""
    make = postgresql.insert if tx.connection.dialect.name == "postgresql" else sqlite.insert
    row = make(quotas).values(organisation_id=organisation_id, used=0, most=most)
    same = {"most": most, "told_at": None}
    tx.connection.execute(row.on_conflict_do_update(index_elements=[quotas.c.organisation_id], set_=same))


def nearly_full(tx: Transaction, organisation_id: str, now: datetime) -> bool:
    """Tell once that it became nearly full, until there was room again."""
    full = quotas.c.used * 100 >= _most(tx) * TOLD_FROM
    crossed = (quotas.c.organisation_id == organisation_id, quotas.c.told_at.is_(None), full)
    return tx.connection.execute(update(quotas).where(*crossed).values(told_at=now)).rowcount == 1


def differences(tx: Transaction) -> Sequence[Difference]:
    """Return the counters that are wrong: none, unless something was removed behind DocVault's back.

    Ask in `Database.snapshot()`, so that counter and rows are those of one moment.
    """
    stored = {row.organisation_id: int(row.stored) for row in tx.connection.execute(_stored())}
    chosen = select(quotas.c.organisation_id, quotas.c.used)
    counted = {row.organisation_id: row.used for row in tx.connection.execute(chosen)}
    return [
        Difference(each, counted.get(each, 0), stored.get(each, 0))
        for each in sorted(counted.keys() | stored.keys())
        if counted.get(each, 0) != stored.get(each, 0)
    ]


def _stored() -> Select[tuple[str, int]]:
    return (
        select(folders.c.organisation_id, func.sum(versions.c.size).label("stored"))
        .join_from(versions, documents, versions.c.document_id == documents.c.id)
        .join(folders, documents.c.folder_id == folders.c.id)
        .where(versions.c.purpose == ORIGINAL, documents.c.disposed_at.is_(None))
        .group_by(folders.c.organisation_id)
    )


def _taken(tx: Transaction, organisation_id: str, size: int) -> bool:
    fits = (quotas.c.organisation_id == organisation_id, quotas.c.used + size <= _most(tx))
    taken = update(quotas).where(*fits).values(used=quotas.c.used + size)
    return tx.connection.execute(taken).rowcount == 1


def _most(tx: Transaction) -> ColumnElement[int]:
    return func.coalesce(quotas.c.most, tx.policy.numbers.uploads.organisation_bytes)


def _organisation_of(tx: Transaction, document_id: str) -> str:
    chosen = (
        select(folders.c.organisation_id)
        .join_from(documents, folders, documents.c.folder_id == folders.c.id)
        .where(documents.c.id == document_id)
    )
    return str(tx.connection.execute(chosen).scalar_one())
