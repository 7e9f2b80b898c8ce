"""Giving people another role. A role that decides about others is never given here: it is proposed."""

import hashlib
from datetime import datetime

from docvault.audit.entries import canonical
from docvault.database import organisations, people, roles, step_ups
from docvault.database.engine import Database
from docvault.database.messages import Records
from docvault.policy.vocabulary import Acting, Role
from docvault.rules import people as rules
from docvault.rules.people import PersonRefused
from docvault.rules.proposals import check_alone
from docvault.values import OrganisationId, PersonId


def change_role(
    db: Database,
    records: Records,
    *,
    acting: Acting,
    person_id: PersonId,
    role: Role,
    organisation_id: OrganisationId,
    step_up_id: str,
    now: datetime,
) -> None:
    """Give another role in an organisation where it belongs; what began under the old one ends (promise 18).

    step_up_id: a proof for `person:role` on `role_digest`; the terminal needs none. A role that decides about
    others is proposed instead. Raises Forbidden, NotFound, TwoPeopleNeeded, PersonRefused, StepUpInvalid.
    """
    with db.transaction() as tx:
        person = people.for_changing(tx, acting, person_id)
        check_alone(role, acting)
        if person.id == acting.person_id:
            raise PersonRefused("You cannot change your own role. Another administrator can.")
        home = organisations.for_listing(tx, acting, organisation_id)
        rules.check_place(role, home.kind)
        if (person.role, person.organisation_id) == (role, home.id):
            raise PersonRefused("They have this role there already.")
        if not acting.at_terminal:
            digest = role_digest(person_id, role, organisation_id)
            step_ups.spend(tx, acting, step_up_id, step_ups.ROLE_CHANGE, digest, now)
        roles.give(tx, records, person, role, home, by=acting, now=now)


def role_digest(person_id: PersonId, role: Role, organisation_id: OrganisationId) -> str:
    """Return what the proof for a change of role is bound to: hex SHA-256 of the three as JSON.

    With sorted keys and no spaces: `{"organisation_id":"…","person_id":"…","role":"client"}`.
    """
    said = {"organisation_id": organisation_id, "person_id": person_id, "role": role.value}
    return hashlib.sha256(canonical(said)).hexdigest()
