"""With whom a folder is shared and who is kept out of it: for itself and for all that lies in it.

What a folder inherits counts exactly like its own. Every change is a period, so any day can be asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, or_, select

from docvault.database import acting as actors
from docvault.database import periods, tables
from docvault.database.engine import Transaction
from docvault.database.residuals import DENIED, OF_ENVELOPES, SHARES
from docvault.database.tables import folder_paths, memberships, organisations, people, portfolios
from docvault.policy.vocabulary import ANYTHING, Acting, AttributeValue, Resource, ResourceType, Role
from docvault.values import NotFound, OrganisationId, PersonId

grants = tables.folder_members


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person who may have a way to see a folder; whether they do is for the policies to say."""

    person_id: PersonId
    name: str
    email: str
    role: Role
    organisation_id: OrganisationId
    organisation_name: str
    shared_as: str | None  # viewer | contributor | signer | manager | denied, for this folder itself
    until: datetime | None  # when that sharing runs out
    looks_after: bool  # the folder's organisation is in their portfolio
    belongs: bool  # they are a member of the folder's organisation


def resource(tx: Transaction, folder_id: str, organisation_id: str, at: datetime) -> Resource:
    """Return a folder as the policies see it at `at`, the moment of a request."""
    return _resource(tx, folder_id, organisation_id, periods.in_force(grants, at))


def resource_as_of(tx: Transaction, folder_id: str, organisation_id: str, at: datetime) -> Resource:
    """Return a folder as the policies would have seen it at a past moment."""
    return _resource(tx, folder_id, organisation_id, periods.as_of(grants, at))


def resources_as_of(
    tx: Transaction, organisations_of: Mapping[str, str], at: datetime
) -> dict[str, Resource]:
    """Return folders as the policies would have seen them then. organisations_of: by the folders' ids."""
    chosen = (
        select(folder_paths.c.folder_id, grants.c.person_id, grants.c.role)
        .join_from(folder_paths, grants, grants.c.folder_id == folder_paths.c.ancestor_id)
        .where(folder_paths.c.folder_id.in_(list(organisations_of)), periods.as_of(grants, at))
    )
    found: dict[str, list[Any]] = {folder_id: [] for folder_id in organisations_of}
    for row in tx.connection.execute(chosen):
        found[row.folder_id].append(row)
    return {each: _of_grants(each, organisations_of[each], rows) for each, rows in found.items()}


def of_envelopes(
    tx: Transaction, folder_ids: Iterable[str], at: datetime
) -> dict[str, dict[str, frozenset[str]]]:
    """Return what envelopes carry of their folders at `at`: who contributes, manages, or is kept out."""
    roles = {SHARES[name]: name for name in OF_ENVELOPES}
    chosen = (
        select(folder_paths.c.folder_id, grants.c.person_id, grants.c.role)
        .join_from(folder_paths, grants, grants.c.folder_id == folder_paths.c.ancestor_id)
        .where(
            folder_paths.c.folder_id.in_(set(folder_ids)),
            grants.c.role.in_(roles),
            periods.in_force(grants, at),
        )
    )
    found = {each: {name: frozenset[str]() for name in OF_ENVELOPES} for each in folder_ids}
    for row in tx.connection.execute(chosen):
        sets, name = found[row.folder_id], roles[row.role]
        sets[name] = sets[name] | {row.person_id}
    return found


def candidates(tx: Transaction, folder: Resource, at: datetime) -> Sequence[Candidate]:
    """Return everybody active who may have a way to see the folder, by name."""
    conditions = or_(
        people.c.id.in_(_inherited(folder, at)),
        memberships.c.person_id.is_not(None),
        portfolios.c.person_id.is_not(None),
        people.c.role == Role.COMPLIANCE_OFFICER,
    )
    return _candidates(tx, folder, at, conditions)


def as_acting(tx: Transaction, acting: Acting, people_near: Sequence[Candidate]) -> dict[PersonId, Acting]:
    """Return each person as the policies would see them: only to ask what they could do, never to do it."""
    places = actors.places_of(tx, [one.person_id for one in people_near], acting.at)
    return {
        one.person_id: replace(
            acting,
            person_id=one.person_id,
            organisation_id=one.organisation_id,
            role=one.role,
            organisations=places[one.person_id].organisations,
            clients=places[one.person_id].clients,
            session_kind="full",
            scopes=ANYTHING,
            name=one.name,
            email=one.email,
        )
        for one in people_near
    }


def possible(tx: Transaction, acting: Acting, folder: Resource) -> Sequence[Candidate]:
    """Return the people `acting` knows, that the folder could be shared with and is not yet, by name.

    Nobody who is kept out is among them: sharing would not let them in.
    """
    condition = _known(acting, folder) & _guests(acting) & grants.c.role.is_(None)
    denied = _denied(folder)
    return [one for one in _candidates(tx, folder, acting.at, condition) if one.person_id not in denied]


def removable(tx: Transaction, acting: Acting, folder: Resource) -> Sequence[Candidate]:
    """Return the people that could be kept out of the folder and are not yet, by name."""
    near = or_(
        _known(acting, folder),
        people.c.id.in_(_inherited(folder, acting.at)),
        portfolios.c.person_id.is_not(None),
    )
    denied = _denied(folder)
    found = _candidates(tx, folder, acting.at, near & _guests(acting))
    return [one for one in found if one.person_id not in denied]


def outside(tx: Transaction, folder: Resource, at: datetime) -> Sequence[Candidate]:
    """Return everybody who is kept out of the folder, or of one it lies in, by name."""
    return _candidates(tx, folder, at, people.c.id.in_(sorted(_denied(folder))))


