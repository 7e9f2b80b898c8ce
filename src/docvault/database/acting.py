"""Who acts, with the rights of one moment: now for a request or a job, any day for a report."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, bindparam, literal, select, true, union_all

from docvault.database import people, periods
from docvault.database.engine import Transaction
from docvault.database.people import PersonRow, PersonState
from docvault.database.periods import AT
from docvault.database.tables import memberships, portfolios, standings
from docvault.database.tables import people as person_rows
from docvault.policy.vocabulary import ANYTHING, Acting, Role
from docvault.values import OrganisationId, PersonId, SessionId


@dataclass(frozen=True, slots=True)
class Places:
    organisations: frozenset[OrganisationId]  # where a person belongs
    clients: frozenset[OrganisationId]  # whom they look after


NO_SESSION = SessionId("")  # of somebody who is only asked about


def of(
    tx: Transaction,
    person: PersonRow,
    *,
    at: datetime,
    session_id: SessionId = NO_SESSION,
    session_kind: str = "full",
    factors: str = "",
    address: str = "",
    user_agent: str = "",
    scopes: frozenset[str] = ANYTHING,
) -> Acting:
    """Return `person` with the rights that are in force at `at`, the moment of a request or a job."""
    places = tx.connection.execute(_NOW, {"people": [person.id], "at": at}).all()
    return Acting(
        person_id=person.id,
        organisation_id=person.organisation_id,
        role=person.role,
        organisations=_of_kind(places, "member"),
        clients=_of_kind(places, "client"),
        session_id=session_id,
        session_kind=session_kind,
        factors=factors,
        name=person.name,
        email=person.email,
        address=address,
        user_agent=user_agent,
        at=at,
        scopes=scopes,
    )


def places_of(tx: Transaction, person_ids: Iterable[str], at: datetime) -> dict[str, Places]:
    """Return where each of these people belongs and whom they look after."""
    wanted = list(person_ids)
    rows = tx.connection.execute(_NOW, {"people": wanted, "at": at}).all()
    return {
        person_id: Places(
            _of_kind([row for row in rows if row.person_id == person_id], "member"),
            _of_kind([row for row in rows if row.person_id == person_id], "client"),
        )
        for person_id in wanted
    }


def again(tx: Transaction, person_id: PersonId, at: datetime) -> Acting | None:
    """Return somebody who asked for a deed earlier, with the rights of now; None without any (promise 25).

    Whoever belongs to no organisation any more has no rights, as in sessions.live (promise 15).
    """
    person = people.by_id(tx, person_id)
    if person is None or person.state != PersonState.ACTIVE:
        return None
    acting = of(tx, person, at=at)
    return acting if acting.organisations else None


def as_of(tx: Transaction, person_id: PersonId, at: datetime) -> Acting | None:
    """Return somebody with the rights they had at a past moment; None if they were not active then."""
    found = _all_as_of(tx, at, person_rows.c.id == person_id, _THEN, {"people": [person_id], "at": at})
    return found[0] if found else None


def everybody_as_of(tx: Transaction, at: datetime) -> list[Acting]:
    """Return everybody who was active at a past moment, with the rights they had then, by name."""
    return _all_as_of(tx, at, true(), _THEN_OF_ALL, {"at": at})


def _all_as_of(
    tx: Transaction, at: datetime, who: ColumnElement[bool], places_then: Any, values: dict[str, Any]
) -> list[Acting]:
    stood = (
        select(person_rows, standings.c.role.label("role_then"))
        .join_from(person_rows, standings, standings.c.person_id == person_rows.c.id)
        .where(who, standings.c.state == PersonState.ACTIVE.value, periods.as_of(standings, at))
        .order_by(person_rows.c.name, person_rows.c.id)
    )
    places: dict[str, list[Any]] = {}
    for row in tx.connection.execute(places_then, values):
        places.setdefault(row.person_id, []).append(row)
    return [
        Acting(
            person_id=PersonId(row.id),
            organisation_id=OrganisationId(row.organisation_id),
            role=Role(row.role_then),
            organisations=_of_kind(places.get(row.id, []), "member"),
            clients=_of_kind(places.get(row.id, []), "client"),
            session_id=NO_SESSION,
            session_kind="full",
            factors="",
            name=row.name,
            email=row.email,
            address="",
            user_agent="",
            at=at,
        )
        for row in tx.connection.execute(stood)
    ]


def _of_kind(places: Any, kind: str) -> frozenset[OrganisationId]:
    return frozenset(OrganisationId(row.organisation_id) for row in places if row.kind == kind)


def _places(condition: Any, *, of_all: bool = False) -> Any:
    """Return the question for everything that people belong to and look after."""

    def one(kind: str, table: Table) -> Select[Any]:
        counts: ColumnElement[bool] = condition(table, AT)
        whose = true() if of_all else table.c.person_id.in_(bindparam("people", expanding=True))
        columns = (literal(kind).label("kind"), table.c.person_id, table.c.organisation_id)
        return select(*columns).where(whose, counts)

    return union_all(one("member", memberships), one("client", portfolios))


# Every request asks the first: built once, because building costs as much as asking.
_NOW = _places(periods.in_force)
_THEN = _places(periods.as_of)
_THEN_OF_ALL = _places(periods.as_of, of_all=True)
