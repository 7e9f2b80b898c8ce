"""Organisations: the one that operates the portal, and its clients. A list shows what policies allow."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from docvault.database import residuals
from docvault.database.engine import Transaction
from docvault.database.tables import organisations, portfolios
from docvault.policy.residuals import Residual
from docvault.policy.vocabulary import Acting, Permission, Resource, ResourceType
from docvault.rules.people import OrganisationError
from docvault.values import NotFound, OrganisationId, PersonId, new_id

OPERATOR = "operator"
CLIENT = "client"


class OrganisationKnown(OrganisationError):
    """There is an organisation of this name."""

    def __init__(self) -> None:
        super().__init__("There is already an organisation of this name.")


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    id: OrganisationId
    name: str
    kind: str  # operator | client
    created_at: datetime


def for_listing(tx: Transaction, acting: Acting, organisation_id: OrganisationId) -> OrganisationRow:
    """Return an organisation whose name this person may know. Raises NotFound."""
    row = tx.connection.execute(
        select(organisations).where(organisations.c.id == organisation_id)
    ).one_or_none()
    resource = Resource(ResourceType.ORGANISATION, organisation_id)
    if row is None or not tx.policy.decide(acting, Permission.ORGANISATION_LIST, resource).allowed:
        raise NotFound
    return _organisation(row)


def listed(tx: Transaction, acting: Acting) -> list[OrganisationRow]:
    """Return every organisation this person may know, by name."""
    residual = tx.policy.residual(acting, Permission.ORGANISATION_LIST, ResourceType.ORGANISATION)
    return [_organisation(row) for row in tx.connection.execute(_listed(residual))]


# Asked for every page of folders, and building it costs more than asking it.
@lru_cache(maxsize=256)
def _listed(seen: Residual) -> Select[Any]:
    chosen = select(organisations).where(residuals.where(seen, residuals.ORGANISATIONS))
    return chosen.order_by(organisations.c.name)


def add(tx: Transaction, *, name: str, kind: str, now: datetime) -> OrganisationId:
    """Add an organisation. Raises OrganisationKnown."""
    organisation_id = OrganisationId(new_id())
    same = select(organisations.c.id).where(organisations.c.name == name)
    if tx.connection.execute(same).first() is not None:
        raise OrganisationKnown
    try:
        tx.connection.execute(
            insert(organisations).values(id=organisation_id, name=name, kind=kind, created_at=now)
        )
    except IntegrityError as error:  # two of the same name at the same moment, on PostgreSQL
        raise OrganisationKnown from error
    return organisation_id


def operator(tx: Transaction) -> OrganisationRow:
    """Return the organisation that operates this portal. Raises NotFound before the installation is made."""
    chosen = (
        select(organisations).where(organisations.c.kind == OPERATOR).order_by(organisations.c.created_at)
    )
    row = tx.connection.execute(chosen.limit(1)).one_or_none()
    if row is None:
        raise NotFound
    return _organisation(row)


def assign(tx: Transaction, person_id: PersonId, organisation_id: OrganisationId) -> bool:
    """Put a client into an account manager's portfolio; False if it was there."""
    make = postgresql.insert if tx.connection.dialect.name == "postgresql" else sqlite.insert
    row = make(portfolios).values(person_id=person_id, organisation_id=organisation_id)
    new = row.on_conflict_do_nothing().returning(portfolios.c.person_id)
    return tx.connection.execute(new).one_or_none() is not None


def _organisation(row: Row[Any]) -> OrganisationRow:
    return OrganisationRow(OrganisationId(row.id), row.name, row.kind, row.created_at)
