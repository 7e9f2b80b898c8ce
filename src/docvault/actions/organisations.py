"""Organisations and whom an account manager looks after."""

from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, organisations, people
from docvault.database.engine import Database
from docvault.policy.vocabulary import PORTAL, Acting, Permission, Role
from docvault.rules import people as rules
from docvault.rules.people import OrganisationError
from docvault.values import NotFound, OrganisationId, PersonId

__all__ = [
    "OrganisationError",
    "OrganisationView",
    "assign_client",
    "create_organisation",
    "list_organisations",
    "operator_id",
]


@dataclass(frozen=True, slots=True)
class OrganisationView:
    id: OrganisationId
    name: str
    kind: str  # operator | client
    created_at: datetime


def create_organisation(db: Database, *, acting: Acting, name: str, now: datetime) -> OrganisationId:
    """Add a client organisation. Raises Forbidden, OrganisationRefused, OrganisationKnown."""
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.ORGANISATION_CREATE, PORTAL)
        plain = rules.organisation_name(name)
        created = organisations.add(tx, name=plain, kind=organisations.CLIENT, now=now)
        audit.append(
            tx,
            Kind.ORGANISATION_CREATED,
            at=now,
            acting=acting,
            object_type="organisation",
            object_id=created,
            organisation_id=created,
            facts={"kind": organisations.CLIENT},
            private={"name": plain},
        )
        return created


def list_organisations(db: Database, *, acting: Acting) -> list[OrganisationView]:
    """Return every organisation this person may know, by name."""
    with db.reading() as tx:
        rows = organisations.listed(tx, acting)
    return [OrganisationView(row.id, row.name, row.kind, row.created_at) for row in rows]


def operator_id(db: Database) -> OrganisationId:
    """Return the organisation that runs this portal. Raises NotFound before the installation is made."""
    with db.reading() as tx:
        return organisations.operator(tx).id


def assign_client(
    db: Database, *, acting: Acting, person_id: PersonId, organisation_id: OrganisationId, now: datetime
) -> None:
    """Give an account manager a client; giving it twice changes nothing.

    Raises Forbidden, NotFound, PersonRefused for another role or the operating organisation.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.ORGANISATION_ASSIGN, PORTAL)
        organisation = organisations.for_listing(tx, acting, organisation_id)
        person = people.by_id(tx, person_id)
        if person is None:
            raise NotFound
        if person.role != Role.ACCOUNT_MANAGER or organisation.kind != organisations.CLIENT:
            raise rules.PersonRefused("Only an account manager looks after a client organisation.")
        if organisations.assign(tx, acting, person_id, organisation_id, now):
            audit.append(
                tx,
                Kind.ORGANISATION_ASSIGNED,
                at=now,
                acting=acting,
                object_type="person",
                object_id=person_id,
                organisation_id=organisation_id,
                facts={"organisation": organisation_id},
                private={"name": person.name, "organisation": organisation.name},
            )
