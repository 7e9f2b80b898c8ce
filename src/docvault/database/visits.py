"""Visits of guests: a browser that came by the link of a request, and what it sent. Nothing else of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from docvault.credentials.tokens import new_token, token_hash
from docvault.database.engine import Transaction
from docvault.database.tables import documents, file_requests, versions, visits
from docvault.policy.vocabulary import Guest
from docvault.values import new_id


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file of this visit that arrived, as its guest may know it."""

    name: str
    size: int  # bytes
    sha256: str  # lower-case hex
    sent_at: datetime


def start(tx: Transaction, request_id: str, *, name: str, email: str, now: datetime) -> tuple[str, str]:
    """Begin a visit and return its id and the token of its browser, a secret for its cookie."""
    visit_id, token = new_id(), new_token()
    tx.connection.execute(
        insert(visits).values(
            id=visit_id,
            request_id=request_id,
            token_hash=token_hash(token),
            name=name,
            email=email,
            created_at=now,
            expires_at=now + timedelta(hours=tx.policy.numbers.uploads.visit_hours),
        )
    )
    return visit_id, token


def live(tx: Transaction, token: str, *, address: str, user_agent: str, now: datetime) -> Guest | None:
    """Return whose visit a cookie belongs to, while it lasts."""
    chosen = (
        select(visits, file_requests.c.title)
        .join_from(visits, file_requests, visits.c.request_id == file_requests.c.id)
        .where(
            visits.c.token_hash == token_hash(token), visits.c.ended_at.is_(None), visits.c.expires_at > now
        )
    )
    row = tx.connection.execute(chosen).one_or_none()
    if row is None:
        return None
    return Guest(
        visit_id=row.id,
        request_id=row.request_id,
        request_title=row.title,
        name=row.name,
        email=row.email,
        address=address,
        user_agent=user_agent,
        at=now,
    )


def end(tx: Transaction, visit_id: str, now: datetime) -> bool:
    """End a visit; False if it had ended."""
    still = update(visits).where(visits.c.id == visit_id, visits.c.ended_at.is_(None))
    return tx.connection.execute(still.values(ended_at=now)).rowcount == 1


def first_to_tell(tx: Transaction, visit_id: str, now: datetime) -> bool:
    """Tell once whether the requester is still to be told of this visit."""
    untold = update(visits).where(visits.c.id == visit_id, visits.c.told_at.is_(None))
    return tx.connection.execute(untold.values(told_at=now)).rowcount == 1


def sent(tx: Transaction, visit_id: str) -> Sequence[SentFile]:
    """Return what arrived in a visit, in its order."""
    chosen = (
        select(documents.c.name, versions.c.size, versions.c.sha256, versions.c.created_at.label("sent_at"))
        .join_from(versions, documents, versions.c.document_id == documents.c.id)
        .where(versions.c.visit_id == visit_id, versions.c.state == "stored")
        .order_by(versions.c.created_at, versions.c.id)
    )
    return [SentFile(**row) for row in tx.connection.execute(chosen).mappings()]
