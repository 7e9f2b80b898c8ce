"""What people do with folders: make them, list them, look into them. Sharing them is in sharing.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, documents, folder_members, folders, places
from docvault.database.document_order import NEWEST
from docvault.database.documents import DocumentSummary
from docvault.database.engine import PAGE, Database, Page, Transaction
from docvault.database.folder_members import Candidate
from docvault.database.folders import FolderName, FolderRow, FolderSummary
from docvault.database.residuals import DENIED
from docvault.policy.vocabulary import Acting, Permission, Resource, ResourceType, Role
from docvault.rules import folders as rules
from docvault.rules import names
from docvault.values import FolderId, OrganisationId, PersonId
from docvault.vault.files import Vault

_MAY = (
    Permission.FOLDER_SEE,
    Permission.FOLDER_SHARE,
    Permission.FOLDER_MANAGE,
    Permission.FOLDER_UPLOAD,
    Permission.FOLDER_ARRANGE,
    Permission.ENVELOPE_CREATE,
)


@dataclass(frozen=True, slots=True)
class MemberView:
    """A person who can see the folder, and why."""

    person_id: PersonId
    name: str
    email: str
    organisation: str
    role: str  # viewer | contributor | signer | manager where it was shared, else their role in the portal
    why: str  # plain words
    shared: bool  # this folder itself was shared with them, so that can be changed and ended
    until: date | None  # the last day of that sharing, in UTC


@dataclass(frozen=True, slots=True)
class OutsideView:
    """A person who is kept out."""

    person_id: PersonId
    name: str
    email: str
    organisation: str
    own: bool  # of this folder itself, so that can be ended here


@dataclass(frozen=True, slots=True)
class FolderView:
    folder: FolderSummary
    above: Sequence[FolderName]  # the folders it lies in, from the top, as far as they may be seen
    members: Sequence[MemberView]
    outside: Sequence[OutsideView]  # for whoever may manage the folder
    folders: Page[FolderSummary]  # inside this one
    documents: Page[DocumentSummary]
    may: frozenset[Permission]
    may_read: bool  # the documents in it
    deepest: bool  # no folder can be made inside


def create_folder(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    organisation_id: OrganisationId,
    name: str,
    kind: str,
    now: datetime,
) -> FolderId:
    """Make a folder with a key of its own. Raises Forbidden, BadName, FolderRefused or NotFound."""
    with db.transaction() as tx:
        place = Resource(ResourceType.ORGANISATION, organisation_id)
        tx.policy.require(acting, Permission.FOLDER_CREATE, place)
        return _make(tx, vault, acting, organisation_id, name, kind, now)


def create_folder_inside(
    db: Database, vault: Vault, *, acting: Acting, parent_id: str, name: str, kind: str, now: datetime
) -> FolderId:
    """Make a folder in another one, of the same client and with a key of its own.

    Raises NotFound, Forbidden, FolderRefused where it would lie too deep, or BadName.
    """
    with db.transaction() as tx:
        places.hold_tree(tx, places.client_of_folder(tx, parent_id))
        parent = folders.for_seeing(tx, acting, parent_id)
        tx.policy.require(acting, Permission.FOLDER_ARRANGE, parent.resource)
        rules.check_depth(folders.depth(tx, parent) + 1, tx.policy.numbers.access.folder_depth)
        return _make(tx, vault, acting, parent.organisation_id, name, kind, now, parent)


def _make(
    tx: Transaction,
    vault: Vault,
    acting: Acting,
    organisation_id: OrganisationId,
    name: str,
    kind: str,
    now: datetime,
    parent: FolderRow | None = None,
) -> FolderId:
    kept = names.folder_name(name)
    rules.check_kind(kind)
    inside = parent.id if parent else None
    folder_id = folders.add(
        tx, acting, organisation_id=organisation_id, name=kept, kind=kind, now=now, parent_id=inside
    )
    vault.create_folder_key(tx, folder_id, now)
    audit.append(
        tx,
        Kind.FOLDER_CREATED,
        at=now,
        acting=acting,
        object_type="folder",
        object_id=folder_id,
        organisation_id=organisation_id,
        facts={"kind": kind, "parent": inside},
        private={"name": kept},
    )
    return folder_id


def list_folders(
    db: Database,
    *,
    acting: Acting,
    search: str | None = None,
    kind: str | None = None,
    organisation_id: str | None = None,
    parent_id: str | None = None,
    after: str | None = None,
    limit: int = PAGE,
) -> Page[FolderSummary]:
    """Return the folders `acting` may see, newest first. Raises BadCursor, or NotFound for the parent."""
    with db.reading() as tx:
        if parent_id is not None:
            folders.for_seeing(tx, acting, parent_id)  # else the answer would tell what lies in it
        return folders.page(
            tx,
            acting,
            search=search,
            kind=kind,
            organisation_id=organisation_id,
            parent_id=parent_id,
            after=after,
            limit=limit,
        )


def show_folder(
    db: Database,
    *,
    acting: Acting,
    folder_id: str,
    sort: str = NEWEST,
    after: str | None = None,
    folders_after: str | None = None,
    limit: int = PAGE,
) -> FolderView:
    """Return one folder, who sees it, and a page each of the folders and documents in it.

    sort: how the documents follow each other, one of document_order.ORDERS.

    Raises NotFound or BadCursor.
    """
    with db.reading() as tx:
        folder = folders.for_seeing(tx, acting, folder_id)
        may = tx.policy.allowed(acting, folder.resource, _MAY)
        return FolderView(
            folder=folders.summary(tx, acting, folder),
            above=folders.above(tx, acting, folder),
            members=_members(tx, acting, folder),
            outside=_outside(tx, acting, folder) if Permission.FOLDER_MANAGE in may else [],
            folders=folders.page(tx, acting, parent_id=folder.id, after=folders_after, limit=limit),
            documents=documents.page(tx, acting, folder, sort=sort, after=after, limit=limit),
            may=may,
            may_read=tx.policy.decide(
                acting, Permission.DOCUMENT_READ, folder.document(folder.id, frozenset())
            ).allowed,
            deepest=folders.depth(tx, folder) >= tx.policy.numbers.access.folder_depth,
        )


def _members(tx: Transaction, acting: Acting, folder: FolderRow) -> list[MemberView]:
    """Return everybody the policies let see the folder; the reasons are words, the policies decide."""
    near = folder_members.candidates(tx, folder.resource, acting.at)
    known = folder_members.as_acting(tx, acting, near)
    return [
        MemberView(
            person_id=person.person_id,
            name=person.name,
            email=person.email,
            organisation=person.organisation_name,
            role=person.shared_as or person.role.value,
            why=_why(person, folder),
            shared=person.shared_as is not None,
            until=rules.last_day(person.until),
        )
        for person in near
        if tx.policy.decide(known[person.person_id], Permission.FOLDER_SEE, folder.resource).allowed
    ]


def _outside(tx: Transaction, acting: Acting, folder: FolderRow) -> list[OutsideView]:
    return [
        OutsideView(
            person_id=one.person_id,
            name=one.name,
            email=one.email,
            organisation=one.organisation_name,
            own=one.shared_as == DENIED,
        )
        for one in folder_members.outside(tx, folder.resource, acting.at)
    ]


def _why(person: Candidate, folder: FolderRow) -> str:
    if person.shared_as is not None:
        return f"The folder was shared with them as {person.shared_as}"
    if person.role is Role.COMPLIANCE_OFFICER:
        return "Compliance officers see every folder, but no content"
    if person.looks_after:
        return "Looks after this client"
    if person.organisation_id == folder.organisation_id:
        return f"Works at {person.organisation_name}"
    if person.belongs:
        return "Belongs to this client as well"
    return "A folder that this one lies in was shared with them"
