"""Organisations, who belongs to them, and whom an account manager looks after."""

from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, organisations, people
from docvault.database.engine import Database, Transaction
from docvault.database.organisations import OrganisationRow
from docvault.database.people import PersonRow
from docvault.policy.vocabulary import PORTAL, Acting, Permission, Role
from docvault.rules import people as rules
from docvault.rules.people import OrganisationError, PersonRefused
from docvault.values import NotFound, OrganisationId, PersonId

__all__ = [
    "OrganisationError",
    "OrganisationView",
    "add_member",
    "assign_client",
    "create_organisation",
    "list_organisations",
    "operator_id",
    "remove_member",
    "unassign_client",
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
    db: Database,
    *,
    acting: Acting,
    person_id: PersonId,
    organisation_id: OrganisationId,
    now: datetime,
    until: datetime | None = None,
) -> None:
    """Give an account manager a client, for good or until a day; giving it twice changes nothing.

    Raises Forbidden, NotFound, PersonRefused for another role, the operating organisation or a past end.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.ORGANISATION_ASSIGN, PORTAL)
        person, organisation = _both(tx, acting, person_id, organisation_id)
        if person.role != Role.ACCOUNT_MANAGER or organisation.kind != organisations.CLIENT:
            raise PersonRefused("Only an account manager looks after a client organisation.")
        rules.check_end(until, now)
        if organisations.assign(tx, acting, person_id, organisation_id, now, until):
            _note(tx, Kind.ORGANISATION_ASSIGNED, acting, person, organisation, now, until)


def unassign_client(
    db: Database, *, acting: Acting, person_id: PersonId, organisation_id: OrganisationId, now: datetime
) -> None:
    """Take a client from an account manager, at once (promise 19). Raises Forbidden, NotFound."""
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.ORGANISATION_ASSIGN, PORTAL)
        person, organisation = _both(tx, acting, person_id, organisation_id)
        if organisations.unassign(tx, acting, person_id, organisation_id, now):
            _note(tx, Kind.ORGANISATION_UNASSIGNED, acting, person, organisation, now)


def add_member(
    db: Database,
    *,
    acting: Acting,
    person_id: PersonId,
    organisation_id: OrganisationId,
    now: datetime,
    until: datetime | None = None,
) -> None:
    """Make a client a member of one more client organisation, for good or until a day.

    Raises Forbidden, NotFound, PersonRefused for another role, the operating organisation or a past end.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.PERSON_CHANGE, PORTAL)
        person, organisation = _both(tx, acting, person_id, organisation_id)
        rules.check_place(person.role, organisation.kind)
        rules.check_end(until, now)
        if organisations.join(tx, acting, person_id, organisation_id, now, until):
            _note(tx, Kind.MEMBER_ADDED, acting, person, organisation, now, until)


def remove_member(
    db: Database, *, acting: Acting, person_id: PersonId, organisation_id: OrganisationId, now: datetime
) -> None:
    """End a membership, at once and everywhere; whoever belongs nowhere has no rights at all (promise 15).

    Raises Forbidden, NotFound, PersonRefused for somebody of the operating organisation.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.PERSON_CHANGE, PORTAL)
        person, organisation = _both(tx, acting, person_id, organisation_id)
        if organisation.kind == organisations.OPERATOR:
            raise PersonRefused("Whoever runs the portal leaves it by being disabled, or by another role.")
        if organisations.leave(tx, acting, person_id, organisation_id, now):
            _note(tx, Kind.MEMBER_REMOVED, acting, person, organisation, now)


def _both(
    tx: Transaction, acting: Acting, person_id: PersonId, organisation_id: OrganisationId
) -> tuple[PersonRow, OrganisationRow]:
    organisation = organisations.for_listing(tx, acting, organisation_id)
    person = people.by_id(tx, person_id)
    if person is None:
        raise NotFound
    return person, organisation


def _note(
    tx: Transaction,
    kind: Kind,
    acting: Acting,
    person: PersonRow,
    organisation: OrganisationRow,
    now: datetime,
    until: datetime | None = None,
) -> None:
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="person",
        object_id=person.id,
        organisation_id=organisation.id,
        facts={"organisation": organisation.id, **({"until": until.isoformat()} if until else {})},
        private={"person": person.name, "organisation": organisation.name},
    )
