"""Organisations: the one that operates the portal, and its clients. A list shows what policies allow."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, insert, select
from sqlalchemy.exc import IntegrityError

from docvault.database import periods, residuals
from docvault.database.engine import Transaction
from docvault.database.tables import memberships, organisations, portfolios
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


def name_of(tx: Transaction, organisation_id: OrganisationId) -> str:
    """Return the name of an organisation, for words to somebody who may know it. Raises NotFound."""
    chosen = select(organisations.c.name).where(organisations.c.id == organisation_id)
    name: str | None = tx.connection.execute(chosen).scalar_one_or_none()
    if name is None:
        raise NotFound
    return name


def by_name(tx: Transaction, name: str) -> OrganisationRow | None:
    """Return the organisation of a name that a policy says; nobody is asked for rights yet."""
    row = tx.connection.execute(select(organisations).where(organisations.c.name == name)).one_or_none()
    return None if row is None else _organisation(row)


def assign(
    tx: Transaction,
    acting: Acting,
    person_id: PersonId,
    organisation_id: OrganisationId,
    now: datetime,
    until: datetime | None = None,
) -> bool:
    """Put a client into an account manager's portfolio; False if it was there."""
    what = {"person_id": person_id, "organisation_id": organisation_id}
    return periods.begin(tx, portfolios, what, by=acting.person_id, now=now, ends_at=until)


def unassign(
    tx: Transaction, acting: Acting, person_id: PersonId, organisation_id: OrganisationId, now: datetime
) -> bool:
    """Take a client out of an account manager's portfolio; False if it was not there."""
    what = {"person_id": person_id, "organisation_id": organisation_id}
    return periods.finish(tx, portfolios, what, by=acting.person_id, now=now) is not None


def join(
    tx: Transaction,
    acting: Acting,
    person_id: PersonId,
    organisation_id: OrganisationId,
    now: datetime,
    until: datetime | None = None,
) -> bool:
    """Make a person a member; False if they are one."""
    what = {"person_id": person_id, "organisation_id": organisation_id}
    return periods.begin(tx, memberships, what, by=acting.person_id, now=now, ends_at=until)


def leave(
    tx: Transaction, acting: Acting, person_id: PersonId, organisation_id: OrganisationId, now: datetime
) -> bool:
    """End a membership; False if there is none."""
    what = {"person_id": person_id, "organisation_id": organisation_id}
    return periods.finish(tx, memberships, what, by=acting.person_id, now=now) is not None


def _organisation(row: Row[Any]) -> OrganisationRow:
    return OrganisationRow(OrganisationId(row.id), row.name, row.kind, row.created_at)
