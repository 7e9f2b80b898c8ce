"""One person as an administrator sees them: where they belong, since when, and what they can prove.

Never a secret: factors are counted, not shown. The caller has checked who asks.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, func, select

from docvault.database.engine import Transaction
from docvault.database.periods import in_force
from docvault.database.tables import (
    memberships,
    organisations,
    passkeys,
    people,
    portfolios,
    recovery_codes,
    sessions,
    standings,
    totp_factors,
)
from docvault.policy.vocabulary import TERMINAL
from docvault.values import OrganisationId, PersonId


@dataclass(frozen=True, slots=True)
class Place:
    """A membership or a client, in force now. ends_at: agreed in advance, or None."""

    organisation_id: OrganisationId
    name: str
    since: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a history. what: standing, membership or client. by: a name; None for themselves."""

    at: datetime
    what: str
    name: str  # of the role and state, or of the organisation
    begins: bool
    by: str | None


@dataclass(frozen=True, slots=True)
class Proofs:
    """What somebody can sign in with, and from how many places they are signed in."""

    has_app: bool
    passkeys: int
    recovery_codes: int
    sessions: int
    tokens: int


def places(tx: Transaction, person_id: PersonId, now: datetime) -> tuple[list[Place], list[Place]]:
    """Return the organisations somebody belongs to, and the clients they look after, by name."""
    return _places(tx, memberships, person_id, now), _places(tx, portfolios, person_id, now)


def proofs(tx: Transaction, person_id: PersonId, now: datetime) -> Proofs:
    """Return which factors there are, and how many sessions and tokens are alive."""

    def count(table: Table, *conditions: Any) -> int:
        chosen = select(func.count()).select_from(table)
        return tx.connection.execute(chosen.where(table.c.person_id == person_id, *conditions)).scalar_one()

    alive = (sessions.c.ended_at.is_(None), sessions.c.expires_at > now)
    return Proofs(
        has_app=count(totp_factors, totp_factors.c.confirmed_at.is_not(None)) > 0,
        passkeys=count(passkeys),
        recovery_codes=count(recovery_codes, recovery_codes.c.used_at.is_(None)),
        sessions=count(sessions, *alive, sessions.c.kind == "full"),
        tokens=count(sessions, *alive, sessions.c.kind == "token"),
    )


def history(tx: Transaction, person_id: PersonId, now: datetime) -> list[Change]:
    """Return every change of role, state, membership and clients, newest first, with who made it."""
    changes = [
        Change(row.starts_at, "standing", f"{row.role}, {row.state}", begins=True, by=row.started_by)
        for row in tx.connection.execute(select(standings).where(standings.c.person_id == person_id))
    ]
    for what, table in (("membership", memberships), ("client", portfolios)):
        for row in _named(tx, table, person_id):
            changes.append(Change(row.starts_at, what, row.name, begins=True, by=row.started_by))
            over = row.ended_at or (row.ends_at if row.ends_at and row.ends_at <= now else None)
            if over is not None:
                changes.append(Change(over, what, row.name, begins=False, by=row.ended_by))
    return _with_names(tx, sorted(changes, key=lambda change: change.at, reverse=True), person_id)


def _places(tx: Transaction, table: Table, person_id: PersonId, now: datetime) -> list[Place]:
    return [
        Place(OrganisationId(row.organisation_id), row.name, row.starts_at, row.ends_at)
        for row in _named(tx, table, person_id, in_force(table, now))
    ]


def _named(tx: Transaction, table: Table, person_id: PersonId, *conditions: Any) -> list[Row[Any]]:
    joined = table.join(organisations, organisations.c.id == table.c.organisation_id)
    chosen = select(table, organisations.c.name).select_from(joined)
    ordered = chosen.where(table.c.person_id == person_id, *conditions).order_by(organisations.c.name)
    return list(tx.connection.execute(ordered))


def _with_names(tx: Transaction, changes: list[Change], person_id: PersonId) -> list[Change]:
    """Put names in the place of the ids of those who made the changes."""
    ids = {change.by for change in changes if change.by}
    chosen = select(people.c.id, people.c.name).where(people.c.id.in_(ids))
    names = {row.id: row.name for row in tx.connection.execute(chosen)} | {TERMINAL: "the terminal"}
    return [
        Change(
            change.at,
            change.what,
            change.name,
            change.begins,
            None if change.by in {None, person_id} else names.get(str(change.by)),
        )
        for change in changes
    ]
