"""Erasing a person's details: begun (no way back), then done. What the log proves stays proven (promise 81).

Gone are account, sessions, devices, factors and mail of theirs, their name and addresses, and the details of
every entry of the log that speaks of them: the leaf keeps its salted commitment. Kept are entries about
envelopes whose document still exists, which are its evidence; the worker erases them after the document.
Between beginning and end a tombstone is written outside the database, as for documents: disposals.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)

from docvault.audit.entries import canonical
from docvault.database import disposals, erased_rows, holds, people, retention
from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.database.people import PersonRow, PersonState
from docvault.database.tables import (
    audit_details,
    audit_entries,
    documents,
    envelope_documents,
    envelopes,
    erased_details,
    erasures,
    folders,
    former_addresses,
    memberships,
    organisations,
    recipients,
    versions,
)
from docvault.database.tables import disposals as epochs
from docvault.database.tables import holds as hold_rows
from docvault.database.tables import people as person_rows
from docvault.rules import erasures as rules
from docvault.rules import retention as keeping
from docvault.rules.erasures import Ties
from docvault.rules.retention import Rule
from docvault.values import PersonId

CHUNK = 500  # rows of one statement


@dataclass(frozen=True, slots=True)
class Evidence:
    """A signed document that keeps what proves it. kept_until: as its schedule says now."""

    envelope_id: str
    title: str
    kept_until: datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """One person whose details were erased, as the report says it: no name."""

    person_id: str
    begun_at: datetime
    done_at: datetime | None
    entries: int  # of the log, whose details are gone
    kept: int  # entries that are kept as evidence
    kept_until: datetime | None


def ties(tx: Transaction, person: PersonRow, now: datetime) -> Ties:
    """Return what may keep somebody's details from being erased."""
    return Ties(
        is_off=person.state == PersonState.DISABLED,
        is_erased=is_erased(tx, person.id),
        open_envelopes=_open(tx, person.id),
        held=_held(tx, person.id, now),
    )


def evidence(tx: Transaction, person_id: str, now: datetime) -> Sequence[Evidence]:
    """Return the signed documents that keep what proves them, and until when."""
    chosen = (
        select(envelopes.c.id, envelopes.c.title, documents.c.id.label("document_id"))
        .join_from(envelopes, envelope_documents, envelope_documents.c.envelope_id == envelopes.c.id)
        .join(documents, documents.c.id == envelope_documents.c.document_id)
        .where(_had_part(person_id), documents.c.disposed_at.is_(None))
        .order_by(envelopes.c.created_at, envelopes.c.id)
    )
    rows = tx.connection.execute(chosen).all()
    kept = retention.of(tx, [row.document_id for row in rows], now)
    numbers, found = tx.policy.numbers.retention, dict[str, Evidence]()
    for row in rows:
        if row.document_id in kept:
            until = keeping.fate(kept[row.document_id].life, numbers).kept_until
            known = found.get(row.id)
            last = max(known.kept_until, until) if known else until
            found[row.id] = Evidence(row.id, row.title, last)
    return list(found.values())


def is_erased(tx: Transaction, person_id: str) -> bool:
    """Return whether somebody's details are erased, or about to be."""
    return bool(tx.connection.execute(select(exists().where(erasures.c.person_id == person_id))).scalar_one())


def begin(tx: Transaction, person: PersonRow, now: datetime) -> None:
    """Decide for good, under the lock that placing a hold takes. Raises ErasureRefused."""
    holds.take_turn(tx)
    rules.check(ties(tx, person, now))
    epoch = disposals.newest_epoch(tx) + 1
    begun = {"epoch": epoch, "document_id": person.id, "rule": Rule.PERSON.value, "begun_at": now}
    tx.connection.execute(insert(epochs).values(**begun))
    tx.connection.execute(insert(erasures).values(person_id=person.id, begun_at=now, entries=0, kept=0))


