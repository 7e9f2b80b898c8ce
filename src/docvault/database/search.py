"""Finding documents over all folders. A row counts only where the policies allow it.

Nothing here counts, sorts or continues by a row that whoever asks may not see: somebody else's document
changes no byte of an answer (promise 21).
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select

from docvault.database import residuals, search_index
from docvault.database.engine import PAGE, PAGE_MOST, Page, Transaction, before_cursor, cursor_after
from docvault.database.search_index import READABLE, Seldom
from docvault.database.tables import (
    documents,
    envelope_documents,
    envelopes,
    folders,
    organisations,
    people,
    search_documents,
    versions,
)
from docvault.database.versions import STORED
from docvault.policy.vocabulary import Acting, Permission, ResourceType
from docvault.values import DocumentId, FolderId, OrganisationId

ORIGINAL = "original"
OPEN = ("sent", "completing")  # states of an envelope that waits for somebody
LAST_DAY = date.max - timedelta(days=1)
WINDOW = 2000  # of the newest documents are looked at first
_NEWEST = and_(
    versions.c.document_id == documents.c.id,
    versions.c.purpose == ORIGINAL,
    versions.c.number == documents.c.latest,
    versions.c.state == STORED,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for; what is None does not matter. Days are UTC, both included."""

    name: str | None = None  # each word of it is part of the document's name
    kind: str | None = None  # of the folder
    organisation_id: str | None = None
    by: str | None = None  # part of the name of who brought the newest version
    first: date | None = None
    last: date | None = None
    state: str | None = None  # signed | signatures | envelope | unscanned


@dataclass(frozen=True, slots=True)
class Inside:
    """Words that a document must have: of each its hashes, under the keys of all places."""

    hashes: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Found:
    """A document as the list of what was found shows it; the figures are those of its newest version."""

    id: DocumentId
    name: str
    size: int  # plaintext bytes
    media_type: str
    created_at: datetime
    by: str | None
    signed: bool  # an envelope of this document was completed
    folder_id: FolderId
    folder_name: str
    kind: str
    organisation_id: OrganisationId
    organisation_name: str


@dataclass(frozen=True, slots=True)
class OrganisationName:
    id: OrganisationId
    name: str


def page(
    tx: Transaction,
    acting: Acting,
    wanted: Wanted,
    inside: Inside | None = None,
    *,
    after: str | None = None,
    limit: int = PAGE,
) -> Page[Found]:
    """Return the documents that `acting` may see and that fit, newest first. Raises BadCursor.

    inside: then only documents that they may read.
    """
    older = before_cursor(after, documents.c.created_at, documents.c.id)
    conditions = [*_allowed(tx, acting), *_wanted(tx, acting, wanted)]
    limit = min(limit, PAGE_MOST)
    seldom = None if inside is None else search_index.seldom(tx, inside.hashes)
    if seldom is not None and not seldom.numbers:
        return Page([], None)
    for window in (WINDOW, None) if seldom is None else (None,):
        chosen = _fitting(window, older).where(*conditions)
        if inside is not None:
            chosen = _narrowed(tx, acting, chosen, inside, seldom, window)
        fitting = _newest_first(chosen).limit(limit + 1).subquery("fitting")
        described = _newest_first(_found().where(documents.c.id.in_(select(fitting.c.id))))
        rows = tx.connection.execute(described, {"at": acting.at}).mappings().all()
        if len(rows) > limit:
            break
    more = len(rows) > limit
    cursor = cursor_after(rows[limit - 1]["document_at"], rows[limit - 1]["id"]) if more else None
    return Page([_one(dict(row)) for row in rows[:limit]], cursor)


def organisations_of(tx: Transaction, acting: Acting) -> list[OrganisationName]:
    """Return the organisations whose folders `acting` may see, by name."""
    seen = tx.policy.residual(acting, Permission.FOLDER_SEE, ResourceType.FOLDER)
    there = exists().where(
        folders.c.organisation_id == organisations.c.id,
        folders.c.trashed_at.is_(None),
        residuals.where(seen, residuals.FOLDERS),
    )
    chosen = select(organisations.c.id, organisations.c.name).where(there)
    rows = tx.connection.execute(chosen.order_by(organisations.c.name, organisations.c.id), {"at": acting.at})
    return [OrganisationName(*row) for row in rows]


def _allowed(tx: Transaction, acting: Acting) -> list[ColumnElement[bool]]:
    """Ask for folder and document, as `documents.for_seeing` does one by one."""
    folder = tx.policy.residual(acting, Permission.FOLDER_SEE, ResourceType.FOLDER)
    document = tx.policy.residual(acting, Permission.DOCUMENT_SEE, ResourceType.DOCUMENT)
    return [
        residuals.where(folder, residuals.FOLDERS),
        residuals.where(document, residuals.DOCUMENTS),
        documents.c.latest > 0,
        documents.c.trashed_at.is_(None),
        documents.c.disposed_at.is_(None),
        folders.c.trashed_at.is_(None),
        # In coalesce: else SQLite, which keeps no statistics by itself, goes along the index of scans, and so
        # through every version there is.
        func.coalesce(versions.c.scan, "").in_(READABLE),
    ]


