"""Challenges: a password was right, a factor is still owed. Good for nothing but giving it (promise 1)."""

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from docvault.credentials.tokens import new_token, token_hash
from docvault.database.engine import Transaction
from docvault.database.tables import challenges
from docvault.values import PersonId


def start(tx: Transaction, person_id: PersonId, now: datetime, proven: str = "password") -> str:
    """Make a challenge and return its token, a secret for this browser's cookie. proven: password | sso."""
    rules = tx.policy.numbers.sessions
    token = new_token()
    tx.connection.execute(delete(challenges).where(challenges.c.expires_at <= now))
    tx.connection.execute(
        insert(challenges).values(
            token_hash=token_hash(token),
            person_id=person_id,
            proven=proven,
            tries_left=rules.challenge_tries,
            expires_at=now + timedelta(minutes=rules.challenge_minutes),
        )
    )
    return token


def use_try(tx: Transaction, token: str, now: datetime) -> PersonId | None:
    """Take one try from a challenge that still counts and return whose it is, or None.

    The row stays locked for the rest of `tx`: two answers at the same moment are judged one after the other.
    """
    hashed = token_hash(token)
    counts = (challenges.c.token_hash == hashed, challenges.c.tries_left > 0, challenges.c.expires_at > now)
    taken = update(challenges).where(*counts).values(tries_left=challenges.c.tries_left - 1)
    if tx.connection.execute(taken).rowcount != 1:
        return None
    chosen = select(challenges.c.person_id).where(challenges.c.token_hash == hashed)
    return PersonId(tx.connection.execute(chosen).scalar_one())


def of_token(tx: Transaction, token: str, now: datetime) -> PersonId | None:
    """Return whose challenge this is, if it still counts; takes no try."""
    counts = (challenges.c.tries_left > 0, challenges.c.expires_at > now)
    chosen = select(challenges.c.person_id).where(challenges.c.token_hash == token_hash(token), *counts)
    found = tx.connection.execute(chosen).scalar_one_or_none()
    return None if found is None else PersonId(found)


def proven(tx: Transaction, token: str) -> str:
    """Return what was proven when the challenge was made: password or sso."""
    chosen = select(challenges.c.proven).where(challenges.c.token_hash == token_hash(token))
    return tx.connection.execute(chosen).scalar_one_or_none() or "password"


def spend(tx: Transaction, token: str) -> None:
    """Remove a challenge that was answered."""
    tx.connection.execute(delete(challenges).where(challenges.c.token_hash == token_hash(token)))


def end_all(tx: Transaction, person_id: PersonId) -> None:
    """Remove every challenge of a person."""
    tx.connection.execute(delete(challenges).where(challenges.c.person_id == person_id))


def end_everybodys(tx: Transaction) -> None:
    """Remove every challenge there is."""
    tx.connection.execute(delete(challenges))
