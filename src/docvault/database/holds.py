"""Legal holds: on an organisation, a folder with all in it, or a document. Periods, never overwritten.

Whatever destroys something asks `covers` in its own transaction. The reason is sealed; who may was asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    case,
    exists,
    insert,
    or_,
    select,
    update,
)

from docvault.database import periods
from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.database.periods import AT, When
from docvault.database.tables import (
    documents,
    envelope_documents,
    folder_paths,
    folders,
    holds,
    installation,
    organisations,
    people,
)
from docvault.values import NotFound, PersonId, new_id

MOST = 1_000  # holds of one list
Aliased = FromClause  # a table, or an alias of it
ORGANISATION, FOLDER, DOCUMENT = "organisation", "folder", "document"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a hold is on."""

    type: str  # organisation | folder | document
    id: str
    name: str
    organisation_id: str
    organisation_name: str


@dataclass(frozen=True, slots=True)
class HoldRow:
    id: str
    subject: Subject
    reason: str
    starts_at: datetime
    by: str | None  # a name
    ended_at: datetime | None
    ended_by: str | None  # a name


def take_turn(tx: Transaction) -> None:
    """Let placing a hold and beginning a destruction come one after the other: one of them sees the other."""
    tx.connection.execute(select(installation.c.id).with_for_update())


def subject(tx: Transaction, subject_type: str, subject_id: str, *, also_destroyed: bool = False) -> Subject:
    """Return what a hold would be on, also in the recycle bin. Raises NotFound."""
    there = documents.c.latest > 0 if also_destroyed else documents.c.disposed_at.is_(None)
    questions = {
        ORGANISATION: select(organisations.c.name, organisations.c.id, organisations.c.name).where(
            organisations.c.id == subject_id
        ),
        FOLDER: select(folders.c.name, organisations.c.id, organisations.c.name)
        .join_from(folders, organisations, organisations.c.id == folders.c.organisation_id)
        .where(folders.c.id == subject_id),
        DOCUMENT: select(documents.c.name, organisations.c.id, organisations.c.name)
        .join_from(documents, folders, folders.c.id == documents.c.folder_id)
        .join(organisations, organisations.c.id == folders.c.organisation_id)
        .where(documents.c.id == subject_id, documents.c.latest > 0, there),
    }
    chosen = questions.get(subject_type)
    row = None if chosen is None else tx.connection.execute(chosen).one_or_none()
    if row is None:
        raise NotFound
    name, organisation_id, organisation_name = row
    return Subject(subject_type, subject_id, name, organisation_id, organisation_name)


def place(
    tx: Transaction, records: Records, subject: Subject, reason: str, *, by: PersonId, now: datetime
) -> str:
    """Begin a hold and return its id. `take_turn` comes first."""
    hold_id = new_id()
    tx.connection.execute(
        insert(holds).values(
            id=hold_id,
            subject_type=subject.type,
            subject_id=subject.id,
            sealed=records.seal(_context(hold_id), reason.encode()),
            starts_at=now,
            started_by=by,
        )
    )
    return hold_id


def lift(tx: Transaction, hold_id: str, *, by: PersonId, now: datetime) -> bool:
    """End a hold; False if it is not in force any more."""
    ended = update(holds).where(holds.c.id == hold_id, holds.c.ended_at.is_(None))
    return tx.connection.execute(ended.values(ended_at=now, ended_by=by)).rowcount == 1


def about(tx: Transaction, hold_id: str) -> tuple[Subject, bool]:
    """Return what a hold is on, and whether it is in force; opens no reason. Raises NotFound."""
    row = tx.connection.execute(_question().where(holds.c.id == hold_id)).one_or_none()
    if row is None:
        raise NotFound
    return _subject(row), row.ended_at is None


def find(tx: Transaction, records: Records, hold_id: str) -> HoldRow:
    """Return a hold, in force or not. Raises NotFound."""
    row = tx.connection.execute(_question().where(holds.c.id == hold_id)).one_or_none()
    if row is None:
        raise NotFound
    return _row(records, row)


def in_force(tx: Transaction, records: Records, now: datetime) -> Sequence[HoldRow]:
    """Return the holds in force, the newest first."""
    chosen = _question().where(periods.in_force(holds, now)).order_by(holds.c.starts_at.desc(), holds.c.id)
    return [_row(records, row) for row in tx.connection.execute(chosen.limit(MOST))]


def on_document(tx: Transaction, records: Records, document_id: str, at: datetime) -> Sequence[HoldRow]:
    """Return the holds that covered a document at a moment, now or past: as its place is now."""
    return _covering(tx, records, _ON_DOCUMENT, document_id, at)


def on_folder(tx: Transaction, records: Records, folder_id: str, at: datetime) -> Sequence[HoldRow]:
    """Return the holds that covered a whole folder at a moment."""
    return _covering(tx, records, _ON_FOLDER, folder_id, at)


def _covering(
    tx: Transaction, records: Records, question: Select[Any], thing: str, at: datetime
) -> Sequence[HoldRow]:
    return [_row(records, row) for row in tx.connection.execute(question, {"thing": thing, "at": at})]


