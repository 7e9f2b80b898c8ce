"""One's own sessions and known devices: seeing them all, ending any, forgetting a device (ASVS 7.5.2).

Ending another session takes one fresh factor: a thief with an open browser must not put the owner out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, devices, people, sessions, step_ups
from docvault.database.engine import Database, Transaction
from docvault.database.people import PersonRow
from docvault.database.sessions import FULL, SessionRow, Source
from docvault.policy.vocabulary import PORTAL, Acting, Permission
from docvault.rules import deeds, origins
from docvault.rules.people import PersonRefused
from docvault.values import NotFound, SessionId

STEP_UP = Permission.ACCOUNT_CHANGE.value  # the purpose of the proofs asked for here
OTHERS = deeds.digest("end my other sessions")


@dataclass(frozen=True, slots=True)
class OwnSession:
    """browser and network are plain words; unfinished: it may only set up a second factor."""

    id: SessionId
    browser: str
    address: str
    network: str
    factors: str
    unfinished: bool
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class OwnDevice:
    id: str
    browser: str
    address: str
    network: str
    first_seen_at: datetime
    seen_at: datetime
    current: bool


def digest_of(session_id: str) -> str:
    """Return what a proof for ending one session names."""
    return deeds.digest("end the session", session_id)


def list_sessions(db: Database, *, acting: Acting, now: datetime) -> Sequence[OwnSession]:
    """Return every session of one's own that counts, this one first. Raises Forbidden."""
    with db.reading() as tx:
        found = [_session(row, acting) for row in _mine(tx, acting, now)]
    return sorted(found, key=lambda session: not session.current)


def list_devices(db: Database, *, acting: Acting, source: Source) -> Sequence[OwnDevice]:
    """Return every browser that is known for one's own, last seen first. Raises Forbidden."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
        here = devices.known(tx, acting.person_id, source)
        return [
            OwnDevice(
                id=device.id,
                browser=origins.browser(device.user_agent),
                address=device.address,
                network=origins.network(device.address),
                first_seen_at=device.first_seen_at,
                seen_at=device.seen_at,
                current=here is not None and here.id == device.id,
            )
            for device in devices.of_person(tx, acting.person_id)
        ]


def show_session(db: Database, *, acting: Acting, session_id: str, now: datetime) -> OwnSession:
    """Return one session of one's own that counts. Raises Forbidden, NotFound."""
    with db.reading() as tx:
        return _session(_one(tx, acting, session_id, now), acting)


def end_session(db: Database, *, acting: Acting, session_id: str, step_up_id: str, now: datetime) -> None:
    """End another session of one's own.

    step_up_id: a proof for `account:change` on `digest_of(session_id)`.
    Raises Forbidden, NotFound, PersonRefused for the session that asks, StepUpInvalid; tried in that order.
    """
    with db.transaction() as tx:
        row = _one(tx, acting, session_id, now)
        if row.id == acting.session_id:
            raise PersonRefused("This is the session you are using. Sign out instead.")
        step_ups.spend(tx, acting, step_up_id, STEP_UP, digest_of(session_id), now)
        sessions.end(tx, row.id, now)
        _note(tx, Kind.SESSION_REVOKED, acting, now, session=row.id, why="by its owner")


def end_other_sessions(db: Database, *, acting: Acting, step_up_id: str, now: datetime) -> int:
    """End every session of one's own but this one; return how many there were. Programs' tokens go on.

    step_up_id: a proof for `account:change` on `OTHERS`. Raises Forbidden, StepUpInvalid.
    """
    with db.transaction() as tx:
        others = [row.id for row in _mine(tx, acting, now) if row.id != acting.session_id]
        step_ups.spend(tx, acting, step_up_id, STEP_UP, OTHERS, now)
        for session_id in others:
            sessions.end(tx, session_id, now)
        _note(tx, Kind.SESSIONS_REVOKED, acting, now, count=len(others), why="by their owner")
    return len(others)


def forget_device(db: Database, *, acting: Acting, device_id: str, now: datetime) -> None:
    """Know a browser no more: its next sign-in is told as a new one. Raises Forbidden, NotFound."""
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
        if not devices.forget(tx, acting.person_id, now, device_id):
            raise NotFound
        _note(tx, Kind.DEVICE_FORGOTTEN, acting, now, device=device_id)


def _mine(tx: Transaction, acting: Acting, now: datetime) -> Sequence[SessionRow]:
    tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
    return sessions.of_person(tx, _person(tx, acting), now)


def _one(tx: Transaction, acting: Acting, session_id: str, now: datetime) -> SessionRow:
    found = next((row for row in _mine(tx, acting, now) if row.id == session_id), None)
    if found is None:
        raise NotFound
    return found


def _person(tx: Transaction, acting: Acting) -> PersonRow:
    person = people.by_id(tx, acting.person_id)
    if person is None:
        raise NotFound
    return person


def _session(row: SessionRow, acting: Acting) -> OwnSession:
    return OwnSession(
        id=row.id,
        browser=origins.browser(row.user_agent),
        address=row.address,
        network=origins.network(row.address),
        factors=row.factors,
        unfinished=row.kind != FULL,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        current=row.id == acting.session_id,
    )


def _note(tx: Transaction, kind: Kind, acting: Acting, now: datetime, **facts: str | int) -> None:
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="person",
        object_id=acting.person_id,
        organisation_id=acting.organisation_id,
        facts=facts,
        private={"person": acting.name},
    )
