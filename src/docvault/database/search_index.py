"""Which words a document has, as keyed hashes, and whose words still have to be taken. Never a readable word.

A row here counts only while it fits its document's newest version and folder, so one that is late shows
nothing that is not so. Format: docs/formats/search-index.md.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    cast,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from docvault.database import residuals, work
from docvault.database.engine import Transaction
from docvault.database.folder_keys import FolderKeyRow
from docvault.database.tables import (
    documents,
    folder_keys,
    folders,
    search_documents,
    search_words,
    versions,
)
from docvault.database.versions import STORED
from docvault.policy.vocabulary import Acting, Permission, ResourceType
from docvault.values import new_id

ORIGINAL = "original"
READABLE = ("unscanned", "clean")  # the results of a malware scan that keep nothing back
TRIES = 20  # over an hour, before a document waits for `docvault search rebuild`
AGAIN_AFTER = timedelta(minutes=3)  # until the next job for a document whose words were not taken
SELDOM = 1000  # documents: a word that fewer have is looked for first
AT_ONCE = 500  # documents that get a job, or rows written, in one go

_NEWEST = and_(
    versions.c.document_id == documents.c.id,
    versions.c.purpose == ORIGINAL,
    versions.c.number == documents.c.latest,
    versions.c.state == STORED,
)
_THERE = (documents.c.latest > 0, documents.c.disposed_at.is_(None))


class Place(NamedTuple):
    """A folder's generation whose words somebody may look for; there are thousands in one search."""

    folder_id: str
    generation: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document whose words are to be taken, and the version they are taken from."""

    document_id: str
    asked: str
    version_id: str
    folder_id: str
    generation: int
    media_type: str
    size: int  # plaintext bytes
    pages: int | None
    scan: str


@dataclass(frozen=True, slots=True)
class Progress:
    documents: int  # that have a row in the index
    waiting: int
    given_up: int  # of those that wait: tried often enough


def ask(tx: Transaction, document_id: str, now: datetime) -> None:
    """Have the words of a document taken anew: after a new version, a move, a restore, another key."""
    asked = {"asked": new_id(), "due_at": now, "tries": 0}
    known = update(search_documents).where(search_documents.c.document_id == document_id).values(asked)
    if tx.connection.execute(known).rowcount == 0:
        tx.connection.execute(insert(search_documents).values(document_id=document_id, words=0, **asked))


def ask_for_all(tx: Transaction, due_at: datetime) -> None:
    """The same for every document there is, by whoever asked or, if it did not, by a job from `due_at`."""
    _ask_all(tx, due_at)


def _ask_all(tx: Transaction, due_at: datetime, *conditions: Any) -> None:
    chosen = select(documents.c.id).where(*_THERE, *conditions)
    # One mark for all: it only tells this asking from a later one.
    asked = {"asked": new_id(), "due_at": due_at, "tries": 0}
    tx.connection.execute(
        update(search_documents).where(search_documents.c.document_id.in_(chosen)).values(asked)
    )
    unknown = chosen.where(~exists().where(search_documents.c.document_id == documents.c.id))
    values = [literal(value, search_documents.c[name].type) for name, value in asked.items()]
    tx.connection.execute(
        insert(search_documents).from_select(
            ["document_id", *asked, "words"], unknown.add_columns(*values, literal(0))
        )
    )


def forget(tx: Transaction, document_id: str) -> None:
    """Remove all that is known of a document's words, in the transaction that destroys its keys."""
    number = select(search_documents.c.number).where(search_documents.c.document_id == document_id)
    tx.connection.execute(delete(search_words).where(search_words.c.number.in_(number)))
    tx.connection.execute(delete(search_documents).where(search_documents.c.document_id == document_id))


def waiting(tx: Transaction, document_id: str) -> Waiting | None:
    """Return what is to be done for a document, or None: nothing waits, or there is nothing to read."""
    chosen = (
        select(
            documents.c.id.label("document_id"),
            search_documents.c.asked,
            versions.c.id.label("version_id"),
            documents.c.folder_id,
            versions.c.key_generation.label("generation"),
            versions.c.media_type,
            versions.c.size,
            versions.c.pages,
            versions.c.scan,
        )
        .join_from(search_documents, documents, documents.c.id == search_documents.c.document_id)
        .join(versions, _NEWEST)
        .where(documents.c.id == document_id, search_documents.c.asked.is_not(None), *_THERE)
    )
    row = tx.connection.execute(chosen).mappings().one_or_none()
    return None if row is None else Waiting(**row)


def key_of(tx: Transaction, place: Place) -> FolderKeyRow | None:
    """Return the wrapped key of a folder's generation, or None if it is gone."""
    found = keys_of(tx, [place])
    return found[0] if found else None


