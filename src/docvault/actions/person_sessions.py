"""Signing other people out: one person, or everybody at once (ASVS 7.4.5)."""

from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, challenges, enrolments, notices, people, sessions, step_ups
from docvault.database.engine import Database
from docvault.database.messages import Records
from docvault.database.people import PersonState
from docvault.policy.vocabulary import PORTAL, Acting, Permission
from docvault.rules import deeds
from docvault.rules.notices import Notice
from docvault.rules.people import PersonRefused
from docvault.values import PersonId

STEP_UP = Permission.PERSON_CHANGE.value  # the purpose of the proof asked for here
EVERYBODY = deeds.digest("end everybody's sessions")


def end_persons_sessions(
    db: Database, records: Records, *, acting: Acting, person_id: PersonId, now: datetime
) -> int:
    """End every session, token and half sign-in of a person, and tell them; return how many there were.

    Raises Forbidden, NotFound, or PersonRefused for oneself: one's own are on the page of one's account.
    """
    with db.transaction() as tx:
        person = people.for_changing(tx, acting, person_id)
        if person.id == acting.person_id:
            raise PersonRefused("Your own sessions are on the page of your account.")
        enrolments.end_tries(tx, person.id)
        ended = sessions.end_all(tx, person.id, now)
        audit.append(
            tx,
            Kind.SESSIONS_REVOKED,
            at=now,
            acting=acting,
            object_type="person",
            object_id=person.id,
            organisation_id=person.organisation_id,
            facts={"count": ended, "why": "by an administrator"},
            private={"person": person.name},
        )
        if ended and person.state == PersonState.ACTIVE:
            notices.tell(tx, records, person, Notice.SESSIONS_ENDED, now)
    return ended


def end_everybodys_sessions(db: Database, *, acting: Acting, step_up_id: str, now: datetime) -> int:
    """End every session, token and half sign-in there is but the one that acts; return how many there were.

    step_up_id: a proof for `person:change` on `EVERYBODY`. Raises Forbidden, StepUpInvalid.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.PERSON_CHANGE, PORTAL)
        step_ups.spend(tx, acting, step_up_id, STEP_UP, EVERYBODY, now)
        challenges.end_everybodys(tx)
        ended = sessions.end_everybodys(tx, acting, now)
        audit.append(
            tx,
            Kind.SESSIONS_REVOKED,
            at=now,
            acting=acting,
            facts={"count": ended, "why": "everybody, by an administrator"},
            private={"person": "everybody"},
        )
    return ended
