"""Who could see what at any moment, for compliance officers. Each report is an entry of the trail.

Judged with the facts of that moment and the rules now in force; where the rules changed since, a report says
so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from docvault.audit import listing
from docvault.audit.kinds import Kind
from docvault.database import access_history, audit, folder_members, folders, people, policy_history
from docvault.database import acting as actors
from docvault.database.access_history import EnvelopeThen, FolderThen, Period
from docvault.database.engine import PAGE_MOST, Database, Page, Transaction
from docvault.database.folders import FolderRow, FolderSummary
from docvault.database.people import PersonRow
from docvault.policy.rules import Rule
from docvault.policy.vocabulary import PORTAL, Acting, Permission, Resource, ResourceType, Role
from docvault.rules import reports as rules
from docvault.values import NotFound, OrganisationId, PersonId

FOUND = 20  # folders or people of a search

# The verbs of a report, in its order: on the folder, and on a document in it whose glass is whole.
VERBS: Mapping[Permission, str] = {
    Permission.FOLDER_SEE: "see",
    Permission.DOCUMENT_READ: "read",
    Permission.DOCUMENT_DOWNLOAD: "download",
    Permission.FOLDER_UPLOAD: "upload",
    Permission.FOLDER_ARRANGE: "arrange",
    Permission.DOCUMENT_CHANGE: "change",
    Permission.FOLDER_SHARE: "share",
    Permission.FOLDER_MANAGE: "manage",
    Permission.FOLDER_SIGN: "sign",
}
_PEOPLE = ("person_id", "name", "email", "organisation", "role", *VERBS.values(), "glasses", "because")
_THINGS = ("kind", "id", "name", "organisation", "documents", "state", *VERBS.values(), "because")


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody could do with a folder, and the rules that let them see it."""

    verbs: tuple[str, ...]  # of VERBS, in their order
    because: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who could see the folder."""

    person_id: PersonId
    name: str
    email: str
    organisation: str  # the one they were invited to
    role: Role  # then
    rights: Rights
    glasses: int  # documents in it whose glass they had broken


@dataclass(frozen=True, slots=True)
class Visible:
    """A folder that the person could see."""

    folder: FolderThen
    rights: Rights


@dataclass(frozen=True, slots=True)
class RulesSince:
    """What is known of the rules since the moment of a report."""

    recorded_from: datetime | None  # before it nobody noted which rules were in force
    changed_at: Sequence[datetime]  # after the moment of the report


@dataclass(frozen=True, slots=True)
class FolderReport:
    folder: FolderSummary
    at: datetime
    existed: bool
    viewers: Sequence[Viewer]
    history: Sequence[Period]
    rules: RulesSince


@dataclass(frozen=True, slots=True)
class PersonReport:
    person: PersonRow
    at: datetime
    role: Role | None  # then; None if they could not sign in
    total: int  # folders
    folders: Page[Visible]
    envelopes: Sequence[EnvelopeThen]
    history: Sequence[Period]
    rules: RulesSince


def find_folders(db: Database, *, acting: Acting, words: str) -> Sequence[FolderSummary]:
    """Return folders by name, to report on. Raises Forbidden."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.ACCESS_REPORT, PORTAL)
        return folders.page(tx, acting, search=words, limit=FOUND).items if words.strip() else []


