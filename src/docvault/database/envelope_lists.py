"""Lists of envelopes: all that somebody may see, what waits for them, and what they did their part of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, or_, select, union_all

from docvault.database import envelopes as envelopes_of
from docvault.database import residuals
from docvault.database.engine import PAGE_MOST, Page, Transaction, before_cursor, cursor_after
from docvault.database.envelopes import EnvelopeRow
from docvault.database.tables import envelopes
from docvault.database.tables import recipients as recipient_rows
from docvault.policy.residuals import Residual, alternatives
from docvault.policy.vocabulary import Acting, Permission, ResourceType
from docvault.rules.envelopes import Part, State
from docvault.values import PersonId

WAYS = 40  # to see an envelope that are asked for one by one, such as the clients of an account manager
LISTS = 256  # questions kept built, one for everybody with the same rights; about 100 KiB each


@dataclass(frozen=True, slots=True)
class Filters:
    state: State | None = None
    search: str | None = None  # part of the title
    sender_id: PersonId | None = None


def page(
    tx: Transaction, acting: Acting, filters: Filters, *, after: str | None, limit: int
) -> Page[EnvelopeRow]:
    """Return envelopes that `acting` may see, newest first. Raises BadCursor."""
    older = before_cursor(after, envelopes.c.created_at, envelopes.c.id)
    conditions = [*_conditions(filters), *([older] if older is not None else [])]
    limit = max(1, min(limit, PAGE_MOST))
    seen = _seen(tx, acting)
    chosen = _question(seen, conditions, limit + 1) if conditions else _list(seen, "all", limit + 1)
    rows = _asked(tx, acting, chosen)
    items, more = rows[:limit], len(rows) > limit
    return Page(items, cursor_after(items[-1].created_at, items[-1].id) if more else None)


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.state is not None:
        conditions.append(envelopes.c.state == filters.state.value)
    if filters.search:
        conditions.append(envelopes.c.title.icontains(filters.search, autoescape=True))
    if filters.sender_id is not None:
        conditions.append(envelopes.c.sender_id == filters.sender_id)
    return conditions


def waiting_for(tx: Transaction, acting: Acting, limit: int) -> list[EnvelopeRow]:
    """Return sent envelopes that wait for `acting`, newest first; turns are the rules' business."""
    return _asked(tx, acting, _list(_seen(tx, acting), "waiting", limit))


def in_progress(tx: Transaction, acting: Acting, limit: int) -> list[EnvelopeRow]:
    """Return envelopes under way that `acting` sent or has done their part of, newest first."""
    return _asked(tx, acting, _list(_seen(tx, acting), "in progress", limit))


def _seen(tx: Transaction, acting: Acting) -> Residual:
    return tx.policy.residual(acting, Permission.ENVELOPE_SEE, ResourceType.ENVELOPE)


# Building the question costs many times what asking it does, and these are asked most.
@lru_cache(maxsize=LISTS)
def _list(seen: Residual, name: str, count: int) -> Select[Any]:
    return _question(seen, _LISTS[name], count)


def _question(seen: Residual, conditions: Sequence[ColumnElement[bool]], count: int) -> Select[Any]:
    """Return the question for the newest `count` envelopes that are seen and meet the conditions.

    The ways to see an envelope are asked one by one, each the end of an index: in one OR, a client with very
    many envelopes would have all of them sorted for one page.
    """
    by_way = [
        _newest(select(envelopes.c.id).where(residuals.where(way, residuals.ENVELOPES), *conditions), count)
        for way in alternatives(seen, WAYS)
    ]
    among = union_all(*(select(each.subquery().c.id) for each in by_way))
    return _newest(envelopes_of.QUESTION.where(envelopes.c.id.in_(among)), count)


def _asked(tx: Transaction, acting: Acting, question: Select[Any]) -> list[EnvelopeRow]:
    found = tx.connection.execute(question, {"at": acting.at, "person": acting.person_id}).all()
    return envelopes_of.with_their_people(tx, found, acting.at)


def _waiting() -> Sequence[ColumnElement[bool]]:
    own = select(recipient_rows.c.envelope_id).where(
        recipient_rows.c.person_id == bindparam("person"),
        recipient_rows.c.signed_at.is_(None),
        recipient_rows.c.approved_at.is_(None),
        recipient_rows.c.paper_at.is_(None),
        recipient_rows.c.role != Part.COPY.value,
    )
    return envelopes.c.state == State.SENT.value, envelopes.c.id.in_(own)


def _in_progress() -> Sequence[ColumnElement[bool]]:
    done = [recipient_rows.c[name].is_not(None) for name in ("signed_at", "approved_at", "paper_at")]
    signed = select(recipient_rows.c.envelope_id).where(
        recipient_rows.c.person_id == bindparam("person"), or_(*done)
    )
    under_way = envelopes.c.state.in_([State.SENT.value, State.EXPIRED.value, State.COMPLETING.value])
    sent = select(envelopes.c.id).where(envelopes.c.sender_id == bindparam("person"), under_way)
    return under_way, envelopes.c.id.in_(union_all(sent, signed))


_LISTS: Mapping[str, Sequence[ColumnElement[bool]]] = {
    "all": (),
    "waiting": _waiting(),
    "in progress": _in_progress(),
}


def _newest(question: Select[Any], count: int) -> Select[Any]:
    return question.order_by(envelopes.c.created_at.desc(), envelopes.c.id.desc()).limit(count)