def erase(tx: Transaction, records: Records, person_id: PersonId, now: datetime) -> Erasure | None:
    """Erase all that may go; None if this database never knew the person. Doing it twice is once."""
    person = people.by_id(tx, person_id)
    if person is None:
        return None
    people.lock(tx, person_id)
    if not is_erased(tx, person_id):  # an older state of the database came back
        tx.connection.execute(insert(erasures).values(person_id=person_id, begun_at=now, entries=0, kept=0))
    addresses = _addresses(tx, person)
    evidence_of = [one.envelope_id for one in evidence(tx, person_id, now)]
    _mark(tx, _speaking_of(tx, person, addresses), frozenset(evidence_of), person_id, now)
    erased_rows.erase(tx, records, person, addresses, now)
    return _settle(tx, person_id, now)


def erase_rest(tx: Transaction, person_id: str, now: datetime) -> tuple[int, Erasure]:
    """Erase what was kept for documents that are destroyed now; return of how many entries, and the rest."""
    about = audit_entries.c.object_id
    still_there = (
        exists()
        .where(envelope_documents.c.envelope_id == about)
        .where(documents.c.id == envelope_documents.c.document_id, documents.c.disposed_at.is_(None))
    )
    envelope_of = select(audit_entries.c.index).where(
        audit_entries.c.object_type == "envelope", about.is_not(None), ~still_there
    )
    mine = and_(erased_details.c.person_id == person_id, erased_details.c.erased_at.is_(None))
    free = update(erased_details).where(mine, erased_details.c.index.in_(envelope_of)).values(erased_at=now)
    freed = tx.connection.execute(free).rowcount
    return (freed, _settle(tx, person_id, now))


def unfinished(tx: Transaction) -> Sequence[str]:
    """Return the people of whom something is still kept."""
    return tx.connection.execute(select(erasures.c.person_id).where(erasures.c.kept > 0)).scalars().all()


def listed(tx: Transaction) -> Sequence[Erasure]:
    """Return whose details were erased, newest first."""
    rows = tx.connection.execute(select(erasures).order_by(erasures.c.begun_at.desc(), erasures.c.person_id))
    return [Erasure(**row) for row in rows.mappings()]


def find(tx: Transaction, person_id: str) -> Erasure | None:
    """Return the erasure of one person, or None."""
    row = tx.connection.execute(select(erasures).where(erasures.c.person_id == person_id)).mappings().first()
    return None if row is None else Erasure(**row)


def _settle(tx: Transaction, person_id: str, now: datetime) -> Erasure:
    """Remove the details that are marked, and count."""
    if tx.connection.dialect.name == "postgresql":  # its role may not touch the log: migration 0013
        tx.connection.execute(text("SELECT erase_details(:whose)"), {"whose": person_id})
    else:
        gone = and_(erased_details.c.person_id == person_id, erased_details.c.erased_at.is_not(None))
        marked = select(erased_details.c.index).where(gone)
        tx.connection.execute(delete(audit_details).where(audit_details.c.index.in_(marked)))
    counts = select(
        func.count(erased_details.c.erased_at).label("entries"),
        (func.count() - func.count(erased_details.c.erased_at)).label("kept"),
    ).where(erased_details.c.person_id == person_id)
    found = tx.connection.execute(counts).one()
    until = max((one.kept_until for one in evidence(tx, person_id, now)), default=None)
    kept_until = until if found.kept else None
    done = update(erasures).where(erasures.c.person_id == person_id)
    done = done.values(entries=found.entries, kept=found.kept, kept_until=kept_until)
    tx.connection.execute(done.values(done_at=func.coalesce(erasures.c.done_at, now)))
    settled = select(erasures).where(erasures.c.person_id == person_id)
    return Erasure(**tx.connection.execute(settled).mappings().one())


