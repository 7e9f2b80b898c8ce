"""Requests for files: who asks whom for what, into which folder. A link lends its maker's present rights.

The link's token is kept as SHA-256 only (promise 37). Files and bytes are counted like those of quotas: by
one statement that also compares, in the transaction of the rows it counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, func, insert, select, update

from docvault.credentials.refusals import LinkRefused
from docvault.credentials.tokens import new_token, token_hash
from docvault.database import acting as actors
from docvault.database import folders
from docvault.database.engine import PAGE_MOST, Transaction
from docvault.database.folders import FolderRow
from docvault.database.tables import file_requests, organisations, people, uploads, visits
from docvault.policy.vocabulary import Acting, Guest, Permission
from docvault.rules import sizes
from docvault.rules.requests import RequestFull, Wanted
from docvault.values import FolderId, NotFound, PersonId, new_id


@dataclass(frozen=True, slots=True)
class FileRequestRow:
    id: str
    folder_id: FolderId
    created_by: PersonId
    maker_name: str
    maker_email: str
    maker_organisation: str
    created_at: datetime
    title: str
    message: str
    code_hash: str | None
    ends_at: datetime
    closed_at: datetime | None
    most_files: int
    most_bytes: int
    files: int  # arrived or on their way
    bytes: int

    def is_open(self, now: datetime) -> bool:
        """Tell whether files may come: not closed, not over, not full."""
        return self.closed_at is None and self.ends_at > now and self.files < self.most_files


def add(
    tx: Transaction, acting: Acting, folder: FolderRow, wanted: Wanted, code_hash: str | None, now: datetime
) -> tuple[str, str]:
    """Add a request and return its id and the link's token, a secret that is never shown again."""
    request_id, token = new_id(), new_token()
    tx.connection.execute(
        insert(file_requests).values(
            id=request_id,
            folder_id=folder.id,
            created_by=acting.person_id,
            created_at=now,
            token_hash=token_hash(token),
            title=wanted.title,
            message=wanted.message,
            code_hash=code_hash,
            ends_at=wanted.ends_at,
            most_files=wanted.most_files,
            most_bytes=wanted.most_bytes,
            files=0,
            bytes=0,
        )
    )
    return request_id, token


def in_folder(tx: Transaction, folder: FolderRow) -> Sequence[FileRequestRow]:
    """Return the requests of a folder, newest first; who may know them was asked before."""
    chosen = _rows().where(file_requests.c.folder_id == folder.id)
    newest = chosen.order_by(file_requests.c.created_at.desc(), file_requests.c.id).limit(PAGE_MOST)
    return [_row(row) for row in tx.connection.execute(newest)]


def for_managing(tx: Transaction, acting: Acting, request_id: str) -> tuple[FileRequestRow, FolderRow]:
    """Return a request and its folder, which `acting` may share. Raises NotFound or Forbidden."""
    request = by_id(tx, request_id)
    folder = folders.for_seeing(tx, acting, request.folder_id)
    tx.policy.require(acting, Permission.FOLDER_SHARE, folder.resource)
    return request, folder


def by_id(tx: Transaction, request_id: str) -> FileRequestRow:
    """Return a request. Raises NotFound."""
    row = tx.connection.execute(_rows().where(file_requests.c.id == request_id)).one_or_none()
    if row is None:
        raise NotFound
    return _row(row)


def of_link(tx: Transaction, token: str, now: datetime) -> FileRequestRow:
    """Return the request a link leads to, if files may come.

    Raises LinkRefused: for an unknown, closed, ended or full one, and where its maker's rights ended.
    """
    row = tx.connection.execute(_rows().where(file_requests.c.token_hash == token_hash(token))).one_or_none()
    if row is None or not _row(row).is_open(now):
        raise LinkRefused
    lent(tx, _row(row), now)
    return _row(row)


def for_guest(tx: Transaction, guest: Guest, now: datetime) -> FileRequestRow:
    """Return the request of a visit while files may come; a full one says so when a file begins.

    Raises LinkRefused.
    """
    request = by_id(tx, guest.request_id)
    if request.closed_at is not None or request.ends_at <= now:
        raise LinkRefused
    return request