def keys_of(tx: Transaction, places: Sequence[Place]) -> list[FolderKeyRow]:
    """Return the wrapped keys of these generations, those that are still there."""
    wanted = set(places)
    chosen = (
        select(
            folders.c.organisation_id,
            folder_keys.c.folder_id,
            folder_keys.c.generation,
            folder_keys.c.wrapped,
        )
        .join_from(folder_keys, folders, folders.c.id == folder_keys.c.folder_id)
        .where(folder_keys.c.folder_id.in_(_listed(tx, sorted({place.folder_id for place in wanted}))))
    )
    rows = [FolderKeyRow(*row) for row in tx.connection.execute(chosen)]
    return [row for row in rows if Place(row.folder_id, row.generation) in wanted]


def keep(tx: Transaction, done: Waiting, words: Iterable[str]) -> bool:
    """Put a version's words in place of all others of its document; False if it was asked anew meanwhile."""
    row = (search_documents.c.document_id == done.document_id, search_documents.c.asked == done.asked)
    hashes = sorted(words)  # an index is filled fastest in its order
    changed = tx.connection.execute(
        update(search_documents)
        .where(*row)
        .values(
            asked=None,
            due_at=None,
            version_id=done.version_id,
            folder_id=done.folder_id,
            generation=done.generation,
            words=len(hashes),
        )
        .returning(search_documents.c.number)
    ).scalar_one_or_none()
    if changed is None:
        return False
    tx.connection.execute(delete(search_words).where(search_words.c.number == changed))
    for start in range(0, len(hashes), AT_ONCE):
        rows = [{"word": word, "number": changed} for word in hashes[start : start + AT_ONCE]]
        tx.connection.execute(insert(search_words), rows)
    return True


def tried(tx: Transaction, work_done: Waiting) -> None:
    """Count a try that failed."""
    tx.connection.execute(
        update(search_documents)
        .where(search_documents.c.document_id == work_done.document_id)
        .values(tries=search_documents.c.tries + 1)
    )


def due(tx: Transaction, now: datetime, most: int = AT_ONCE) -> list[str]:
    """Return documents that wait for a job, or whose last one was put some time ago and may have died."""
    chosen = (
        select(search_documents.c.document_id)
        .where(search_documents.c.due_at <= now, search_documents.c.tries < TRIES)
        .order_by(search_documents.c.due_at, search_documents.c.number)
        .limit(most)
    )
    return list(tx.connection.execute(chosen).scalars())


def all_waiting(tx: Transaction, after: int, most: int) -> list[tuple[int, str]]:
    """Return numbers and documents that wait, in the order of their numbers, behind `after`."""
    chosen = (
        select(search_documents.c.number, search_documents.c.document_id)
        .where(search_documents.c.asked.is_not(None), search_documents.c.number > after)
        .order_by(search_documents.c.number)
        .limit(most)
    )
    return [(row.number, row.document_id) for row in tx.connection.execute(chosen)]


def put_jobs(tx: Transaction, document_ids: Sequence[str], now: datetime) -> None:
    """Put a job for each; another one follows only later, if this one did not end well."""
    named = search_documents.c.document_id.in_(document_ids)
    tx.connection.execute(update(search_documents).where(named).values(due_at=now + AGAIN_AFTER))
    for document_id in document_ids:
        work.enqueue(tx, work.IndexDocument(document_id))


def astray(tx: Transaction, most: int = AT_ONCE) -> list[str]:
    """Return documents whose index is missing or of another version, folder or key, where nothing waits."""
    fits = and_(
        search_documents.c.version_id == versions.c.id,
        search_documents.c.folder_id == documents.c.folder_id,
        search_documents.c.generation == versions.c.key_generation,
    )
    chosen = (
        select(documents.c.id)
        .join_from(documents, versions, _NEWEST)
        .outerjoin(search_documents, search_documents.c.document_id == documents.c.id)
        .where(
            *_THERE,
            or_(
                search_documents.c.number.is_(None),
                and_(search_documents.c.asked.is_(None), or_(search_documents.c.version_id.is_(None), ~fits)),
            ),
        )
        .limit(most)
    )
    return list(tx.connection.execute(chosen).scalars())


def disposed(tx: Transaction, most: int = AT_ONCE) -> list[str]:
    """Return documents that were disposed of and still have a row here."""
    chosen = (
        select(documents.c.id)
        .join_from(search_documents, documents, documents.c.id == search_documents.c.document_id)
        .where(documents.c.disposed_at.is_not(None))
        .limit(most)
    )
    return list(tx.connection.execute(chosen).scalars())