def _wanted(tx: Transaction, acting: Acting, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [_part(documents.c.name, word) for word in (wanted.name or "").split()]
    conditions += [_part(people.c.name, word) for word in (wanted.by or "").split()]
    if wanted.kind:
        conditions.append(folders.c.kind == wanted.kind)
    if wanted.organisation_id:
        conditions.append(folders.c.organisation_id == wanted.organisation_id)
    if wanted.first:
        conditions.append(versions.c.created_at >= _midnight(wanted.first))
    if wanted.last:
        conditions.append(versions.c.created_at < _midnight(min(wanted.last, LAST_DAY) + timedelta(days=1)))
    if wanted.state:
        conditions.append(_in_state(tx, acting, wanted.state))
    return conditions


def _part(column: ColumnElement[str], word: str) -> ColumnElement[bool]:
    """Return "the word is part of it", whatever its case: SQLite itself knows only that of ASCII."""
    plain = unicodedata.normalize("NFC", word)
    spellings = dict.fromkeys((plain, plain.lower(), plain.upper(), plain.capitalize()))
    if plain.isascii():
        return column.icontains(plain, autoescape=True)
    return or_(*(column.icontains(one, autoescape=True) for one in spellings))


def _in_state(tx: Transaction, acting: Acting, state: str) -> ColumnElement[bool]:
    if state == "signed":
        return _signed()
    if state == "signatures":
        return versions.c.findings.contains('"signed":true')
    if state == "envelope":
        # Only envelopes that they may see: another's would change the answer.
        seen = tx.policy.residual(acting, Permission.ENVELOPE_SEE, ResourceType.ENVELOPE)
        return exists().where(
            envelope_documents.c.envelope_id == envelopes.c.id,
            envelope_documents.c.document_id == documents.c.id,
            envelopes.c.state.in_(OPEN),
            residuals.where(seen, residuals.ENVELOPES),
        )
    return versions.c.scan == "unscanned" if state == "unscanned" else false()


def _signed() -> ColumnElement[bool]:
    other = versions.alias("other")
    return exists().where(
        other.c.document_id == documents.c.id, other.c.purpose == "signed", other.c.state == STORED
    )


def _narrowed(
    tx: Transaction,
    acting: Acting,
    chosen: Select[Any],
    inside: Inside,
    seldom: Seldom | None,
    window: int | None,
) -> Select[Any]:
    """Keep what may be read and has every word, as far as the index fits the newest version and its place."""
    readable = tx.policy.residual(acting, Permission.DOCUMENT_READ, ResourceType.DOCUMENT)
    indexed = chosen.join(
        search_documents,
        and_(
            search_documents.c.document_id == documents.c.id,
            search_documents.c.version_id == versions.c.id,
            search_documents.c.folder_id == documents.c.folder_id,
            search_documents.c.generation == versions.c.key_generation,
        ),
    ).where(residuals.where(readable, residuals.DOCUMENTS))
    if seldom is not None:
        others = [of_word for place, of_word in enumerate(inside.hashes) if place != seldom.position]
        few = indexed.where(search_index.is_among(tx, seldom.numbers))
        return few.where(search_index.has_words(tx, others)) if others else few
    if window is not None:
        return indexed.where(search_index.has_words(tx, inside.hashes))
    matches = search_index.with_words(tx, inside.hashes)
    return indexed.join(matches, matches.c.number == search_documents.c.number)


def _fitting(window: int | None, older: ColumnElement[bool] | None) -> Select[Any]:
    """Return the question for ids alone: of the `window` newest documents behind the cursor, or of all.

    What fits often is among the newest, and then a page costs the same however many there are; asked of all,
    everything that fits would be sorted for it. What fits seldom is asked of all, by the folders to be seen.
    """
    place = documents.c.folder_id == folders.c.id
    chosen = (
        select(documents.c.id)
        .join_from(documents, versions, _NEWEST)
        .join(folders, place)
        .outerjoin(people, people.c.id == versions.c.created_by)
    )
    behind = [] if older is None else [older]
    if window is None:
        return chosen.where(*behind)
    newest = select(documents.c.id).where(*behind)
    return chosen.where(documents.c.id.in_(select(_newest_first(newest).limit(window).subquery().c.id)))


def _newest_first(chosen: Select[Any]) -> Select[Any]:
    return chosen.order_by(documents.c.created_at.desc(), documents.c.id.desc())


def _found() -> Select[Any]:
    return (
        select(
            documents.c.id,
            documents.c.name,
            documents.c.created_at.label("document_at"),
            versions.c.size,
            versions.c.media_type,
            versions.c.created_at,
            people.c.name.label("by"),
            _signed().label("signed"),
            documents.c.folder_id,
            folders.c.name.label("folder_name"),
            folders.c.kind,
            folders.c.organisation_id,
            organisations.c.name.label("organisation_name"),
        )
        .join_from(documents, versions, _NEWEST)
        .join(folders, folders.c.id == documents.c.folder_id)
        .join(organisations, organisations.c.id == folders.c.organisation_id)
        .outerjoin(people, people.c.id == versions.c.created_by)
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _one(row: dict[str, Any]) -> Found:
    del row["document_at"]
    return Found(**{**row, "signed": bool(row["signed"])})
