"""Sessions: who is signed in, from where, until when. Ids are stored as hashes only (promise 18).

A session counts while it is not ended, not idle too long, not too old, and its person is allowed to be here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, select, update

from docvault.credentials.tokens import new_token, token_hash
from docvault.database import acting, people, tables
from docvault.database.engine import Transaction
from docvault.database.people import PersonRow, PersonState
from docvault.database.tables import sessions
from docvault.policy.numbers import Sessions
from docvault.policy.vocabulary import ANYTHING, Acting, Role
from docvault.rules import origins
from docvault.values import NotFound, PersonId, SessionId, new_id

FULL = "full"
ENROL = "enrol"  # may only enrol a second factor
TOKEN = "token"  # noqa: S105 - a kind of session: a program's
IN_PERSON = "in-person"  # of somebody who signs one envelope at the device of their host
TOUCH = timedelta(seconds=60)  # how exact "last seen" is: a write per minute, not per request
STRICT = frozenset({Role.ADMINISTRATOR, Role.COMPLIANCE_OFFICER})  # whose sessions are the shorter ones
USER_AGENT = 300  # characters kept
ADDRESS = 60  # characters kept


@dataclass(frozen=True, slots=True)
class Source:
    """Where a request comes from: the true peer's address and what its browser calls itself.

    devices: the secrets of device cookies that this browser holds (devices.py).
    """

    address: str
    user_agent: str
    devices: tuple[str, ...] = field(default=(), repr=False)

    @property
    def place(self) -> str:
        """Browser and address in one line, for a notice."""
        return origins.place(self.user_agent, self.address)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just made. token and csrf are secrets for the browser; nobody can read them again.

    device: the secret by which this browser is known the next time, where it is new.
    """

    token: str
    csrf: str
    kind: str  # full | enrol
    expires_at: datetime
    acting: Acting
    device: str | None = None


@dataclass(frozen=True, slots=True)
class LiveSession:
    acting: Acting
    csrf_hash: bytes
    device_id: str | None
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


def start(
    tx: Transaction,
    person: PersonRow,
    *,
    kind: str,
    factors: str,
    source: Source,
    now: datetime,
    device_id: str | None = None,
    scopes: frozenset[str] = ANYTHING,
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
            device_id=device_id,
            created_at=now,
            seen_at=now,
            expires_at=expires_at,
            address=address,
            user_agent=user_agent,
            scopes=None if scopes == ANYTHING else json.dumps(sorted(scopes)),
        )
    )
    who = acting.of(
        tx,
        person,
        at=now,
        session_id=session_id,
        session_kind=kind,
        factors=factors,
        address=address,
        user_agent=user_agent,
        scopes=scopes,
    )
    return NewSession(token, csrf, kind, expires_at, who)


def live(tx: Transaction, token: str, source: Source, now: datetime) -> LiveSession | None:
    """Return the session of a token if it counts at `now`, else None. source: of this request."""
    row = tx.connection.execute(_BY_TOKEN, {"hash": token_hash(token)}).one_or_none()
    if row is None or row.expires_at <= now:
        return None
    person = people.person_of(row)
    if not _welcome(person, row.session_kind):
        return None
    if row.session_kind == FULL and not proven_enough(tx.policy.numbers.sessions, person.role, row.factors):
        return None
    if row.session_kind != TOKEN and row.seen_at + _idle(tx.policy.numbers.sessions, person.role) <= now:
        return None
    who = acting.of(
        tx,
        person,
        at=now,
        session_id=SessionId(row.session_id),
        session_kind=row.session_kind,
        factors=row.factors,
        address=source.address,
        user_agent=source.user_agent,
        scopes=ANYTHING if row.scopes is None else frozenset(json.loads(row.scopes)),
    )
    if (
        person.role is not Role.OUTSIDER and not who.organisations
    ):  # removed from the last organisation, or a membership that ran out (promise 15)
        return None
    return LiveSession(who, row.csrf_hash, row.device_id, row.started_at, row.seen_at, row.expires_at)


def touch(tx: Transaction, session_id: SessionId, now: datetime) -> None:
    """Note that the session was used."""
    tx.connection.execute(update(sessions).where(sessions.c.id == session_id).values(seen_at=now))


def rotate(tx: Transaction, who: Acting) -> str:
    """Give the session a new token and return it; the old one ends. Raises NotFound after its end."""
    token = new_token()
    alive = update(sessions).where(sessions.c.id == who.session_id, sessions.c.ended_at.is_(None))
    if tx.connection.execute(alive.values(token_hash=token_hash(token))).rowcount != 1:
        raise NotFound
    return token


def started_at(tx: Transaction, who: Acting) -> datetime | None:
    """Return when this session was made, or None if it has ended."""
    chosen = select(sessions.c.created_at).where(
        sessions.c.id == who.session_id, sessions.c.ended_at.is_(None)
    )
    return tx.connection.execute(chosen).scalar_one_or_none()