def progress(tx: Transaction) -> Progress:
    """Return how far the index is."""
    waits = search_documents.c.asked.is_not(None)
    chosen = select(
        func.count(),
        func.count().filter(waits),
        func.count().filter(waits, search_documents.c.tries >= TRIES),
    ).select_from(search_documents)
    return Progress(*tx.connection.execute(chosen).one())


def places(tx: Transaction, acting: Acting) -> list[Place]:
    """Return the generations of folders in which `acting` may read a document, those that have words."""
    readable = tx.policy.residual(acting, Permission.DOCUMENT_READ, ResourceType.DOCUMENT)
    seen = tx.policy.residual(acting, Permission.FOLDER_SEE, ResourceType.FOLDER)
    of_place = and_(
        search_documents.c.folder_id == folder_keys.c.folder_id,
        search_documents.c.generation == folder_keys.c.generation,
    )
    chosen = (
        select(folder_keys.c.folder_id, folder_keys.c.generation)
        .join_from(folders, folder_keys, folder_keys.c.folder_id == folders.c.id)
        .where(
            folders.c.trashed_at.is_(None),
            residuals.where(seen, residuals.FOLDERS),
            residuals.where(readable, residuals.HOLDING),
            exists().where(of_place),
        )
    )
    return list(map(Place._make, tx.connection.execute(chosen, {"at": acting.at})))


@dataclass(frozen=True, slots=True)
class Seldom:
    """A word that few documents have."""

    position: int  # among the words that were asked
    numbers: Sequence[int]  # of the documents


def seldom(tx: Transaction, hashes: Sequence[Sequence[str]]) -> Seldom | None:
    """Return the first word that few documents have, or None. hashes: of each word, under all keys.

    Of a word that many have, no more than SELDOM rows are read to find that out.
    """
    for position, of_word in enumerate(hashes):
        numbers = list(tx.connection.execute(_some_with(tx, of_word)).scalars())
        if len(numbers) <= SELDOM:
            return Seldom(position, numbers)
    return None


def _some_with(tx: Transaction, hashes: Sequence[str]) -> Select[Any]:
    """Return the question for documents with one of these hashes, which ends once there are many.

    Hash by hash: PostgreSQL, which takes every word to be about as frequent, would rather read all words.
    """
    if tx.connection.dialect.name == "sqlite":
        found = select(search_words.c.number).where(search_words.c.word.in_(_listed(tx, hashes)))
        return found.limit(SELDOM + 1)
    asked = _listed(tx, hashes).subquery("asked")
    of_one = select(search_words.c.number).where(search_words.c.word == asked.c[0]).limit(SELDOM + 1)
    each = of_one.lateral("each")
    return select(each.c.number).select_from(asked.join(each, true())).limit(SELDOM + 1)


def with_words(tx: Transaction, hashes: Sequence[Sequence[str]]) -> CTE:
    """Return the numbers of all documents that have every word. hashes: of each word, under all keys.

    They are found first and on their own: PostgreSQL takes the joins around them to leave a single row, and
    would compare every hash with every word.
    """
    every = _together(hashes)
    found = select(search_words.c.number).where(search_words.c.word.in_(_listed(tx, every)))
    many = found.group_by(search_words.c.number).having(func.count() == len(hashes))
    return (found if len(hashes) == 1 else many).cte("matches").prefix_with("MATERIALIZED")


def has_words(tx: Transaction, hashes: Sequence[Sequence[str]]) -> ColumnElement[bool]:
    """Return "this row of `search_documents` has every word", to ask a few documents one by one.

    How many others have the words costs nothing. Without `coalesce` PostgreSQL would make a join of it.
    """
    asked = func.coalesce(search_words.c.word.in_(_listed(tx, _together(hashes))), false())
    had = select(func.count()).where(search_words.c.number == search_documents.c.number, asked)
    return had.correlate(search_documents).scalar_subquery() == len(hashes)


def is_among(tx: Transaction, numbers: Sequence[int]) -> ColumnElement[bool]:
    """Return "this row of `search_documents` is one of these"."""
    return search_documents.c.number.in_(_listed(tx, numbers, Integer))


def _together(hashes: Sequence[Sequence[str]]) -> list[str]:
    return list(chain.from_iterable(hashes))


def _listed(
    tx: Transaction, values: Sequence[str] | Sequence[int], type_: type[String | Integer] = String
) -> Select[Any]:
    """Return a SELECT of these values: ten thousand of them are more than a statement has parameters.

    In one text, as the driver would look at each of an array.
    """
    if tx.connection.dialect.name == "sqlite":
        return select(func.json_each(json.dumps(values)).table_valued("value").c.value)
    each = func.string_to_array(",".join(map(str, values)), ",", type_=ARRAY(String))
    return select(cast(func.unnest(each).column_valued(), type_))