def find_people(db: Database, *, acting: Acting, words: str) -> Sequence[PersonRow]:
    """Return people by a part of their name or address, to report on. Raises Forbidden."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.ACCESS_REPORT, PORTAL)
        return people.called(tx, words, FOUND)


def who_could_see(
    db: Database, *, acting: Acting, folder_id: str, at: datetime | None = None, now: datetime
) -> FolderReport:
    """Return who could see a folder at a moment, and how its shares came and went.

    Raises Forbidden, MomentUnclear or NotFound, tried in that order.
    """
    moment = _begin(db, acting, at, now)
    with db.transaction() as tx:
        folder = folders.for_seeing(tx, acting, folder_id)
        _note(tx, acting, "folder", folder.id, folder.organisation_id, moment, now)
    with db.snapshot() as tx:
        existed = access_history.existed(tx, folder.id, moment)
        return FolderReport(
            folder=folders.summary(tx, acting, folder),
            at=moment,
            existed=existed,
            viewers=_viewers(tx, folder, moment) if existed else [],
            history=access_history.of_folder(tx, folder.id),
            rules=_rules_since(tx, moment),
        )


def what_could_they_see(
    db: Database,
    *,
    acting: Acting,
    person_id: str,
    at: datetime | None = None,
    after: str | None = None,
    limit: int = PAGE_MOST,
    now: datetime,
) -> PersonReport:
    """Return what a person could see at a moment: a page of folders, the envelopes, and how that came about.

    Raises Forbidden, MomentUnclear, NotFound or BadCursor, tried in that order.
    """
    moment = _begin(db, acting, at, now)
    person = _noted_person(db, acting, person_id, moment, now)
    with db.snapshot() as tx:
        then = actors.as_of(tx, person.id, moment)
        return PersonReport(
            person=person,
            at=moment,
            role=then.role if then else None,
            total=access_history.folder_count(tx, then) if then else 0,
            folders=_visible(tx, then, after, min(limit, PAGE_MOST)) if then else Page([], None),
            envelopes=access_history.envelope_list(tx, then) if then else [],
            history=access_history.of_person(tx, person.id),
            rules=_rules_since(tx, moment),
        )


def who_as_csv(
    db: Database, *, acting: Acting, folder_id: str, at: datetime | None = None, now: datetime
) -> bytes:
    """Return `who_could_see` as CSV, one line a person. Raises as it does."""
    report = who_could_see(db, acting=acting, folder_id=folder_id, at=at, now=now)
    rows = (
        {
            "person_id": one.person_id,
            "name": one.name,
            "email": one.email,
            "organisation": one.organisation,
            "role": one.role.value,
            "glasses": one.glasses,
            **_as_cells(one.rights),
        }
        for one in report.viewers
    )
    return b"".join(listing.csv(rows, _PEOPLE))


def what_as_csv(
    db: Database, *, acting: Acting, person_id: str, at: datetime | None = None, now: datetime
) -> bytes:
    """Return all that `what_could_they_see` pages through as CSV, one line a folder or envelope.

    Raises Forbidden, MomentUnclear or NotFound, tried in that order.
    """
    moment = _begin(db, acting, at, now)
    person = _noted_person(db, acting, person_id, moment, now)
    with db.snapshot() as tx:
        then = actors.as_of(tx, person.id, moment)
        return b"".join(listing.csv(_things(tx, then) if then else (), _THINGS))


def _things(tx: Transaction, then: Acting) -> Iterator[Mapping[str, object]]:
    after: str | None = None
    empty = {"documents": "", "state": "", "because": "", **dict.fromkeys(VERBS.values(), "")}
    while True:
        page = _visible(tx, then, after, PAGE_MOST)
        for one in page.items:
            told = {"kind": "folder", "id": one.folder.id, "name": one.folder.name}
            place = {"organisation": one.folder.organisation_name, "documents": one.folder.documents}
            yield {**empty, **told, **place, **_as_cells(one.rights)}
        after = page.next
        if after is None:
            break
    for envelope in access_history.envelope_list(tx, then):
        told = {"kind": "envelope", "id": envelope.id, "name": envelope.title}
        yield {**empty, **told, "organisation": envelope.organisation_name, "state": envelope.state}


def _as_cells(rights: Rights) -> dict[str, str]:
    verbs = {verb: "yes" if verb in rights.verbs else "no" for verb in VERBS.values()}
    return {**verbs, "because": " ".join(rule.says for rule in rights.because)}


def _begin(db: Database, acting: Acting, at: datetime | None, now: datetime) -> datetime:
    with db.reading() as tx:
        tx.policy.require(acting, Permission.ACCESS_REPORT, PORTAL)
    return rules.moment(at, now)


def _noted_person(db: Database, acting: Acting, person_id: str, moment: datetime, now: datetime) -> PersonRow:
    with db.transaction() as tx:
        person = people.by_id(tx, PersonId(person_id))
        if person is None:
            raise NotFound
        _note(tx, acting, "person", person.id, person.organisation_id, moment, now)
        return person


def _note(
    tx: Transaction,
    acting: Acting,
    about: str,
    about_id: str,
    organisation_id: OrganisationId,
    moment: datetime,
    now: datetime,
) -> None:
    """Record the report before anything of it is read: none is made without its entry."""
    audit.append(
        tx,
        Kind.ACCESS_REPORTED,
        at=now,
        acting=acting,
        object_type=about,
        object_id=about_id,
        organisation_id=organisation_id,
        facts={"as_of": moment.isoformat()},
    )


def _viewers(tx: Transaction, folder: FolderRow, at: datetime) -> list[Viewer]:
    """Ask the policies about everybody who was active then: what somebody near could be, only they know."""
    resource = folder_members.resource_as_of(tx, folder.id, folder.organisation_id, at)
    employers = people.organisation_names(tx)
    broken = access_history.glasses(tx, folder.id, at)
    return [
        Viewer(
            person_id=one.person_id,
            name=one.name,
            email=one.email,
            organisation=employers.get(one.organisation_id, ""),
            role=one.role,
            rights=_rights(tx, one, resource),
            glasses=broken.get(one.person_id, 0),
        )
        for one in actors.everybody_as_of(tx, at)
        if tx.policy.decide(one, Permission.FOLDER_SEE, resource).allowed
    ]


def _visible(tx: Transaction, then: Acting, after: str | None, limit: int) -> Page[Visible]:
    page = access_history.folder_page(tx, then, after=after, limit=limit)
    whose = {str(one.id): str(one.organisation_id) for one in page.items}
    resources = folder_members.resources_as_of(tx, whose, then.at)
    known: dict[object, Rights] = {}
    items = []
    for one in page.items:
        # Folders that are shared alike have the same answer: thousands of them cost one decision.
        alike = tuple(sorted(resources[one.id].attributes.items()))
        if alike not in known:
            known[alike] = _rights(tx, then, resources[one.id])
        items.append(Visible(one, known[alike]))
    return Page(items, page.next)


def _rights(tx: Transaction, then: Acting, folder: Resource) -> Rights:
    document = Resource(ResourceType.DOCUMENT, "", {**folder.attributes, "opened": frozenset()})
    may = tx.policy.allowed(then, folder, VERBS) | tx.policy.allowed(then, document, VERBS)
    found = tx.policy.explain(then, Permission.FOLDER_SEE, folder)
    return Rights(tuple(verb for permission, verb in VERBS.items() if permission in may), found.decided)


def _rules_since(tx: Transaction, moment: datetime) -> RulesSince:
    known = policy_history.loaded(tx)
    return RulesSince(known[0].at if known else None, [one.at for one in known[1:] if one.at > moment])
