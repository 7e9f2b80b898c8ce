"""Sessions: who is signed in, from where, until when. Ids are stored as hashes only (promise 18).

A session counts while it is not ended, not idle too long, not too old, and its person is allowed to be here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, select, update

from docvault.credentials.tokens import new_token, token_hash
from docvault.database import people
from docvault.database.engine import Transaction
from docvault.database.people import PersonRow, PersonState
from docvault.database.tables import sessions
from docvault.policy.numbers import Sessions
from docvault.policy.vocabulary import Acting, Role
from docvault.values import NotFound, PersonId, SessionId, new_id

FULL = "full"
ENROL = "enrol"  # may only enrol a second factor
TOUCH = timedelta(seconds=60)  # how exact "last seen" is: a write per minute, not per request
USER_AGENT = 300  # characters kept
ADDRESS = 60  # characters kept


# Every request asks this: built once, because building costs as much as asking.
_BY_TOKEN = select(sessions).where(sessions.c.token_hash == bindparam("hash"), sessions.c.ended_at.is_(None))


@dataclass(frozen=True, slots=True)
class Source:
    """Where a request comes from: the true peer's address and what its browser calls itself."""

    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just made. token and csrf are secrets for the browser; nobody can read them again."""

    token: str
    csrf: str
    kind: str  # full | enrol
    expires_at: datetime
    acting: Acting


@dataclass(frozen=True, slots=True)
class LiveSession:
    acting: Acting
    csrf_hash: bytes
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


def start(
    tx: Transaction, person: PersonRow, *, kind: str, factors: str, source: Source, now: datetime
) -> NewSession:
    """Make a session with fresh secrets. factors: what was proven, e.g. password+totp."""
    token, csrf, session_id = new_token(), new_token(), SessionId(new_id())
    expires_at = now + _life(tx.policy.numbers.sessions, person.role, kind)
    address, user_agent = source.address[:ADDRESS], source.user_agent[:USER_AGENT]
    tx.connection.execute(
        insert(sessions).values(
            id=session_id,
            token_hash=token_hash(token),
            csrf_hash=token_hash(csrf),
            person_id=person.id,
            kind=kind,
            factors=factors,
            created_at=now,
            seen_at=now,
            expires_at=expires_at,
            address=address,
            user_agent=user_agent,
        )
    )
    acting = _acting(tx, person, session_id, kind, factors, Source(address, user_agent))
    return NewSession(token, csrf, kind, expires_at, acting)


def live(tx: Transaction, token: str, source: Source, now: datetime) -> LiveSession | None:
    """Return the session of a token if it counts at `now`, else None. source: of this request."""
    row = tx.connection.execute(_BY_TOKEN, {"hash": token_hash(token)}).one_or_none()
    if row is None or row.expires_at <= now:
        return None
    person = people.by_id(tx, PersonId(row.person_id))
    if person is None or not _welcome(person, row.kind):
        return None
    if row.seen_at + _idle(tx.policy.numbers.sessions, person.role) <= now:
        return None
    acting = _acting(tx, person, SessionId(row.id), row.kind, row.factors, source)
    return LiveSession(acting, row.csrf_hash, row.created_at, row.seen_at, row.expires_at)


def touch(tx: Transaction, session_id: SessionId, now: datetime) -> None:
    """Note that the session was used."""
    tx.connection.execute(update(sessions).where(sessions.c.id == session_id).values(seen_at=now))


def rotate(tx: Transaction, acting: Acting) -> str:
    """Give the session a new token and return it; the old one ends. Raises NotFound after its end."""
    token = new_token()
    alive = update(sessions).where(sessions.c.id == acting.session_id, sessions.c.ended_at.is_(None))
    if tx.connection.execute(alive.values(token_hash=token_hash(token))).rowcount != 1:
        raise NotFound
    return token


def started_at(tx: Transaction, acting: Acting) -> datetime | None:
    """Return when this session was made, or None if it has ended."""
    chosen = select(sessions.c.created_at).where(
        sessions.c.id == acting.session_id, sessions.c.ended_at.is_(None)
    )
    return tx.connection.execute(chosen).scalar_one_or_none()


def end(tx: Transaction, session_id: SessionId, now: datetime) -> bool:
    """End one session; False if it had ended before."""
    alive = update(sessions).where(sessions.c.id == session_id, sessions.c.ended_at.is_(None))
    return tx.connection.execute(alive.values(ended_at=now)).rowcount == 1


def end_all(tx: Transaction, person_id: PersonId, now: datetime) -> int:
    """End every session of a person; return how many there were."""
    alive = update(sessions).where(sessions.c.person_id == person_id, sessions.c.ended_at.is_(None))
    return tx.connection.execute(alive.values(ended_at=now)).rowcount


def _welcome(person: PersonRow, kind: str) -> bool:
    """An active person may do everything; an invited one may only enrol (promise 15)."""
    return person.state == PersonState.ACTIVE or (person.state == PersonState.INVITED and kind == ENROL)


def _life(rules: Sessions, role: Role, kind: str) -> timedelta:
    if kind == ENROL:
        return timedelta(minutes=rules.enrol_minutes)
    administrator = role == Role.ADMINISTRATOR
    return timedelta(hours=rules.administrator_absolute_hours if administrator else rules.absolute_hours)


def _idle(rules: Sessions, role: Role) -> timedelta:
    administrator = role == Role.ADMINISTRATOR
    return timedelta(minutes=rules.administrator_idle_minutes if administrator else rules.idle_minutes)


def _acting(
    tx: Transaction, person: PersonRow, session_id: SessionId, kind: str, factors: str, source: Source
) -> Acting:
    clients = people.clients_of(tx, [person.id]) if person.role == Role.ACCOUNT_MANAGER else {}
    return Acting(
        person_id=person.id,
        organisation_id=person.organisation_id,
        role=person.role,
        clients=clients.get(person.id, frozenset()),
        session_id=session_id,
        session_kind=kind,
        factors=factors,
        name=person.name,
        email=person.email,
        address=source.address,
        user_agent=source.user_agent,
    )
