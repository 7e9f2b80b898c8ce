"""With whom a folder is shared and who is kept out of it: for itself and for all that lies in it.

What a folder inherits counts exactly like its own. Every change is a period, so any day can be asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, bindparam, or_, select

from docvault.database import acting as actors
from docvault.database import periods, tables
from docvault.database.engine import Transaction
from docvault.database.periods import AT
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
    return _resource(tx, folder_id, organisation_id, at, _IN_FORCE)


def resource_as_of(tx: Transaction, folder_id: str, organisation_id: str, at: datetime) -> Resource:
    """Return a folder as the policies would have seen it at a past moment."""
    return _resource(tx, folder_id, organisation_id, at, _AS_OF)


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
    return _people(tx, _WITH_A_WAY, folder, at)


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
    denied = _denied(folder)
    found = _people(tx, _POSSIBLE, folder, acting.at, acting)
    return [one for one in found if one.person_id not in denied]


def removable(tx: Transaction, acting: Acting, folder: Resource) -> Sequence[Candidate]:
    """Return the people that could be kept out of the folder and are not yet, by name."""
    denied = _denied(folder)
    found = _people(tx, _REMOVABLE, folder, acting.at, acting)
    return [one for one in found if one.person_id not in denied]


def outside(tx: Transaction, folder: Resource, at: datetime) -> Sequence[Candidate]:
    """Return everybody who is kept out of the folder, or of one it lies in, by name."""
    denied = _denied(folder)
    return _people(tx, _NAMED, folder, at, named=denied) if denied else []


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


def _denied(folder: Resource) -> frozenset[str]:
    denied = folder.attributes["denied"]
    return denied if isinstance(denied, frozenset) else frozenset()


def _organisation(folder: Resource) -> str:
    return str(folder.attributes["organisation"])


def _resource(
    tx: Transaction, folder_id: str, organisation_id: str, at: datetime, question: Select[Any]
) -> Resource:
    rows = tx.connection.execute(question, {"folder": folder_id, "at": at}).all()
    return _of_grants(folder_id, organisation_id, rows)


def _of_grants(folder_id: str, organisation_id: str, rows: Sequence[Any]) -> Resource:
    sets = {
        name: frozenset(row.person_id for row in rows if row.role == role) for name, role in SHARES.items()
    }
    members = frozenset(row.person_id for row in rows if row.role != DENIED)
    attributes: dict[str, AttributeValue] = {"organisation": organisation_id, "members": members, **sets}
    return Resource(ResourceType.FOLDER, folder_id, attributes)


def _people(
    tx: Transaction,
    question: Select[Any],
    folder: Resource,
    at: datetime,
    acting: Acting | None = None,
    named: frozenset[str] = frozenset(),
) -> Sequence[Candidate]:
    """Ask one of the questions below; those about people that somebody knows name who it is."""
    own = _organisation(folder)
    values: dict[str, Any] = {"folder": folder.id, "organisation": own, "at": at, "named": sorted(named)}
    if acting is not None:
        known = sorted({own, *acting.organisations, *acting.clients})
        values |= {"self": acting.person_id, "known": known}
    flags = ("looks_after", "belongs")
    return [
        Candidate(**{**row, "role": Role(row["role"]), **{flag: bool(row[flag]) for flag in flags}})
        for row in tx.connection.execute(question, values).mappings()
    ]


def _candidates(condition: ColumnElement[bool]) -> Select[Any]:
    def own(table: Table, column: str) -> ColumnElement[bool]:
        whose = (table.c.person_id == people.c.id) & (
            table.c[column] == bindparam(column.removesuffix("_id"))
        )
        return whose & periods.in_force(table, AT)

    return (
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
        .outerjoin(grants, own(grants, "folder_id"))
        .outerjoin(portfolios, own(portfolios, "organisation_id"))
        .outerjoin(memberships, own(memberships, "organisation_id"))
        .where(people.c.state == "active", condition)
        .order_by(people.c.name, people.c.id)
    )


# A page about a folder asks these again and again: built once, because building costs more than asking.
_GRANTS = (
    select(grants.c.person_id, grants.c.role)
    .join_from(folder_paths, grants, grants.c.folder_id == folder_paths.c.ancestor_id)
    .where(folder_paths.c.folder_id == bindparam("folder"))
)
_IN_FORCE = _GRANTS.where(periods.in_force(grants, AT))
_AS_OF = _GRANTS.where(periods.as_of(grants, AT))

_INHERITED = people.c.id.in_(
    select(grants.c.person_id)
    .join_from(grants, folder_paths, folder_paths.c.ancestor_id == grants.c.folder_id)
    .where(folder_paths.c.folder_id == bindparam("folder"), periods.in_force(grants, AT))
)
# Members of the folder's organisation and of those that whoever asks deals with.
_KNOWN = people.c.id.in_(
    select(memberships.c.person_id).where(
        memberships.c.organisation_id.in_(bindparam("known", expanding=True)),
        periods.in_force(memberships, AT),
    )
)
# People who come and go: nobody keeps compliance out, or lets it in.
_GUESTS = people.c.role.in_((Role.CLIENT, Role.ACCOUNT_MANAGER)) & (people.c.id != bindparam("self"))
_LOOKING_AFTER = portfolios.c.person_id.is_not(None)

_WITH_A_WAY = _candidates(
    or_(
        _INHERITED,
        memberships.c.person_id.is_not(None),
        _LOOKING_AFTER,
        people.c.role == Role.COMPLIANCE_OFFICER,
    )
)
_POSSIBLE = _candidates(_KNOWN & _GUESTS & grants.c.role.is_(None))
_REMOVABLE = _candidates(or_(_KNOWN, _INHERITED, _LOOKING_AFTER) & _GUESTS)
_NAMED = _candidates(people.c.id.in_(bindparam("named", expanding=True)))