def end(tx: Transaction, session_id: SessionId, now: datetime) -> bool:
    """End one session; False if it had ended before."""
    alive = update(sessions).where(sessions.c.id == session_id, sessions.c.ended_at.is_(None))
    return tx.connection.execute(alive.values(ended_at=now)).rowcount == 1


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A live session as its owner sees it."""

    id: SessionId
    kind: str
    factors: str
    device_id: str | None
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    user_agent: str


def of_person(tx: Transaction, person: PersonRow, now: datetime) -> Sequence[SessionRow]:
    """Return every session that counts at `now`, last seen first; programs' tokens are not among them."""
    rested = now - _idle(tx.policy.numbers.sessions, person.role)
    counts = (
        sessions.c.person_id == person.id,
        sessions.c.kind != TOKEN,
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > now,
        sessions.c.seen_at > rested,
    )
    chosen = select(*(sessions.c[name] for name in SessionRow.__slots__)).where(*counts)
    rows = tx.connection.execute(chosen.order_by(sessions.c.seen_at.desc(), sessions.c.id))
    return [SessionRow(*row) for row in rows]


def crowd_out(tx: Transaction, person: PersonRow, now: datetime) -> Sequence[SessionId]:
    """End the oldest full sessions beyond those a person may have at once, and return which (ASVS 7.1.2)."""
    live = [session for session in of_person(tx, person, now) if session.kind == FULL]
    newest = sorted(live, key=lambda session: (session.created_at, session.seen_at), reverse=True)
    beyond = [session.id for session in newest[tx.policy.numbers.sessions.at_once :]]
    for session_id in beyond:
        end(tx, session_id, now)
    return beyond


def end_others(tx: Transaction, who: Acting, now: datetime) -> int:
    """End every session and token of a person but the one that acts; return how many there were."""
    others = update(sessions).where(
        sessions.c.person_id == who.person_id, sessions.c.id != who.session_id, sessions.c.ended_at.is_(None)
    )
    return tx.connection.execute(others.values(ended_at=now)).rowcount


def end_everybodys(tx: Transaction, who: Acting, now: datetime) -> int:
    """End every session and token there is but the one that acts; return how many there were."""
    others = update(sessions).where(sessions.c.id != who.session_id, sessions.c.ended_at.is_(None))
    return tx.connection.execute(others.values(ended_at=now)).rowcount


def end_all(tx: Transaction, person_id: PersonId, now: datetime) -> int:
    """End every session of a person; return how many there were."""
    alive = update(sessions).where(sessions.c.person_id == person_id, sessions.c.ended_at.is_(None))
    return tx.connection.execute(alive.values(ended_at=now)).rowcount


def proven_enough(rules: Sessions, role: Role, factors: str) -> bool:
    """Tell whether these factors let somebody of this role in: some roles must use a passkey (promise 2)."""
    return role not in rules.passkey_roles or "passkey" in factors.split("+")


def end_all_by_sign_on(tx: Transaction, who: Acting, now: datetime) -> int:
    """End every session that an identity provider opened for this person, except the one that asks."""
    opened = (sessions.c.person_id == who.person_id, sessions.c.factors.startswith("sso"))
    others = update(sessions).where(*opened, sessions.c.id != who.session_id, sessions.c.ended_at.is_(None))
    return tx.connection.execute(others.values(ended_at=now)).rowcount


def _welcome(person: PersonRow, kind: str) -> bool:
    """An active person may do everything; an invited one may only enrol, or sign in person (promise 15).

    Somebody who got an account since signs in to it.
    """
    if kind == IN_PERSON and person.role is not Role.OUTSIDER:
        return False
    invited = person.state == PersonState.INVITED and kind in {ENROL, IN_PERSON}
    return person.state == PersonState.ACTIVE or invited


def _life(rules: Sessions, role: Role, kind: str) -> timedelta:
    if kind == ENROL:
        return timedelta(minutes=rules.enrol_minutes)
    if kind == IN_PERSON:
        return timedelta(minutes=rules.in_person_minutes)
    return timedelta(hours=rules.administrator_absolute_hours if role in STRICT else rules.absolute_hours)


def _idle(rules: Sessions, role: Role) -> timedelta:
    return timedelta(minutes=rules.administrator_idle_minutes if role in STRICT else rules.idle_minutes)


# Every request asks this: one question for session and person, built once because building costs as much.
_BY_TOKEN = (
    people.PEOPLE.join(sessions, sessions.c.person_id == tables.people.c.id)
    .add_columns(
        sessions.c.id.label("session_id"),
        sessions.c.kind.label("session_kind"),
        sessions.c.created_at.label("started_at"),
        *(
            sessions.c[name]
            for name in ("csrf_hash", "factors", "device_id", "scopes", "seen_at", "expires_at")
        ),
    )
    .where(sessions.c.token_hash == bindparam("hash"), sessions.c.ended_at.is_(None))
)