def _mark(
    tx: Transaction,
    found: Iterable[tuple[int, str | None]],
    evidence_of: frozenset[str],
    person_id: str,
    now: datetime,
) -> None:
    """Put down which entries lose their details now, and which are kept: (index, envelope) of each."""
    known = select(erased_details.c.index).where(erased_details.c.person_id == person_id)
    marked = frozenset(tx.connection.execute(known).scalars())
    rows = [
        {"index": index, "person_id": person_id, "erased_at": None if envelope in evidence_of else now}
        for index, envelope in found
        if index not in marked
    ]
    for start in range(0, len(rows), CHUNK):
        tx.connection.execute(insert(erased_details), rows[start : start + CHUNK])


def _speaking_of(
    tx: Transaction, person: PersonRow, addresses: Sequence[str]
) -> list[tuple[int, str | None]]:
    """Return the entries with details that speak of somebody: by id, by address, or by a name only they have.

    With each stands the envelope it is about, if it is about one.
    """
    leaf, body = audit_entries.c.leaf, audit_details.c.body
    ways = [_contains(tx, leaf, person.id.encode())]
    ways += [_contains(tx, body, canonical(each)[1:-1]) for each in addresses]
    namesake = select(exists().where(person_rows.c.name == person.name, person_rows.c.id != person.id))
    if not tx.connection.execute(namesake).scalar_one():
        ways.append(_contains(tx, body, canonical(person.name)))
    chosen = (
        select(audit_entries.c.index, audit_entries.c.object_type, audit_entries.c.object_id)
        .join_from(audit_entries, audit_details, audit_details.c.index == audit_entries.c.index)
        .where(or_(*ways))
    )
    return [
        (index, object_id if object_type == "envelope" else None)
        for index, object_type, object_id in tx.connection.execute(chosen)
    ]


def _contains(tx: Transaction, column: ColumnElement[bytes], needle: bytes) -> ColumnElement[bool]:
    value = literal(needle, LargeBinary)
    if tx.connection.dialect.name == "postgresql":
        return func.position(value.op("IN")(column)) > 0
    return func.instr(column, value) > 0


def _addresses(tx: Transaction, person: PersonRow) -> list[str]:
    chosen = select(former_addresses.c.email).where(former_addresses.c.person_id == person.id)
    return [person.email, *tx.connection.execute(chosen).scalars()]


def _had_part(person_id: str) -> ColumnElement[bool]:
    """Return the condition for envelopes that somebody sent or was asked to sign."""
    asked = exists().where(recipients.c.envelope_id == envelopes.c.id, recipients.c.person_id == person_id)
    return or_(envelopes.c.sender_id == person_id, asked)


def _open(tx: Transaction, person_id: str) -> int:
    chosen = select(func.count()).select_from(envelopes).where(_had_part(person_id))
    return int(tx.connection.execute(chosen.where(envelopes.c.state.in_(retention.OPEN))).scalar_one())


def _held(tx: Transaction, person_id: str, now: datetime) -> int:
    """Count what a legal hold keeps that somebody brought, sent or signed, and held clients of theirs."""
    brought = exists().where(versions.c.document_id == documents.c.id, versions.c.created_by == person_id)
    signed = (
        exists()
        .where(envelope_documents.c.document_id == documents.c.id)
        .where(envelopes.c.id == envelope_documents.c.envelope_id, _had_part(person_id))
    )
    of_documents = (
        select(func.count())
        .join_from(documents, folders, folders.c.id == documents.c.folder_id)
        .where(or_(brought, signed), documents.c.disposed_at.is_(None))
        .where(holds.covers(documents, folders, now))
    )
    belonged = exists().where(
        memberships.c.organisation_id == organisations.c.id, memberships.c.person_id == person_id
    )
    of_clients = (
        select(func.count(organisations.c.id.distinct()))
        .join_from(organisations, hold_rows, hold_rows.c.subject_id == organisations.c.id)
        .where(belonged, hold_rows.c.subject_type == holds.ORGANISATION, hold_rows.c.ended_at.is_(None))
    )
    return sum(int(tx.connection.execute(chosen).scalar_one()) for chosen in (of_clients, of_documents))
