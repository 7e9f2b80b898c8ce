"""Everything an administrator may know about one person, on one page. Changes nothing, shows no secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from docvault.database import people, people_history
from docvault.database.engine import Database
from docvault.database.people import PersonState
from docvault.database.people_history import Change, Place, Proofs
from docvault.policy.vocabulary import PORTAL, Acting, Permission, Role
from docvault.values import NotFound, OrganisationId, PersonId

__all__ = ["Change", "PersonDetails", "Place", "Proofs", "show_person"]


@dataclass(frozen=True, slots=True)
class PersonDetails:
    id: PersonId
    name: str
    email: str
    role: Role
    state: PersonState
    organisation_id: OrganisationId
    organisation_name: str
    created_at: datetime
    memberships: Sequence[Place]
    clients: Sequence[Place]
    proofs: Proofs
    history: Sequence[Change]  # newest first


def show_person(db: Database, *, acting: Acting, person_id: PersonId, now: datetime) -> PersonDetails:
    """Return one person as they are now, and how they came to be so. Raises Forbidden, NotFound."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.PERSON_LIST, PORTAL)
        person = people.by_id(tx, person_id)
        if person is None:
            raise NotFound
        memberships, clients = people_history.places(tx, person_id, now)
        return PersonDetails(
            id=person.id,
            name=person.name,
            email=person.email,
            role=person.role,
            state=person.state,
            organisation_id=person.organisation_id,
            organisation_name=person.organisation_name,
            created_at=person.created_at,
            memberships=memberships,
            clients=clients,
            proofs=people_history.proofs(tx, person_id, now),
            history=people_history.history(tx, person_id, now),
        )
