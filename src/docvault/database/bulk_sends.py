"""Bulk sends and their rows, by whoever made them. What a row says stays sealed here.

A bulk send belongs to the person who made it, while they see the folder that it sends from; to everybody
else it is not there. Its envelopes are seen as all envelopes are.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Update, and_, func, insert, or_, select, update

from docvault.database import folders, residuals
from docvault.database.engine import PAGE_MOST, Transaction
from docvault.database.tables import bulk_rows, bulk_sends, envelopes, people, recipients, templates
from docvault.policy.vocabulary import Acting, Permission, ResourceType
from docvault.rules.bulk_sends import KEPT_DAYS, TRIES, UNSTARTED_DAYS, RowState
from docvault.values import EnvelopeId, NotFound, PersonId, new_id

RESTS = timedelta(minutes=2)  # without news of a bulk send that is under way, its job is asked for again


@dataclass(frozen=True, slots=True)
class BulkSend:
    """counts: how many rows are in each state."""

    id: str
    template_id: str
    template_name: str
    number: int  # of the template's version
    organisation_id: str
    folder_id: str
    person_id: PersonId
    columns: tuple[str, ...]
    due_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    cancelled_at: datetime | None
    finished_at: datetime | None
    counts: Mapping[RowState, int]


@dataclass(frozen=True, slots=True)
class BulkRow:
    """sealed: what it says; None where that is not needed any more."""

    number: int
    state: RowState
    sealed: bytes | None
    envelope_id: EnvelopeId | None


def add(
    tx: Transaction,
    acting: Acting,
    *,
    template_id: str,
    number: int,
    organisation_id: str,
    folder_id: str,
    columns: Sequence[str],
    file_hash: bytes,
    due_at: datetime | None,
    now: datetime,
) -> str:
    """Write a new bulk send without rows and return its id."""
    bulk_id = new_id()
    tx.connection.execute(
        insert(bulk_sends).values(
            id=bulk_id,
            template_id=template_id,
            number=number,
            organisation_id=organisation_id,
            folder_id=folder_id,
            person_id=acting.person_id,
            columns=json.dumps(list(columns)),
            file_hash=file_hash,
            due_at=due_at,
            created_at=now,
            changed_at=now,
        )
    )
    return bulk_id


def add_rows(tx: Transaction, bulk_id: str, found: Iterable[tuple[int, RowState, bytes]]) -> None:
    """Write the rows of a new bulk send."""
    rows = [
        {"bulk_id": bulk_id, "number": number, "state": state.value, "sealed": sealed, "tries": 0}
        for number, state, sealed in found
    ]
    tx.connection.execute(insert(bulk_rows), rows)


def for_seeing(tx: Transaction, acting: Acting, bulk_id: str, *, lock: bool = False) -> BulkSend:
    """Return a bulk send of one's own. Raises NotFound."""
    found = _load(tx, bulk_id, lock=lock)
    if found.person_id != acting.person_id:
        raise NotFound
    folders.for_seeing(tx, acting, found.folder_id)
    return found


def for_sending(tx: Transaction, bulk_id: str, *, lock: bool = False) -> BulkSend:
    """Return a bulk send for the job that sends its rows. Raises NotFound."""
    return _load(tx, bulk_id, lock=lock)


def listed(tx: Transaction, acting: Acting) -> list[BulkSend]:
    """Return the bulk sends of one's own, newest first."""
    chosen = select(bulk_sends.c.id).where(bulk_sends.c.person_id == acting.person_id)
    newest = chosen.order_by(bulk_sends.c.created_at.desc(), bulk_sends.c.id.desc()).limit(PAGE_MOST)
    found = _loaded(tx, tx.connection.execute(newest).scalars().all())
    seen = {folder_id for folder_id in {one.folder_id for one in found} if _sees(tx, acting, folder_id)}
    return [one for one in found if one.folder_id in seen]


