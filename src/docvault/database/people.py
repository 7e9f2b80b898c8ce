"""People: who there is, in which organisation and state. Answers only who may ask.

A person is `invited` until their second factor is confirmed, then `active`; `disabled` and `frozen` take
every right. Role and state are kept as periods too, so that any day can be asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from docvault.database import periods
from docvault.database.engine import PAGE, PAGE_MOST, Page, Transaction, before_cursor, cursor_after
from docvault.database.tables import memberships, organisations, people, portfolios, standings
from docvault.policy.vocabulary import PORTAL, Acting, Permission, Role
from docvault.rules.people import PeopleError
from docvault.values import NotFound, OrganisationId, PersonId, new_id


class PersonState(StrEnum):
    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"  # by an administrator
    FROZEN = "frozen"  # by its owner, who did not recognise a sign-in or a change (promise 16)


class AlreadyKnown(PeopleError):
    """Somebody with this e-mail address is already here."""

    def __init__(self) -> None:
        super().__init__("Somebody with this e-mail address is already here.")


@dataclass(frozen=True, slots=True)
class PersonRow:
    id: PersonId
    organisation_id: OrganisationId
    organisation_name: str
    email: str
    name: str
    role: Role
    state: PersonState
    password_hash: str | None
    language: str  # of mail to them: ISO 639-1
    time_zone: str | None
    created_at: datetime


def by_email(tx: Transaction, email: str) -> PersonRow | None:
    """Return the person who signs in with this (lower-case) address; nobody is asked for rights yet."""
    return _one(tx, _BY_EMAIL, email=email)


def by_id(tx: Transaction, person_id: PersonId) -> PersonRow | None:
    """Return a person that the caller already has a proof for: a session, a challenge or a link."""
    return _one(tx, _BY_ID, id=person_id)


def lock(tx: Transaction, person_id: PersonId) -> None:
    """Wait for whoever changes this person, and let nobody do so for the rest of `tx`.

    Taken before the person's sessions, links and factors, so that two deeds never wait for each other. Rows
    that only refer to the person do not wait.
    """
    tx.connection.execute(_LOCK, {"id": person_id})


def for_changing(tx: Transaction, acting: Acting, person_id: PersonId) -> PersonRow:
    """Return a person to disable, enable or reset. Raises Forbidden, NotFound."""
    tx.policy.require(acting, Permission.PERSON_CHANGE, PORTAL)
    found = _one(tx, _people().where(people.c.id == person_id).with_for_update(of=people, key_share=True))
    if found is None:
        raise NotFound
    return found


def listed(
    tx: Transaction,
    acting: Acting,
    *,
    search: str | None = None,
    role: Role | None = None,
    after: str | None = None,
    limit: int = PAGE,
) -> Page[PersonRow]:
    """Return people, newest first. search: a part of the name or address. Raises Forbidden, BadCursor."""
    tx.policy.require(acting, Permission.PERSON_LIST, PORTAL)
    limit = max(1, min(limit, PAGE_MOST))
    question = _people().order_by(people.c.created_at.desc(), people.c.id.desc()).limit(limit + 1)
    older = before_cursor(after, people.c.created_at, people.c.id)
    if older is not None:
        question = question.where(older)
    if role is not None:
        question = question.where(people.c.role == role.value)
    if search:
        part = search.strip().lower()
        names = func.lower(people.c.name).contains(part, autoescape=True)
        question = question.where(or_(names, people.c.email.contains(part, autoescape=True)))
    rows = [person_of(row) for row in tx.connection.execute(question).all()]
    more = len(rows) > limit
    items = rows[:limit]
    return Page(items, cursor_after(items[-1].created_at, items[-1].id) if more else None)


def organisation_names(tx: Transaction) -> dict[str, str]:
    """Return the names of all organisations, for a report whose reader may know them."""
    return {
        row.id: row.name for row in tx.connection.execute(select(organisations.c.id, organisations.c.name))
    }


def called(tx: Transaction, words: str, limit: int) -> list[PersonRow]:
    """Return people whose name or address holds the words, or whose id they are, by name.

    The caller has checked that whoever asks may look for anybody.
    """
    part = words.strip().lower()
    if not part:
        return []
    names = func.lower(people.c.name).contains(part, autoescape=True)
    found = or_(names, people.c.email.contains(part, autoescape=True), people.c.id == part)
    chosen = _people().where(found).order_by(people.c.name, people.c.id).limit(limit)
    return [person_of(row) for row in tx.connection.execute(chosen)]


def add(
    tx: Transaction,
    *,
    organisation_id: OrganisationId,
    email: str,
    name: str,
    role: Role,
    by: str | None,
    now: datetime,
) -> PersonId:
    """Add an invited person. email: lower case. by: who invites, if anybody does. Raises AlreadyKnown.

    Whoever has no account is known through an organisation, but is a member of none.
    """
    person_id = PersonId(new_id())
    state = PersonState.INVITED.value
    row = insert(people).values(
        id=person_id,
        organisation_id=organisation_id,
        email=email,
        name=name,
        role=role.value,
        state=state,
        created_at=now,
    )
    if by_email(tx, email) is not None:
        raise AlreadyKnown
    try:
        tx.connection.execute(row)
    except IntegrityError as error:  # two invitations at the same moment, on PostgreSQL
        raise AlreadyKnown from error
    whose = {"person_id": person_id}
    periods.change(tx, standings, whose, by=by, now=now, role=role.value, state=state)
    if role is not Role.OUTSIDER:
        place = {**whose, "organisation_id": organisation_id}
        periods.begin(tx, memberships, place, by=by, now=now)
    return person_id


def rename(tx: Transaction, person_id: PersonId, *, email: str, name: str) -> None:
    """Give a person their address and name. Raises AlreadyKnown."""
    other = by_email(tx, email)
    if other is not None and other.id != person_id:
        raise AlreadyKnown
    named = update(people).where(people.c.id == person_id).values(email=email, name=name)
    try:
        tx.connection.execute(named)
    except IntegrityError as error:  # two people take it at the same moment, on PostgreSQL
        raise AlreadyKnown from error


def set_password(tx: Transaction, person_id: PersonId, password_hash: str | None) -> None:
    """Replace the stored hash; None lets no password in until a new one is chosen."""
    tx.connection.execute(update(people).where(people.c.id == person_id).values(password_hash=password_hash))


def set_state(
    tx: Transaction, person: PersonRow, state: PersonState, *, by: str | None, now: datetime
) -> None:
    """Activate, disable or freeze. by: who does it; None for whoever holds a mailed link."""
    _stand(tx, person.id, person.role, state, by, now)


def set_role(tx: Transaction, person: PersonRow, role: Role, *, by: str | None, now: datetime) -> None:
    """Give another role; the caller ends the sessions that began under the old one (promise 18)."""
    _stand(tx, person.id, role, person.state, by, now)


def move(tx: Transaction, person_id: PersonId, organisation_id: OrganisationId) -> None:
    """Make another organisation the one they are at home in; memberships are the caller's."""
    mine = people.c.id == person_id
    tx.connection.execute(update(people).where(mine).values(organisation_id=organisation_id))


