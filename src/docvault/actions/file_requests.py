"""Asking guests for files: making a request with its link, seeing, extending and closing requests."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from docvault.audit.kinds import Kind
from docvault.credentials.passwords import Hasher
from docvault.database import audit, file_requests, folders, visits
from docvault.database.engine import Database, Transaction
from docvault.database.file_requests import FileRequestRow
from docvault.database.folders import FolderRow
from docvault.database.visits import VisitRow
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules import requests as rules
from docvault.rules.requests import RequestInvalid
from docvault.values import FolderId


@dataclass(frozen=True, slots=True)
class RequestView:
    id: str
    title: str
    message: str
    maker_name: str
    created_at: datetime
    ends_at: datetime
    closed_at: datetime | None
    has_code: bool
    most_files: int
    most_bytes: int
    files: int
    bytes: int
    state: str  # open | full | over | closed
    visits: Sequence[VisitRow]  # newest first


@dataclass(frozen=True, slots=True)
class RequestsView:
    folder_id: FolderId
    folder_name: str
    organisation_name: str
    requests: Sequence[RequestView]


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request that was just made. token and code are secrets that are shown this once."""

    id: str
    token: str
    code: str | None


def make_request(
    db: Database,
    hasher: Hasher,
    *,
    acting: Acting,
    folder_id: str,
    title: str,
    message: str,
    last_day: date,
    most_files: int,
    most_bytes: int,
    with_code: bool,
    now: datetime,
) -> NewRequest:
    """Let guests upload into a folder by a link until a day is over, with an access code if wanted.

    Raises NotFound, Forbidden, RequestInvalid or TooBusy, tried in that order.
    """
    with db.reading() as tx:
        _folder(tx, acting, folder_id)
        asked = rules.wanted(
            title=title,
            message=message,
            last_day=last_day,
            most_files=most_files,
            most_bytes=most_bytes,
            limits=tx.policy.numbers.uploads,
            now=now,
        )
    code = f"{secrets.randbelow(10**rules.CODE_DIGITS):0{rules.CODE_DIGITS}d}" if with_code else None
    hashed = hasher.hash(code) if code else None  # takes a while: no transaction is open
    with db.transaction() as tx:
        folder = _folder(tx, acting, folder_id)
        request_id, token = file_requests.add(tx, acting, folder, asked, hashed, now)
        facts = {
            "code": with_code,
            "ends_at": asked.ends_at.isoformat(),
            "most_bytes": asked.most_bytes,
            "most_files": asked.most_files,
        }
        _note(tx, Kind.FILE_REQUEST_MADE, acting, folder, request_id, asked.title, now, facts)
    return NewRequest(request_id, token, code)


def list_requests(db: Database, *, acting: Acting, folder_id: str, now: datetime) -> RequestsView:
    """Return the requests of a folder, newest first, and who came by them. Raises NotFound or Forbidden."""
    with db.reading() as tx:
        folder = _folder(tx, acting, folder_id)
        summary = folders.summary(tx, acting, folder)
        came = visits.of_folder(tx, folder.id)
        found = [_view(row, came, now) for row in file_requests.in_folder(tx, folder)]
        return RequestsView(folder.id, folder.name, summary.organisation_name, found)


def close_request(db: Database, *, acting: Acting, request_id: str, now: datetime) -> FolderId:
    """Close a request: its link and the visits by it end at once. Raises NotFound or Forbidden."""
    with db.transaction() as tx:
        request, folder = file_requests.for_managing(tx, acting, request_id)
        if file_requests.close(tx, request.id, now):
            facts = {"bytes": request.bytes, "files": request.files}
            _note(tx, Kind.FILE_REQUEST_CLOSED, acting, folder, request.id, request.title, now, facts)
        return folder.id


def extend_request(
    db: Database, *, acting: Acting, request_id: str, last_day: date, now: datetime
) -> FolderId:
    """Give a request another last day. Raises NotFound, Forbidden, or RequestInvalid for a closed one too."""
    with db.transaction() as tx:
        request, folder = file_requests.for_managing(tx, acting, request_id)
        ends_at = rules.end_of(last_day, tx.policy.numbers.uploads, now)
        if not file_requests.end_at(tx, request.id, ends_at):
            raise RequestInvalid("This request is closed. Please make another one.")
        facts = {"ends_at": ends_at.isoformat()}
        _note(tx, Kind.FILE_REQUEST_EXTENDED, acting, folder, request.id, request.title, now, facts)
        return folder.id


def _folder(tx: Transaction, acting: Acting, folder_id: str) -> FolderRow:
    """Return the folder if a link of this person could lead into it: it lends what they may do."""
    folder = folders.for_seeing(tx, acting, folder_id)
    tx.policy.require(acting, Permission.FOLDER_SHARE, folder.resource)
    tx.policy.require(acting, Permission.FOLDER_UPLOAD, folder.resource)
    return folder


def _view(row: FileRequestRow, came: Sequence[VisitRow], now: datetime) -> RequestView:
    state = "open" if row.is_open(now) else "full"
    if row.ends_at <= now:
        state = "over"
    if row.closed_at is not None:
        state = "closed"
    return RequestView(
        id=row.id,
        title=row.title,
        message=row.message,
        maker_name=row.maker_name,
        created_at=row.created_at,
        ends_at=row.ends_at,
        closed_at=row.closed_at,
        has_code=row.code_hash is not None,
        most_files=row.most_files,
        most_bytes=row.most_bytes,
        files=row.files,
        bytes=row.bytes,
        state=state,
        visits=[visit for visit in came if visit.request_id == row.id],
    )


def _note(
    tx: Transaction,
    kind: Kind,
    acting: Acting,
    folder: FolderRow,
    request_id: str,
    title: str,
    now: datetime,
    facts: Mapping[str, object],
) -> None:
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="request",
        object_id=request_id,
        organisation_id=folder.organisation_id,
        facts={"folder": folder.id, **facts},
        private={"title": title},
    )
