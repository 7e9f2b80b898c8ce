"""People: who there is, in which organisation and state. Answers only who may ask.

A person is `invited` until their second factor is confirmed, then `active`; `disabled` takes every right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Row, Select, bindparam, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from docvault.database.engine import PAGE, PAGE_MOST, Page, Transaction, before_cursor, cursor_after
from docvault.database.tables import organisations, people, portfolios
from docvault.policy.vocabulary import PORTAL, Acting, Permission, Role
from docvault.rules.people import PeopleError
from docvault.values import NotFound, OrganisationId, PersonId, new_id


class PersonState(StrEnum):
    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


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
    rows = [_person(row) for row in tx.connection.execute(question).all()]
    more = len(rows) > limit
    items = rows[:limit]
    return Page(items, cursor_after(items[-1].created_at, items[-1].id) if more else None)


def clients_of(
    tx: Transaction, person_ids: Iterable[PersonId]
) -> Mapping[PersonId, frozenset[OrganisationId]]:
    """Return whom each account manager looks after; people without clients are left out."""
    found: dict[PersonId, set[OrganisationId]] = {}
    for row in tx.connection.execute(_PORTFOLIOS, {"people": list(person_ids)}):
        found.setdefault(PersonId(row.person_id), set()).add(OrganisationId(row.organisation_id))
    return {person_id: frozenset(clients) for person_id, clients in found.items()}


def add(
    tx: Transaction, *, organisation_id: OrganisationId, email: str, name: str, role: Role, now: datetime
) -> PersonId:
    """Add an invited person. email: lower case. Raises AlreadyKnown."""
    person_id = PersonId(new_id())
    row = insert(people).values(
        id=person_id,
        organisation_id=organisation_id,
        email=email,
        name=name,
        role=role.value,
        state=PersonState.INVITED.value,
        created_at=now,
    )
    if by_email(tx, email) is not None:
        raise AlreadyKnown
    try:
        tx.connection.execute(row)
    except IntegrityError as error:  # two invitations at the same moment, on PostgreSQL
        raise AlreadyKnown from error
    return person_id


def rename(tx: Transaction, person_id: PersonId, *, email: str, name: str) -> None:
    """Give an invited person their address and name. Raises AlreadyKnown."""
    other = by_email(tx, email)
    if other is not None and other.id != person_id:
        raise AlreadyKnown
    tx.connection.execute(update(people).where(people.c.id == person_id).values(email=email, name=name))


def set_password(tx: Transaction, person_id: PersonId, password_hash: str) -> None:
    """Replace the stored hash."""
    tx.connection.execute(update(people).where(people.c.id == person_id).values(password_hash=password_hash))


def set_state(tx: Transaction, person_id: PersonId, state: PersonState) -> None:
    """Invite, activate or disable."""
    tx.connection.execute(update(people).where(people.c.id == person_id).values(state=state.value))


def any_active(tx: Transaction, role: Role) -> bool:
    """Return whether somebody of this role has joined, even if disabled since."""
    joined = select(people.c.id).where(
        people.c.role == role.value, people.c.state != PersonState.INVITED.value
    )
    return tx.connection.execute(joined.limit(1)).first() is not None


def invited(tx: Transaction, role: Role) -> PersonRow | None:
    """Return the first person of this role who was invited and has not joined."""
    waiting = _people().where(people.c.role == role.value, people.c.state == PersonState.INVITED.value)
    return _one(tx, waiting.order_by(people.c.created_at, people.c.id).limit(1))


def _people() -> Select[tuple[object, ...]]:
    joined = people.join(organisations, people.c.organisation_id == organisations.c.id)
    return select(people, organisations.c.name.label("organisation_name")).select_from(joined)


# Every request asks one of these: built once, because building costs as much as asking.
_BY_ID = _people().where(people.c.id == bindparam("id"))
_BY_EMAIL = _people().where(people.c.email == bindparam("email"))
_PORTFOLIOS = select(portfolios).where(portfolios.c.person_id.in_(bindparam("people", expanding=True)))
_LOCK = select(people.c.id).where(people.c.id == bindparam("id")).with_for_update(key_share=True)


def _one(tx: Transaction, question: Select[tuple[object, ...]], **values: str) -> PersonRow | None:
    row = tx.connection.execute(question, values).one_or_none()
    return None if row is None else _person(row)


def _person(row: Row[tuple[object, ...]]) -> PersonRow:
    return PersonRow(
        id=PersonId(row.id),
        organisation_id=OrganisationId(row.organisation_id),
        organisation_name=row.organisation_name,
        email=row.email,
        name=row.name,
        role=Role(row.role),
        state=PersonState(row.state),
        password_hash=row.password_hash,
        created_at=row.created_at,
    )
