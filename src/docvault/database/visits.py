"""Visits of guests: a browser that came by the link of a request, and what it sent. Nothing else of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update

from docvault.credentials.tokens import new_token, token_hash
from docvault.database.engine import PAGE_MOST, Transaction
from docvault.database.tables import documents, file_requests, uploads, versions, visits
from docvault.policy.vocabulary import Guest
from docvault.values import new_id


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file of this visit that arrived, as its guest may know it."""

    name: str
    size: int  # bytes
    sha256: str  # lower-case hex
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit as whoever asked for the files may know it."""

    request_id: str
    name: str  # as the guest says; nobody has checked it
    email: str  # the same
    began_at: datetime
    files: int  # that arrived
    bytes: int


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
    """Return what arrived in a visit, in its order. The way leads by uploads: indexed."""
    chosen = (
        select(documents.c.name, versions.c.size, versions.c.sha256, versions.c.created_at.label("sent_at"))
        .join_from(uploads, versions, uploads.c.version_id == versions.c.id)
        .join(documents, versions.c.document_id == documents.c.id)
        .where(uploads.c.visit_id == visit_id, uploads.c.finished_at.is_not(None))
        .order_by(versions.c.created_at, versions.c.id)
    )
    return [SentFile(**row) for row in tx.connection.execute(chosen).mappings()]


def under_way(tx: Transaction, visit_id: str) -> int:
    """Return how many files of a visit have begun and not arrived."""
    unfinished = (uploads.c.visit_id == visit_id, uploads.c.finished_at.is_(None))
    return tx.connection.execute(select(func.count()).where(*unfinished)).scalar_one()


def of_folder(tx: Transaction, folder_id: str) -> Sequence[VisitRow]:
    """Return the newest visits by all requests of a folder; who may know them was asked before."""
    arrived = (uploads.c.visit_id == visits.c.id) & uploads.c.finished_at.is_not(None)
    chosen = (
        select(
            visits.c.request_id,
            visits.c.name,
            visits.c.email,
            visits.c.created_at.label("began_at"),
            func.count(uploads.c.id).label("files"),
            func.coalesce(func.sum(uploads.c.size), 0).label("bytes"),
        )
        .join_from(visits, file_requests, visits.c.request_id == file_requests.c.id)
        .outerjoin(uploads, arrived)
        .where(file_requests.c.folder_id == folder_id)
        .group_by(visits.c.id)
        .order_by(visits.c.created_at.desc(), visits.c.id)
        .limit(PAGE_MOST)
    )
    return [
        VisitRow(**{**row, "bytes": int(row["bytes"])}) for row in tx.connection.execute(chosen).mappings()
    ]