def sent_before(tx: Transaction, acting: Acting, bulk: BulkSend) -> datetime | None:
    """Return when the same file was last started with the same template, if it was."""
    same = select(bulk_sends.c.file_hash).where(bulk_sends.c.id == bulk.id).scalar_subquery()
    chosen = select(func.max(bulk_sends.c.started_at)).where(
        bulk_sends.c.template_id == bulk.template_id,
        bulk_sends.c.file_hash == same,
        bulk_sends.c.person_id == acting.person_id,
    )
    found: datetime | None = tx.connection.execute(chosen).scalar_one()
    return found


def asked(tx: Transaction, acting: Acting, envelope_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the names of whom these envelopes ask, of those that `acting` may see."""
    may = tx.policy.residual(acting, Permission.ENVELOPE_SEE, ResourceType.ENVELOPE)
    chosen = (
        select(recipients.c.envelope_id, people.c.name)
        .join_from(recipients, envelopes, envelopes.c.id == recipients.c.envelope_id)
        .join(people, people.c.id == recipients.c.person_id)
        .where(envelopes.c.id.in_(envelope_ids), residuals.where(may, residuals.ENVELOPES))
        .order_by(recipients.c.turn, recipients.c.id)
    )
    found: dict[str, list[str]] = {}
    for row in tx.connection.execute(chosen, {"at": acting.at}):
        found.setdefault(row.envelope_id, []).append(row.name)
    return found


def _sees(tx: Transaction, acting: Acting, folder_id: str) -> bool:
    try:
        folders.for_seeing(tx, acting, folder_id)
    except NotFound:
        return False
    return True


def _load(tx: Transaction, bulk_id: str, *, lock: bool = False) -> BulkSend:
    if lock:
        tx.connection.execute(select(bulk_sends.c.id).where(bulk_sends.c.id == bulk_id).with_for_update())
    found = _loaded(tx, [bulk_id])
    if not found:
        raise NotFound
    return found[0]


def _loaded(tx: Transaction, bulk_ids: Sequence[str]) -> list[BulkSend]:
    counting = select(bulk_rows.c.bulk_id, bulk_rows.c.state, func.count().label("count"))
    counted = counting.where(bulk_rows.c.bulk_id.in_(bulk_ids)).group_by(
        bulk_rows.c.bulk_id, bulk_rows.c.state
    )
    counts: dict[str, dict[RowState, int]] = {one: dict.fromkeys(RowState, 0) for one in bulk_ids}
    for row in tx.connection.execute(counted).mappings():
        counts[row["bulk_id"]][RowState(row["state"])] = row["count"]
    chosen = (
        select(bulk_sends, templates.c.name.label("template_name"))
        .join_from(bulk_sends, templates, templates.c.id == bulk_sends.c.template_id)
        .where(bulk_sends.c.id.in_(bulk_ids))
    )
    found = {
        row.id: BulkSend(
            id=row.id,
            template_id=row.template_id,
            template_name=row.template_name,
            number=row.number,
            organisation_id=row.organisation_id,
            folder_id=row.folder_id,
            person_id=PersonId(row.person_id),
            columns=tuple(json.loads(row.columns)),
            due_at=row.due_at,
            created_at=row.created_at,
            started_at=row.started_at,
            cancelled_at=row.cancelled_at,
            finished_at=row.finished_at,
            counts=counts[row.id],
        )
        for row in tx.connection.execute(chosen)
    }
    return [found[one] for one in bulk_ids if one in found]


def rows(
    tx: Transaction,
    bulk_id: str,
    *,
    after: int = 0,
    limit: int | None = None,
    wanted: Sequence[RowState] = (),
) -> list[BulkRow]:
    """Return rows in their order; the caller has asked for the bulk send. wanted: only in these states."""
    chosen = select(bulk_rows).where(bulk_rows.c.bulk_id == bulk_id, bulk_rows.c.number > after)
    if wanted:
        chosen = chosen.where(bulk_rows.c.state.in_([state.value for state in wanted]))
    in_order = chosen.order_by(bulk_rows.c.number).limit(limit)
    return [
        BulkRow(row.number, RowState(row.state), row.sealed, row.envelope_id)
        for row in tx.connection.execute(in_order)
    ]


def change(tx: Transaction, bulk_id: str, now: datetime, **columns: datetime | None) -> None:
    """Write some columns of a bulk send."""
    mine = update(bulk_sends).where(bulk_sends.c.id == bulk_id)
    tx.connection.execute(mine.values(changed_at=now, **columns))


def settle(
    tx: Transaction,
    bulk_id: str,
    number: int,
    becomes: RowState,
    *,
    sealed: bytes | None,
    envelope_id: str | None = None,
) -> bool:
    """Say what became of a row that was ready; False if another worker, or a person, was faster.

    The row stays locked for the rest of `tx`, which is what lets each row be sent once.
    """
    values = {"state": becomes.value, "sealed": sealed, "envelope_id": envelope_id}
    return tx.connection.execute(_ready(bulk_id, number).values(values)).rowcount == 1


def take(tx: Transaction, bulk_id: str, number: int) -> bool:
    """Hold a row that is ready until `tx` ends; False if there is none any more."""
    held = _ready(bulk_id, number).values(state=RowState.READY.value)
    return tx.connection.execute(held).rowcount == 1


def note_try(tx: Transaction, bulk_id: str, number: int) -> bool:
    """Count a try that broke; return whether it was the last one that the row has."""
    tx.connection.execute(_ready(bulk_id, number).values(tries=bulk_rows.c.tries + 1))
    mine = and_(bulk_rows.c.bulk_id == bulk_id, bulk_rows.c.number == number)
    return bool(tx.connection.execute(select(bulk_rows.c.tries >= TRIES).where(mine)).scalar_one())


def turn(tx: Transaction, bulk_id: str, was: RowState, becomes: RowState) -> int:
    """Put all rows of one state into another and return how many; READY has its tries anew."""
    mine = update(bulk_rows).where(bulk_rows.c.bulk_id == bulk_id, bulk_rows.c.state == was.value)
    return tx.connection.execute(mine.values(state=becomes.value, tries=0)).rowcount


def forget(tx: Transaction, bulk_id: str) -> None:
    """Erase what the rows of a bulk send say."""
    mine = update(bulk_rows).where(bulk_rows.c.bulk_id == bulk_id, bulk_rows.c.sealed.is_not(None))
    tx.connection.execute(mine.values(sealed=None))


def to_forget(tx: Transaction, now: datetime) -> list[str]:
    """Return the bulk sends whose rows are not needed any more and still say something."""
    ended = func.coalesce(bulk_sends.c.cancelled_at, bulk_sends.c.finished_at)
    never = and_(
        bulk_sends.c.started_at.is_(None), bulk_sends.c.created_at <= now - timedelta(days=UNSTARTED_DAYS)
    )
    due = or_(ended <= now - timedelta(days=KEPT_DAYS), never)
    chosen = (
        select(bulk_sends.c.id)
        .where(due, bulk_sends.c.id.in_(select(bulk_rows.c.bulk_id).where(bulk_rows.c.sealed.is_not(None))))
        .order_by(bulk_sends.c.id)
    )
    return list(tx.connection.execute(chosen).scalars())


def resting(tx: Transaction, now: datetime) -> list[str]:
    """Return the bulk sends that are under way and of which nothing was heard for a while."""
    chosen = select(bulk_sends.c.id).where(
        bulk_sends.c.started_at.is_not(None),
        bulk_sends.c.cancelled_at.is_(None),
        bulk_sends.c.finished_at.is_(None),
        bulk_sends.c.changed_at <= now - RESTS,
    )
    return list(tx.connection.execute(chosen).scalars())


def _ready(bulk_id: str, number: int) -> Update:
    mine = and_(bulk_rows.c.bulk_id == bulk_id, bulk_rows.c.number == number)
    return update(bulk_rows).where(mine, bulk_rows.c.state == RowState.READY.value)