def add(
    tx: Transaction,
    acting: Acting,
    folder: Resource,
    person_id: str,
    role: str,
    now: datetime,
    until: datetime | None = None,
) -> None:
    """Begin a grant, or keep somebody out with the role `denied`. Raises NotFound if somebody was faster."""
    what = {"folder_id": folder.id, "person_id": person_id}
    if not periods.begin(tx, grants, what, by=acting.person_id, now=now, ends_at=until, role=role):
        raise NotFound


def change(
    tx: Transaction,
    acting: Acting,
    folder: Resource,
    person_id: str,
    role: str,
    now: datetime,
    until: datetime | None = None,
) -> str:
    """End the share of this folder, begin another one, and return the role before. Raises NotFound."""
    before = unshare(tx, acting, folder, person_id, now)
    add(tx, acting, folder, person_id, role, now, until)
    return before


def unshare(tx: Transaction, acting: Acting, folder: Resource, person_id: str, now: datetime) -> str:
    """End the share of this folder itself and return its role. Raises NotFound, also for a denial."""
    role = _finish(tx, acting, folder, person_id, now)
    if role is None or role == DENIED:
        raise NotFound
    return role


def keep_out(tx: Transaction, acting: Acting, folder: Resource, person_id: str, now: datetime) -> str | None:
    """Keep a person out, end their share of the same folder, and return the role it gave, or None.

    Raises NotFound if they are kept out already.
    """
    before = _finish(tx, acting, folder, person_id, now)
    if before == DENIED:
        raise NotFound
    add(tx, acting, folder, person_id, DENIED, now)
    return before


def let_in(tx: Transaction, acting: Acting, folder: Resource, person_id: str, now: datetime) -> None:
    """End a denial of this folder itself. Raises NotFound, also for a share."""
    if _finish(tx, acting, folder, person_id, now) != DENIED:
        raise NotFound


def _finish(tx: Transaction, acting: Acting, folder: Resource, person_id: str, now: datetime) -> str | None:
    """End the grant in force; a caller that finds the wrong kind raises, which undoes it."""
    what = {"folder_id": folder.id, "person_id": person_id}
    row = periods.finish(tx, grants, what, by=acting.person_id, now=now)
    return None if row is None else str(row.role)


def _known(acting: Acting, folder: Resource) -> ColumnElement[bool]:
    """Return the condition for members of the folder's organisation and of those `acting` deals with."""
    known = {_organisation(folder), *acting.organisations, *acting.clients}
    return people.c.id.in_(
        select(memberships.c.person_id).where(
            memberships.c.organisation_id.in_(sorted(known)), periods.in_force(memberships, acting.at)
        )
    )


def _guests(acting: Acting) -> ColumnElement[bool]:
    """Return the condition for people who come and go: nobody keeps compliance out, or lets it in."""
    return people.c.role.in_((Role.CLIENT, Role.ACCOUNT_MANAGER)) & (people.c.id != acting.person_id)


def _inherited(folder: Resource, at: datetime) -> Select[Any]:
    return (
        select(grants.c.person_id)
        .join_from(grants, folder_paths, folder_paths.c.ancestor_id == grants.c.folder_id)
        .where(folder_paths.c.folder_id == folder.id, periods.in_force(grants, at))
    )


def _denied(folder: Resource) -> frozenset[str]:
    denied = folder.attributes["denied"]
    return denied if isinstance(denied, frozenset) else frozenset()


def _organisation(folder: Resource) -> str:
    return str(folder.attributes["organisation"])


def _resource(tx: Transaction, folder_id: str, organisation_id: str, counts: ColumnElement[bool]) -> Resource:
    chosen = (
        select(grants.c.person_id, grants.c.role)
        .join_from(folder_paths, grants, grants.c.folder_id == folder_paths.c.ancestor_id)
        .where(folder_paths.c.folder_id == folder_id, counts)
    )
    return _of_grants(folder_id, organisation_id, tx.connection.execute(chosen).all())


def _of_grants(folder_id: str, organisation_id: str, rows: Sequence[Any]) -> Resource:
    sets = {
        name: frozenset(row.person_id for row in rows if row.role == role) for name, role in SHARES.items()
    }
    members = frozenset(row.person_id for row in rows if row.role != DENIED)
    attributes: dict[str, AttributeValue] = {"organisation": organisation_id, "members": members, **sets}
    return Resource(ResourceType.FOLDER, folder_id, attributes)


def _candidates(
    tx: Transaction, folder: Resource, at: datetime, condition: ColumnElement[bool]
) -> Sequence[Candidate]:
    def own(table: Table, column: str, value: str) -> ColumnElement[bool]:
        return (table.c.person_id == people.c.id) & (table.c[column] == value) & periods.in_force(table, at)

    chosen = (
        select(
            people.c.id.label("person_id"),
            people.c.name,
            people.c.email,
            people.c.role,
            people.c.organisation_id,
            organisations.c.name.label("organisation_name"),
            grants.c.role.label("shared_as"),
            grants.c.ends_at.label("until"),
            portfolios.c.person_id.is_not(None).label("looks_after"),
            memberships.c.person_id.is_not(None).label("belongs"),
        )
        .join_from(people, organisations, people.c.organisation_id == organisations.c.id)
        .outerjoin(grants, own(grants, "folder_id", folder.id))
        .outerjoin(portfolios, own(portfolios, "organisation_id", _organisation(folder)))
        .outerjoin(memberships, own(memberships, "organisation_id", _organisation(folder)))
        .where(people.c.state == "active", condition)
        .order_by(people.c.name, people.c.id)
    )
    flags = ("looks_after", "belongs")
    return [
        Candidate(**{**row, "role": Role(row["role"]), **{flag: bool(row[flag]) for flag in flags}})
        for row in tx.connection.execute(chosen).mappings()
    ]