def lent(tx: Transaction, request: FileRequestRow, now: datetime) -> tuple[Acting, FolderRow]:
    """Return whose rights the link lends and the folder, both as they are now (promise 19).

    Raises LinkRefused when its maker is gone, or may not share this folder and upload into it any more.
    """
    maker = actors.again(tx, request.created_by, now)
    folder = folders.seen_or_none(tx, maker, request.folder_id) if maker else None
    if maker is None or folder is None:
        raise LinkRefused
    for permission in (Permission.FOLDER_SHARE, Permission.FOLDER_UPLOAD):
        if not tx.policy.decide(maker, permission, folder.resource).allowed:
            raise LinkRefused
    return maker, folder


def close(tx: Transaction, request_id: str, now: datetime) -> bool:
    """Close a request for good; False if it was closed."""
    still = update(file_requests).where(file_requests.c.id == request_id, file_requests.c.closed_at.is_(None))
    return tx.connection.execute(still.values(closed_at=now)).rowcount == 1


def end_at(tx: Transaction, request_id: str, ends_at: datetime) -> bool:
    """Give a request another end; False if it is closed."""
    still = update(file_requests).where(file_requests.c.id == request_id, file_requests.c.closed_at.is_(None))
    return tx.connection.execute(still.values(ends_at=ends_at)).rowcount == 1


def take(tx: Transaction, request_id: str, size: int) -> None:
    """Count one more file of `size` bytes. Raises RequestFull, in words."""
    fits = (
        file_requests.c.id == request_id,
        file_requests.c.files < file_requests.c.most_files,
        file_requests.c.bytes + size <= file_requests.c.most_bytes,
    )
    more = {"files": file_requests.c.files + 1, "bytes": file_requests.c.bytes + size}
    if tx.connection.execute(update(file_requests).where(*fits).values(more)).rowcount == 1:
        return
    request = by_id(tx, request_id)
    if request.files >= request.most_files:
        raise RequestFull("This request has all the files that it takes.")
    left = sizes.words(request.most_bytes - request.bytes)
    raise RequestFull(f"This request takes {left} more; this file has {sizes.words(size)}.")


def give_back(tx: Transaction, visit_id: str, size: int) -> None:
    """Count one file of `size` bytes less: the guest of this visit gave it up, or it was collected."""
    request_id = select(visits.c.request_id).where(visits.c.id == visit_id).scalar_subquery()
    less = {"files": file_requests.c.files - 1, "bytes": file_requests.c.bytes - size}
    tx.connection.execute(update(file_requests).where(file_requests.c.id == request_id).values(less))


def miscounted(tx: Transaction) -> Sequence[str]:
    """Return the requests whose counters are wrong: none, unless rows went behind DocVault's back.

    Ask in `Database.snapshot()`, so that counters and rows are those of one moment.
    """
    files, size = func.count(uploads.c.id), func.coalesce(func.sum(uploads.c.size), 0)
    chosen = (
        select(file_requests.c.id)
        .outerjoin_from(file_requests, visits, visits.c.request_id == file_requests.c.id)
        .outerjoin(uploads, uploads.c.visit_id == visits.c.id)
        .group_by(file_requests.c.id)
        .having((files != file_requests.c.files) | (size != file_requests.c.bytes))
    )
    return tx.connection.execute(chosen).scalars().all()


def _rows() -> Select[tuple[object, ...]]:
    return (
        select(
            file_requests,
            people.c.name.label("maker_name"),
            people.c.email.label("maker_email"),
            organisations.c.name.label("maker_organisation"),
        )
        .join_from(file_requests, people, file_requests.c.created_by == people.c.id)
        .join(organisations, people.c.organisation_id == organisations.c.id)
    )


def _row(row: Row[tuple[object, ...]]) -> FileRequestRow:
    names = FileRequestRow.__dataclass_fields__
    return FileRequestRow(**{name: getattr(row, name) for name in names})
