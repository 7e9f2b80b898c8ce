"""With whom a folder is shared, and who is kept out of it. Nobody gives more than they have (promise 22)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.database import acting as actors
from docvault.database import audit, folder_members, folders, people
from docvault.database.engine import Database, Transaction
from docvault.database.folder_members import Candidate
from docvault.database.folders import FolderRow
from docvault.database.residuals import SHARES
from docvault.policy.vocabulary import Acting, AttributeValue, Permission, Resource, ResourceType
from docvault.rules import folders as rules
from docvault.rules.folders import FolderRefused
from docvault.values import NotFound, PersonId

LATEST = datetime.max.replace(tzinfo=UTC)
MOMENT = timedelta(microseconds=1)  # the smallest step of a moment in the database

# What a share can give, in words: on the folder, and on the documents in it.
_WORDS: Mapping[Permission, str] = {
    Permission.FOLDER_SEE: "seeing the folder",
    Permission.DOCUMENT_SEE: "seeing documents",
    Permission.DOCUMENT_READ: "reading documents",
    Permission.DOCUMENT_DOWNLOAD: "downloading documents",
    Permission.FOLDER_UPLOAD: "adding documents",
    Permission.DOCUMENT_CHANGE: "changing documents",
    Permission.FOLDER_ARRANGE: "arranging folders in it",
    Permission.FOLDER_SIGN: "signing",
    Permission.FOLDER_SHARE: "sharing the folder",
    Permission.FOLDER_MANAGE: "managing the folder",
    Permission.ENVELOPE_CREATE: "sending documents for signature",
}


def shareable_people(db: Database, *, acting: Acting, folder_id: str) -> Sequence[Candidate]:
    """Return the people the folder can be shared with, by name. Raises NotFound or Forbidden."""
    with db.reading() as tx:
        folder = _for(tx, acting, folder_id, Permission.FOLDER_SHARE)
        return folder_members.possible(tx, acting, folder.resource)


def removable_people(db: Database, *, acting: Acting, folder_id: str) -> Sequence[Candidate]:
    """Return the people that can be kept out of the folder, by name. Raises NotFound or Forbidden."""
    with db.reading() as tx:
        folder = _for(tx, acting, folder_id, Permission.FOLDER_MANAGE)
        near = folder_members.removable(tx, acting, folder.resource)
        known = folder_members.as_acting(tx, acting, near)
        own = _rights(tx, acting, folder)
        return [one for one in near if _rights(tx, known[one.person_id], folder) <= own]


def share_folder(
    db: Database,
    *,
    acting: Acting,
    folder_id: str,
    person_id: str,
    role: str,
    last_day: date | None = None,
    now: datetime,
) -> None:
    """Share with a person that `shareable_people` names, until the end of last_day in UTC, if there is one.

    Raises NotFound, Forbidden or FolderRefused.
    """
    with db.transaction() as tx:
        folder = _for(tx, acting, folder_id, Permission.FOLDER_SHARE)
        until = _checked_end(tx, role, last_day, now)
        person = _among(folder_members.possible(tx, acting, folder.resource), person_id)
        _check_reach(tx, acting, folder, person, role, until)
        folder_members.add(tx, acting, folder.resource, person_id, role, now, until)
        facts = {"role": role, "until": until.isoformat() if until else None}
        _note(tx, Kind.FOLDER_SHARED, folder, acting, person_id, now, facts)


def change_share(
    db: Database,
    *,
    acting: Acting,
    folder_id: str,
    person_id: str,
    role: str,
    last_day: date | None = None,
    now: datetime,
) -> None:
    """Give somebody another role or another last day. Raises NotFound, Forbidden or FolderRefused."""
    with db.transaction() as tx:
        folder = _for(tx, acting, folder_id, Permission.FOLDER_SHARE)
        _check_other(acting, person_id)
        until = _checked_end(tx, role, last_day, now)
        person = _among(folder_members.candidates(tx, folder.resource, acting.at), person_id)
        _check_reach(tx, acting, folder, person, role, until)
        was = folder_members.change(tx, acting, folder.resource, person_id, role, now, until)
        facts = {"role": role, "was": was, "until": until.isoformat() if until else None}
        _note(tx, Kind.FOLDER_SHARE_CHANGED, folder, acting, person_id, now, facts)


def unshare_folder(db: Database, *, acting: Acting, folder_id: str, person_id: str, now: datetime) -> None:
    """End the sharing with a person. What they see through their organisation or role stays.

    Raises NotFound, Forbidden or FolderRefused.
    """
    with db.transaction() as tx:
        folder = _for(tx, acting, folder_id, Permission.FOLDER_SHARE)
        _check_other(acting, person_id)
        role = folder_members.unshare(tx, acting, folder.resource, person_id, now)
        _note(tx, Kind.FOLDER_UNSHARED, folder, acting, person_id, now, {"role": role})


def keep_out(db: Database, *, acting: Acting, folder_id: str, person_id: str, now: datetime) -> None:
    """Keep a person out of a folder and of all that lies in it, whatever else lets them in.

    Their share of this folder ends with it. Raises NotFound, Forbidden, or FolderRefused for oneself and for
    somebody who may do more here than `acting`.
    """
    with db.transaction() as tx:
        folder = _for(tx, acting, folder_id, Permission.FOLDER_MANAGE)
        _check_other(acting, person_id)
        person = _among(folder_members.removable(tx, acting, folder.resource), person_id)
        theirs = _rights(tx, folder_members.as_acting(tx, acting, [person])[person.person_id], folder)
        if not theirs <= _rights(tx, acting, folder):
            raise FolderRefused("You cannot keep out somebody who may do more with this folder than you.")
        was = folder_members.keep_out(tx, acting, folder.resource, person_id, now)
        _note(tx, Kind.FOLDER_DENIED, folder, acting, person_id, now, {"was": was})


def let_in_again(db: Database, *, acting: Acting, folder_id: str, person_id: str, now: datetime) -> None:
    """End a denial. Gives nothing by itself: a share that ended stays ended. Raises NotFound, Forbidden."""
    with db.transaction() as tx:
        folder = _for(tx, acting, folder_id, Permission.FOLDER_MANAGE)
        folder_members.let_in(tx, acting, folder.resource, person_id, now)
        _note(tx, Kind.FOLDER_ALLOWED, folder, acting, person_id, now, {})


def _for(tx: Transaction, acting: Acting, folder_id: str, permission: Permission) -> FolderRow:
    folder = folders.for_seeing(tx, acting, folder_id)
    tx.policy.require(acting, permission, folder.resource)
    return folder


def _among(found: Iterable[Candidate], person_id: str) -> Candidate:
    """Return the person of that id; somebody `acting` does not know and nobody are the same answer."""
    person = next((one for one in found if one.person_id == person_id), None)
    if person is None:
        raise NotFound
    return person


def _check_other(acting: Acting, person_id: str) -> None:
    if acting.person_id == person_id:  # a share with an end would otherwise end when its owner likes
        raise FolderRefused(
            "Nobody changes their own access. Please ask somebody else in charge of the folder."
        )


def _checked_end(tx: Transaction, role: str, last_day: date | None, now: datetime) -> datetime | None:
    rules.check_role(role)
    return rules.end_of(last_day, now, tx.policy.numbers.access.share_days)


def _check_reach(
    tx: Transaction, acting: Acting, folder: FolderRow, person: Candidate, role: str, until: datetime | None
) -> None:
    """Return only if `acting` has every right that the share gives, now and until it ends.

    Raises FolderRefused, which says what is missing. Without the second half, whoever was let in for a week
    could let in an accomplice for ever.
    """
    given = _given(tx, acting, folder, person, role)
    missing = given - _rights(tx, acting, folder)
    if missing:
        words = ", ".join(_WORDS[each] for each in _WORDS if each in missing)
        raise FolderRefused(f"You cannot give what you may not do here yourself: {words}.")
    if not given <= _rights_then(tx, acting, folder, until - MOMENT if until else LATEST):
        raise FolderRefused(
            "Your own access to this folder ends before that. Please choose an earlier last day for them."
        )


def _given(
    tx: Transaction, acting: Acting, folder: FolderRow, person: Candidate, role: str
) -> frozenset[Permission]:
    """Return what the share by itself gives to somebody of this person's role: the policies say it."""
    alone = frozenset({str(person.person_id)})
    sets = {name: alone if role == of else frozenset[str]() for name, of in SHARES.items()}
    attributes: dict[str, AttributeValue] = {"organisation": folder.organisation_id, "members": alone, **sets}
    stranger = folder_members.as_acting(tx, acting, [person])[person.person_id]
    stranger = replace(stranger, organisations=frozenset(), clients=frozenset())
    shared = replace(folder, resource=Resource(ResourceType.FOLDER, folder.id, attributes))
    return _rights(tx, stranger, shared)


def _rights(tx: Transaction, acting: Acting, folder: FolderRow) -> frozenset[Permission]:
    """Return what somebody may do with the folder and with a document in it."""
    document = folder.document("", frozenset())
    return tx.policy.allowed(acting, folder.resource, _WORDS) | tx.policy.allowed(acting, document, _WORDS)


def _rights_then(tx: Transaction, acting: Acting, folder: FolderRow, at: datetime) -> frozenset[Permission]:
    """Return what `acting` may still do at a later moment if nobody changes anything."""
    places = actors.places_of(tx, [acting.person_id], at)[acting.person_id]
    later = replace(acting, organisations=places.organisations, clients=places.clients, at=at)
    resource = folder_members.resource(tx, folder.id, folder.organisation_id, at)
    return _rights(tx, later, replace(folder, resource=resource))


def _note(
    tx: Transaction,
    kind: Kind,
    folder: FolderRow,
    acting: Acting,
    person_id: str,
    now: datetime,
    facts: Mapping[str, str | None],
) -> None:
    person = people.by_id(tx, PersonId(person_id))
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="folder",
        object_id=folder.id,
        organisation_id=folder.organisation_id,
        facts={"person": person_id, **facts},
        private={"folder": folder.name, "person": person.name if person else ""},
    )
