"""API tokens: sessions of a program, with a name, scopes and an end. Only the secret's hash is kept.

What they may do is decided like everything else: the owner's rights of that moment, within the scopes.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, update

from docvault.credentials.tokens import new_api_token, new_token, token_hash
from docvault.database.engine import Transaction
from docvault.database.sessions import ADDRESS, TOKEN, USER_AGENT
from docvault.database.tables import people, sessions
from docvault.policy.vocabulary import Acting, Permission
from docvault.values import NotFound, PersonId, SessionId, new_id

FACTORS = "token"  # what a token's session was opened with


@dataclass(frozen=True, slots=True)
class TokenRow:
    id: SessionId
    person_id: PersonId
    email: str  # of its owner
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    seen_at: datetime | None  # None: never used
    expires_at: datetime
    warned_at: datetime | None


def add(
    tx: Transaction,
    acting: Acting,
    *,
    name: str,
    scopes: Sequence[Permission],
    expires_at: datetime,
    now: datetime,
) -> tuple[SessionId, str]:
    """Make a token of `acting`; return its id and the secret, which nobody can read again."""
    token_id, secret = SessionId(new_id()), new_api_token()
    tx.connection.execute(
        insert(sessions).values(
            id=token_id,
            token_hash=token_hash(secret),
            csrf_hash=token_hash(new_token()),  # of a secret nobody has: no page accepts a token
            person_id=acting.person_id,
            kind=TOKEN,
            factors=FACTORS,
            name=name,
            scopes=json.dumps([each.value for each in scopes]),
            created_at=now,
            seen_at=now,
            expires_at=expires_at,
            address=acting.address[:ADDRESS],
            user_agent=acting.user_agent[:USER_AGENT],
        )
    )
    return token_id, secret


def of_person(tx: Transaction, person_id: PersonId, now: datetime) -> list[TokenRow]:
    """Return the tokens of a person that are in force, newest first."""
    return _all(tx, _in_force(now).where(sessions.c.person_id == person_id))


def of_everybody(tx: Transaction, now: datetime) -> list[TokenRow]:
    """Return every token that is in force, newest first; the caller has checked who asks."""
    return _all(tx, _in_force(now))


def ending(tx: Transaction, now: datetime, before: datetime) -> list[TokenRow]:
    """Return the tokens of active people that end before a moment."""
    active = people.c.state == "active"
    return _all(tx, _in_force(now).where(sessions.c.expires_at <= before, active))


def count(tx: Transaction, person_id: PersonId, now: datetime) -> int:
    """Return how many tokens of a person are in force."""
    chosen = select(func.count()).select_from(sessions)
    mine = (sessions.c.person_id == person_id, sessions.c.kind == TOKEN)
    alive = chosen.where(*mine, sessions.c.ended_at.is_(None), sessions.c.expires_at > now)
    return tx.connection.execute(alive).scalar_one()


def find(tx: Transaction, token_id: str, now: datetime, owner: PersonId | None = None) -> TokenRow:
    """Return a token in force. owner: whose it must be, or anybody's. Raises NotFound."""
    wanted = _in_force(now).where(sessions.c.id == token_id)
    if owner is not None:
        wanted = wanted.where(sessions.c.person_id == owner)
    row = tx.connection.execute(wanted).one_or_none()
    if row is None:
        raise NotFound
    return _token(row)


def note_warning(tx: Transaction, token: TokenRow, now: datetime) -> bool:
    """Note that its owner was told that it ends; False if another worker was faster."""
    same = (
        sessions.c.warned_at.is_(None) if token.warned_at is None else sessions.c.warned_at == token.warned_at
    )
    mine = update(sessions).where(sessions.c.id == token.id, sessions.c.ended_at.is_(None), same)
    return tx.connection.execute(mine.values(warned_at=now)).rowcount == 1


def _in_force(now: datetime) -> Select[Any]:
    joined = sessions.join(people, people.c.id == sessions.c.person_id)
    alive = (sessions.c.kind == TOKEN, sessions.c.ended_at.is_(None), sessions.c.expires_at > now)
    return select(sessions, people.c.email).select_from(joined).where(*alive)


def _all(tx: Transaction, wanted: Select[Any]) -> list[TokenRow]:
    newest = wanted.order_by(sessions.c.created_at.desc(), sessions.c.id.desc())
    return [_token(row) for row in tx.connection.execute(newest)]


def _token(row: Row[Any]) -> TokenRow:
    return TokenRow(
        id=SessionId(row.id),
        person_id=PersonId(row.person_id),
        email=row.email,
        name=row.name,
        scopes=tuple(json.loads(row.scopes)),
        created_at=row.created_at,
        seen_at=row.seen_at if row.seen_at > row.created_at else None,
        expires_at=row.expires_at,
        warned_at=row.warned_at,
    )
