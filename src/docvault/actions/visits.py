"""What a guest does: say who they are, see what they themselves sent, leave. Sending is in uploads.py.

Opening the link reads and consumes nothing (promise 38): a visit begins when somebody says who they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.credentials.passwords import Hasher
from docvault.credentials.refusals import Throttled
from docvault.database import audit, file_requests, throttles, visits
from docvault.database.engine import Database
from docvault.database.file_requests import FileRequestRow
from docvault.database.sessions import Source
from docvault.database.visits import SentFile
from docvault.policy.vocabulary import Guest
from docvault.rules import requests as rules
from docvault.rules.requests import AccessCodeWrong


@dataclass(frozen=True, slots=True)
class VisitView:
    """A request as its guest sees it."""

    title: str
    message: str
    maker_name: str
    maker_organisation: str
    ends_at: datetime
    files_left: int
    bytes_left: int
    guest_name: str
    sent: Sequence[SentFile]
    under_way: int  # files that have begun and not arrived


def open_visit(
    db: Database,
    hasher: Hasher,
    *,
    token: str,
    name: str,
    email: str,
    code: str,
    source: Source,
    now: datetime,
) -> str:
    """Begin a visit and return the token of its browser, a secret for its cookie.

    Raises GuestInvalid, Throttled, LinkRefused (one answer for every link that leads nowhere, promise 39),
    AccessCodeWrong or TooBusy, tried in that order.
    """
    known, address = rules.guest(name, email)
    with db.transaction() as tx:
        limits = tx.policy.numbers.passwords.throttle
        wait = throttles.take(tx, throttles.visits(limits, source.address), now)
    if wait:
        raise Throttled(wait)
    with db.reading() as tx:
        request = file_requests.of_link(tx, token, now)
    _check_code(db, hasher, request, code, now)
    with db.transaction() as tx:
        request = file_requests.of_link(tx, token, now)  # it may have been closed while the code was hashed
        _maker, folder = file_requests.lent(tx, request, now)
        visit_id, secret = visits.start(tx, request.id, name=known, email=address, now=now)
        audit.append(
            tx,
            Kind.FILE_REQUEST_OPENED,
            at=now,
            object_type="request",
            object_id=request.id,
            organisation_id=folder.organisation_id,
            facts={"code": request.code_hash is not None, "folder": folder.id, "visit": visit_id},
            private={
                "person": known,
                "email": address,
                "title": request.title,
                "address": source.address,
                "user_agent": source.user_agent,
            },
        )
    return secret


def recognise(db: Database, *, token: str, source: Source, now: datetime) -> Guest | None:
    """Return whose visit a cookie belongs to, while it lasts."""
    with db.reading() as tx:
        return visits.live(tx, token, address=source.address, user_agent=source.user_agent, now=now)


def show_visit(db: Database, *, acting: Guest, now: datetime) -> VisitView:
    """Return the request and what this guest sent; nothing else is theirs. Raises LinkRefused."""
    with db.reading() as tx:
        request = file_requests.by_id(tx, acting.request_id)
        file_requests.lent(tx, request, now)
        over = request.closed_at is not None or request.ends_at <= now
        return VisitView(
            title=request.title,
            message=request.message,
            maker_name=request.maker_name,
            maker_organisation=request.maker_organisation,
            ends_at=request.ends_at,
            files_left=0 if over else max(0, request.most_files - request.files),
            bytes_left=max(0, request.most_bytes - request.bytes),
            guest_name=acting.name,
            sent=visits.sent(tx, acting.visit_id),
            under_way=visits.under_way(tx, acting.visit_id),
        )


def end_visit(db: Database, *, acting: Guest, now: datetime) -> None:
    """End one's visit: this browser sees nothing of it any more."""
    with db.transaction() as tx:
        visits.end(tx, acting.visit_id, now)


def _check_code(db: Database, hasher: Hasher, request: FileRequestRow, code: str, now: datetime) -> None:
    """Count the try before it is judged, and give it back when it was right."""
    if request.code_hash is None:
        return
    with db.transaction() as tx:
        bucket = throttles.access_code(tx.policy.numbers.passwords.throttle, request.id)
        wait = throttles.take(tx, bucket, now)
    if wait:
        raise Throttled(wait)
    if not hasher.verify(request.code_hash, rules.plain_code(code)).right:
        raise AccessCodeWrong
    with db.transaction() as tx:
        throttles.give_back(tx, bucket, now)
