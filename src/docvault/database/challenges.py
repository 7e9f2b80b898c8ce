"""Challenges: a password was right, a factor is still owed. Good for nothing but giving it (promise 1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from docvault.credentials.tokens import new_token, token_hash
from docvault.database.engine import Transaction
from docvault.database.tables import challenges
from docvault.values import PersonId


@dataclass(frozen=True, slots=True)
class ChallengeRow:
    token_hash: bytes
    person_id: PersonId


def start(tx: Transaction, person_id: PersonId, now: datetime) -> str:
    """Make a challenge and return its token, a secret for this browser's cookie."""
    rules = tx.policy.numbers.sessions
    token = new_token()
    tx.connection.execute(delete(challenges).where(challenges.c.expires_at <= now))
    tx.connection.execute(
        insert(challenges).values(
            token_hash=token_hash(token),
            person_id=person_id,
            tries_left=rules.challenge_tries,
            expires_at=now + timedelta(minutes=rules.challenge_minutes),
        )
    )
    return token


def use_try(tx: Transaction, token: str, now: datetime) -> ChallengeRow | None:
    """Take one try from a challenge that still counts, or return None."""
    hashed = token_hash(token)
    counts = (challenges.c.token_hash == hashed, challenges.c.tries_left > 0, challenges.c.expires_at > now)
    taken = update(challenges).where(*counts).values(tries_left=challenges.c.tries_left - 1)
    if tx.connection.execute(taken).rowcount != 1:
        return None
    person_id = tx.connection.execute(
        select(challenges.c.person_id).where(challenges.c.token_hash == hashed)
    ).scalar_one()
    return ChallengeRow(hashed, PersonId(person_id))


def spend(tx: Transaction, challenge: ChallengeRow) -> bool:
    """Remove a challenge that was answered; False if another request was faster."""
    gone = delete(challenges).where(challenges.c.token_hash == challenge.token_hash)
    return tx.connection.execute(gone).rowcount == 1


def end_all(tx: Transaction, person_id: PersonId) -> None:
    """Remove every challenge of a person."""
    tx.connection.execute(delete(challenges).where(challenges.c.person_id == person_id))
