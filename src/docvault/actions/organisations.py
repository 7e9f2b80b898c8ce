"""Organisations and whom an account manager looks after."""

from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, organisations, people
from docvault.database.engine import PAGE, Database, Page
from docvault.policy.vocabulary import PORTAL, Acting, Permission, Role
from docvault.rules import people as rules
from docvault.values import NotFound, OrganisationId, PersonId


@dataclass(frozen=True, slots=True)
class OrganisationView:
    id: OrganisationId
    name: str
    kind: str  # operator | client
    created_at: datetime


def create_organisation(db: Database, *, acting: Acting, name: str, now: datetime) -> OrganisationId:
    """Add a client organisation. Raises Forbidden, PersonRefused for the name, OrganisationKnown."""
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.ORGANISATION_CREATE, PORTAL)
        plain = rules.name(name)
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


def list_organisations(
    db: Database, *, acting: Acting, after: str | None = None, limit: int = PAGE
) -> Page[OrganisationView]:
    """Return the organisations this person may know, newest first. Raises BadCursor."""
    with db.reading() as tx:
        page = organisations.listed(tx, acting, after=after, limit=limit)
    return Page(
        [OrganisationView(each.id, each.name, each.kind, each.created_at) for each in page.items], page.next
    )


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
        if organisations.assign(tx, person_id, organisation_id):
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