def of_folder(tx: Transaction, folder_id: str | None, now: datetime) -> frozenset[str]:
    """Return the ids of holds on a folder or one it lies in: what leaves for elsewhere would escape them."""
    above = select(folder_paths.c.ancestor_id).where(folder_paths.c.folder_id == folder_id)
    chosen = select(holds.c.id).where(
        holds.c.subject_type == FOLDER, holds.c.subject_id.in_(above), periods.in_force(holds, now)
    )
    return frozenset(tx.connection.execute(chosen).scalars())


def covers(document: Aliased, folder: Aliased, at: When) -> ColumnElement[bool]:
    """Return the condition for documents that a hold covers, or that were in an envelope with one it covers.

    What an envelope proves is proven by all of its documents. folder: the one each document lies in.
    """
    return or_(_covers(document, folder, at), _covers_another(document, at))


def _covers(document: Aliased, folder: Aliased, at: When) -> ColumnElement[bool]:
    held = holds.alias("held")
    reaching = _reaches(document, folder, held)
    return exists().where(periods.in_force(held, at), reaching).correlate(document, folder)  # type: ignore[arg-type]


def _covers_another(document: Aliased, at: When) -> ColumnElement[bool]:
    own, theirs = envelope_documents.alias("own"), envelope_documents.alias("theirs")
    other, its_folder = documents.alias("other"), folders.alias("its_folder")
    together = (
        own.join(theirs, theirs.c.envelope_id == own.c.envelope_id)
        .join(other, other.c.id == theirs.c.document_id)
        .join(its_folder, its_folder.c.id == other.c.folder_id)
    )
    return (
        select(own.c.position)
        .select_from(together)
        .where(own.c.document_id == document.c.id, other.c.id != document.c.id)
        .where(_covers(other, its_folder, at))
        .correlate(document)
        .exists()
    )


def _reaches(document: Aliased | None, folder: Aliased, held: Aliased = holds) -> ColumnElement[bool]:
    """Return the condition for holds that reach a document in a folder, or the folder itself."""
    # Said, as it is two levels up: left to itself, SQLAlchemy would ask about the paths of all folders.
    above = (
        select(folder_paths.c.ancestor_id).where(folder_paths.c.folder_id == folder.c.id).correlate(folder)
    )
    ways = [
        and_(held.c.subject_type == ORGANISATION, held.c.subject_id == folder.c.organisation_id),
        and_(held.c.subject_type == FOLDER, held.c.subject_id.in_(above)),
    ]
    if document is not None:
        ways.append(and_(held.c.subject_type == DOCUMENT, held.c.subject_id == document.c.id))
    return or_(*ways)


def _question() -> Select[Any]:
    starters, enders = people.alias("starters"), people.alias("enders")
    document, folder, organisation = (
        documents.alias("held_document"),
        folders.alias("held_folder"),
        organisations.alias("held_organisation"),
    )
    kind, subject_id = holds.c.subject_type, holds.c.subject_id
    of_folder = case((kind == FOLDER, subject_id), else_=document.c.folder_id)
    of_organisation = case((kind == ORGANISATION, subject_id), else_=folder.c.organisation_id)
    joined = (
        holds.outerjoin(document, and_(kind == DOCUMENT, document.c.id == subject_id))
        .outerjoin(folder, folder.c.id == of_folder)
        .outerjoin(organisation, organisation.c.id == of_organisation)
        .outerjoin(starters, starters.c.id == holds.c.started_by)
        .outerjoin(enders, enders.c.id == holds.c.ended_by)
    )
    named = case(
        (kind == DOCUMENT, document.c.name), (kind == FOLDER, folder.c.name), else_=organisation.c.name
    )
    return select(
        holds,
        named.label("name"),
        organisation.c.id.label("organisation_id"),
        organisation.c.name.label("organisation_name"),
        starters.c.name.label("by"),
        enders.c.name.label("ender"),
    ).select_from(joined)


def _subject(row: Any) -> Subject:
    return Subject(row.subject_type, row.subject_id, row.name, row.organisation_id, row.organisation_name)


def _row(records: Records, row: Any) -> HoldRow:
    reason = records.open(_context(row.id), row.sealed).decode()
    return HoldRow(row.id, _subject(row), reason, row.starts_at, row.by, row.ended_at, row.ender)


def _context(hold_id: str) -> str:
    return f"hold:{hold_id}"


# Every page of a folder or a document asks one of these: built once, because building costs more than asking.
_COVERING = _question().where(periods.as_of(holds, AT)).order_by(holds.c.starts_at)
_ON_DOCUMENT = _COVERING.where(
    exists()
    .where(documents.c.id == bindparam("thing"), folders.c.id == documents.c.folder_id)
    .where(_reaches(documents, folders))
)
_ON_FOLDER = _COVERING.where(
    exists().where(folders.c.id == bindparam("thing")).where(_reaches(None, folders))
)
