"""Whoever is invited: somebody new, or somebody who was asked to sign without an account and now gets one."""

from datetime import datetime

from docvault.database import outsiders, people, roles
from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.database.organisations import OrganisationRow
from docvault.database.people import PersonState
from docvault.policy.vocabulary import Acting, Role
from docvault.rules.people import PersonRefused
from docvault.values import PersonId


def add(
    tx: Transaction,
    records: Records,
    acting: Acting,
    home: OrganisationRow,
    *,
    role: Role,
    email: str,
    name: str,
    now: datetime,
) -> PersonId:
    """Return who is invited; somebody who signed here before keeps what they signed, and their factor.

    Raises AlreadyKnown, and PersonRefused for somebody who was locked out.
    """
    known = people.by_email(tx, email)
    if known is None or known.role is not Role.OUTSIDER:
        return people.add(
            tx, organisation_id=home.id, email=email, name=name, role=role, by=acting.person_id, now=now
        )
    if known.state not in {PersonState.INVITED, PersonState.ACTIVE}:
        raise PersonRefused("They signed here before and were locked out. Let them in again first.")
    roles.give(tx, records, known, role, home, by=acting, now=now)
    people.rename(tx, known.id, email=email, name=name)
    outsiders.owe_nothing(tx, known.id)
    return known.id