def stands_since(tx: Transaction, person_id: PersonId) -> datetime:
    """Return since when the role and state of a person are what they are."""
    chosen = select(standings.c.starts_at).where(
        standings.c.person_id == person_id, standings.c.ended_at.is_(None)
    )
    since: datetime = tx.connection.execute(chosen).scalar_one()
    return since


def has_joined(tx: Transaction, person_id: PersonId) -> bool:
    """Return whether they were ever active: whoever was is not invited a second time."""
    chosen = select(standings.c.id).where(
        standings.c.person_id == person_id, standings.c.state == PersonState.ACTIVE.value
    )
    return tx.connection.execute(chosen.limit(1)).first() is not None


def set_language(tx: Transaction, person_id: PersonId, language: str) -> None:
    """Choose the language of mail to them: ISO 639-1."""
    tx.connection.execute(update(people).where(people.c.id == person_id).values(language=language))


def set_time_zone(tx: Transaction, person_id: PersonId, zone: str | None) -> None:
    """Note where their day begins; None: they no longer say."""
    tx.connection.execute(update(people).where(people.c.id == person_id).values(time_zone=zone))


def any_active(tx: Transaction, role: Role) -> bool:
    """Return whether somebody of this role has joined, even if disabled since."""
    joined = select(people.c.id).where(
        people.c.role == role.value, people.c.state != PersonState.INVITED.value
    )
    return tx.connection.execute(joined.limit(1)).first() is not None


def active(tx: Transaction, role: Role) -> Sequence[PersonRow]:
    """Return everybody of this role who may be here, the first to come first; for mail to them."""
    here = _people().where(people.c.role == role.value, people.c.state == PersonState.ACTIVE.value)
    return [person_of(row) for row in tx.connection.execute(here.order_by(people.c.created_at, people.c.id))]


def looking_after(tx: Transaction, organisation_id: str, at: datetime) -> Sequence[PersonRow]:
    """Return the account managers who look after an organisation at `at` and may be here; for mail."""
    theirs = select(portfolios.c.person_id).where(
        portfolios.c.organisation_id == organisation_id, periods.in_force(portfolios, at)
    )
    here = _people().where(people.c.id.in_(theirs), people.c.state == PersonState.ACTIVE.value)
    return [person_of(row) for row in tx.connection.execute(here.order_by(people.c.created_at, people.c.id))]


def invited(tx: Transaction, role: Role) -> PersonRow | None:
    """Return the first person of this role who was invited and has not joined."""
    waiting = _people().where(people.c.role == role.value, people.c.state == PersonState.INVITED.value)
    return _one(tx, waiting.order_by(people.c.created_at, people.c.id).limit(1))


def _stand(
    tx: Transaction, person_id: PersonId, role: Role, state: PersonState, by: str | None, now: datetime
) -> None:
    values = {"role": role.value, "state": state.value}
    tx.connection.execute(update(people).where(people.c.id == person_id).values(values))
    periods.change(tx, standings, {"person_id": person_id}, by=by, now=now, **values)


def _people() -> Select[tuple[object, ...]]:
    joined = people.join(organisations, people.c.organisation_id == organisations.c.id)
    return select(people, organisations.c.name.label("organisation_name")).select_from(joined)


PEOPLE: Select[Any] = _people()  # with the name of their organisation

# Every request asks one of these: built once, because building costs as much as asking.
_BY_ID = _people().where(people.c.id == bindparam("id"))
_BY_EMAIL = _people().where(people.c.email == bindparam("email"))
_LOCK = select(people.c.id).where(people.c.id == bindparam("id")).with_for_update(key_share=True)


def _one(tx: Transaction, question: Select[tuple[object, ...]], **values: str) -> PersonRow | None:
    row = tx.connection.execute(question, values).one_or_none()
    return None if row is None else person_of(row)


def person_of(row: Row[tuple[object, ...]]) -> PersonRow:
    """Return the person of a row of `PEOPLE`."""
    return PersonRow(
        id=PersonId(row.id),
        organisation_id=OrganisationId(row.organisation_id),
        organisation_name=row.organisation_name,
        email=row.email,
        name=row.name,
        role=Role(row.role),
        state=PersonState(row.state),
        password_hash=row.password_hash,
        language=row.language,
        time_zone=row.time_zone,
        created_at=row.created_at,
    )
