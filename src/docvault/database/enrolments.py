"""What every new second factor needs before it and brings with it, whichever it is."""

from datetime import datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.credentials.refusals import NotFresh
from docvault.database import (
    arrivals,
    audit,
    challenges,
    devices,
    factors,
    invitations,
    passkeys,
    people,
    sessions,
)
from docvault.database.engine import Transaction
from docvault.database.people import PersonRow, PersonState
from docvault.database.sessions import ENROL, FULL, NewSession, Source
from docvault.policy.vocabulary import PORTAL, Acting, Permission
from docvault.values import PersonId


def may_change(tx: Transaction, acting: Acting, now: datetime) -> PersonRow:
    """Return the person, locked, if their factors may be changed in this session (promise 5).

    Raises Forbidden, and NotFresh for an old or ended session and for a person who may not be here.
    """
    if acting.session_kind != ENROL:
        tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
    people.lock(tx, acting.person_id)  # or one who is disabled at this moment would be made active after all
    person = people.by_id(tx, acting.person_id)
    if person is None or person.state not in {PersonState.INVITED, PersonState.ACTIVE}:
        raise NotFresh
    if not is_fresh(tx, acting, now):
        raise NotFresh
    return person


def is_fresh(tx: Transaction, acting: Acting, now: datetime) -> bool:
    """Tell whether the session may change factors: one made for it, or one that began just now."""
    started = sessions.started_at(tx, acting)
    fresh = timedelta(minutes=tx.policy.numbers.sessions.fresh_minutes)
    return started is not None and (acting.session_kind == ENROL or now - started <= fresh)


def adopt(
    tx: Transaction, acting: Acting, person: PersonRow, factor: str, now: datetime
) -> tuple[list[str], NewSession]:
    """Do what follows from a proven factor; return recovery codes and a full session under a fresh token.

    An invited person becomes active; every other session and challenge ends.
    """
    codes = factors.issue_recovery_codes(tx, person.id)
    joined = person.state == PersonState.INVITED
    if joined:
        people.set_state(tx, person, PersonState.ACTIVE, by=person.id, now=now)
        invitations.void(tx, person.id, now)
    device_id = devices.of_session(tx, acting.session_id)
    sessions.end_all(tx, person.id, now)
    end_tries(tx, person.id)
    first = next((way for way in ("sso", "mail") if acting.factors.startswith(way)), "password")
    proven = f"{first}+{factor}" if acting.session_kind == ENROL else acting.factors
    source = Source(acting.address, acting.user_agent)
    if device_id is None:
        session = arrivals.welcome(tx, person, factors=proven, source=source, now=now)
    else:
        session = sessions.start(
            tx, person, kind=FULL, factors=proven, source=source, now=now, device_id=device_id
        )
    if joined:
        note(tx, Kind.PERSON_JOINED, session.acting, now, role=person.role.value)
    note(tx, Kind.FACTOR_ENROLLED, session.acting, now, factor=factor, after=acting.factors)
    note(tx, Kind.RECOVERY_CODES_ISSUED, session.acting, now, count=len(codes))
    return codes, session


def put_others_out(tx: Transaction, acting: Acting, now: datetime) -> int:
    """End every other session, and what is between two factors, after a factor is gone (ASVS 6.5.6)."""
    end_tries(tx, acting.person_id)
    return sessions.end_others(tx, acting, now)


def end_tries(tx: Transaction, person_id: PersonId) -> None:
    """End what is between a password and a factor."""
    challenges.end_all(tx, person_id)
    passkeys.end_ceremonies(tx, person_id)


def note(tx: Transaction, kind: Kind, acting: Acting, now: datetime, **facts: str | int) -> None:
    """Record something about one's own factors."""
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="person",
        object_id=acting.person_id,
        organisation_id=acting.organisation_id,
        facts=facts,
    )
