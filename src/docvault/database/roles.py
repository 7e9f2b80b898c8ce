"""What follows when somebody gets another role: where they belong, whom they look after, their sessions.

Who may give which role is decided by whoever calls.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from docvault.audit.kinds import Kind
from docvault.database import audit, challenges, notices, organisations, people, periods, sessions
from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.database.organisations import OrganisationRow
from docvault.database.people import PersonRow
from docvault.database.tables import memberships, portfolios
from docvault.policy.vocabulary import Acting, Role
from docvault.rules.notices import Notice
from docvault.values import OrganisationId


def give(
    tx: Transaction,
    records: Records,
    person: PersonRow,
    role: Role,
    home: OrganisationRow,
    *,
    by: Acting,
    now: datetime,
) -> None:
    """Give another role in `home`; sessions and tokens end, and memberships and clients that no longer fit.

    Whatever began under the old role must not go on under the new one (promise 18). The person is told.
    """
    people.lock(tx, person.id)
    people.set_role(tx, person, role, by=by.person_id, now=now)
    people.move(tx, person.id, home.id)
    stays = {home.id}
    if role is Role.CLIENT and person.role is Role.CLIENT:
        stays |= {each.organisation_id for each in _in_force(tx, memberships, person, now)}
    left = _finish(tx, memberships, person, stays, by, now)
    organisations.join(tx, by, person.id, home.id, now)
    kept = {each.organisation_id for each in _in_force(tx, portfolios, person, now)}
    dropped = _finish(tx, portfolios, person, kept if role is Role.ACCOUNT_MANAGER else set(), by, now)
    challenges.end_all(tx, person.id)
    ended = sessions.end_all(tx, person.id, now)
    audit.append(
        tx,
        Kind.PERSON_ROLE_CHANGED,
        at=now,
        acting=by,
        object_type="person",
        object_id=person.id,
        organisation_id=home.id,
        facts={
            "was": person.role.value,
            "role": role.value,
            "sessions_ended": ended,
            "memberships_ended": left,
            "clients_taken": dropped,
        },
        private={"person": person.name},
    )
    notices.tell(tx, records, person, Notice.ROLE_CHANGED, now)


def _in_force(tx: Transaction, table: Any, person: PersonRow, now: datetime) -> list[Any]:
    chosen = select(table).where(table.c.person_id == person.id, periods.in_force(table, now))
    return list(tx.connection.execute(chosen))


def _finish(
    tx: Transaction, table: Any, person: PersonRow, stays: set[OrganisationId], by: Acting, now: datetime
) -> int:
    """End every period of a person but those of the organisations that stay; return how many."""
    over = [row for row in _in_force(tx, table, person, now) if row.organisation_id not in stays]
    for row in over:
        what = {"person_id": person.id, "organisation_id": row.organisation_id}
        periods.finish(tx, table, what, by=by.person_id, now=now)
    return len(over)
