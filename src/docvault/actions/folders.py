"""What people do with folders: make them, list them, look into them, share them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import acting as actors
from docvault.database import audit, documents, folder_members, folders, people
from docvault.database.documents import DocumentSummary
from docvault.database.engine import PAGE, Database, Page, Transaction
from docvault.database.folder_members import Candidate
from docvault.database.folders import FolderRow, FolderSummary
from docvault.policy.vocabulary import ANYTHING, Acting, Permission, Resource, ResourceType, Role
from docvault.rules import names
from docvault.values import DocVaultError, FolderId, NotFound, OrganisationId, PersonId
from docvault.vault.files import Vault

KINDS = ("rfp", "sow", "contract", "whitepaper", "general")
ROLES = ("viewer", "contributor", "signer", "manager")
_MAY = (
    Permission.FOLDER_SEE,
    Permission.FOLDER_SHARE,
    Permission.FOLDER_UPLOAD,
    Permission.ENVELOPE_CREATE,
)


class FolderRefused(DocVaultError):
    """The folder is as it was; the message says why."""


@dataclass(frozen=True, slots=True)
class MemberView:
    """A person who can see the folder, and why."""

    person_id: PersonId
    name: str
    email: str
    organisation: str
    role: str  # viewer | contributor | manager where it was shared, else the person's role in the portal
    why: str  # plain words
    shared: bool  # it was shared with this person, so that can be ended


@dataclass(frozen=True, slots=True)
class FolderView:
    folder: FolderSummary
    members: Sequence[MemberView]
    documents: Page[DocumentSummary]
    may: frozenset[Permission]


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
        kept = names.folder_name(name)
        if kind not in KINDS:
            raise FolderRefused("Please choose what the folder is for.")
        folder_id = folders.add(tx, acting, organisation_id=organisation_id, name=kept, kind=kind, now=now)
        vault.create_folder_key(tx, folder_id, now)
        audit.append(
            tx,
            Kind.FOLDER_CREATED,
            at=now,
            acting=acting,
            object_type="folder",
            object_id=folder_id,
            organisation_id=organisation_id,
            facts={"kind": kind},
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
    after: str | None = None,
    limit: int = PAGE,
) -> Page[FolderSummary]:
    """Return the folders `acting` may see, newest first. Raises BadCursor."""
    with db.reading() as tx:
        return folders.page(
            tx,
            acting,
            search=search,
            kind=kind,
            organisation_id=organisation_id,
            after=after,
            limit=limit,
        )


def show_folder(
    db: Database, *, acting: Acting, folder_id: str, after: str | None = None, limit: int = PAGE
) -> FolderView:
    """Return one folder, who sees it and a page of its documents. Raises NotFound or BadCursor."""
    with db.reading() as tx:
        folder = folders.for_seeing(tx, acting, folder_id)
        return FolderView(
            folder=folders.summary(tx, folder),
            members=_members(tx, acting, folder),
            documents=documents.page(tx, folder, after=after, limit=limit),
            may=tx.policy.allowed(acting, folder.resource, _MAY),
        )


def shareable_people(db: Database, *, acting: Acting, folder_id: str) -> Sequence[Candidate]:
    """Return the people the folder can be shared with, by name. Raises NotFound or Forbidden."""
    with db.reading() as tx:
        folder = folders.for_seeing(tx, acting, folder_id)
        tx.policy.require(acting, Permission.FOLDER_SHARE, folder.resource)
        return folder_members.possible(tx, acting, folder.resource)


def share_folder(
    db: Database, *, acting: Acting, folder_id: str, person_id: str, role: str, now: datetime
) -> None:
    """Share with a person that `shareable_people` names. Raises NotFound, Forbidden or FolderRefused."""
    with db.transaction() as tx:
        folder = folders.for_seeing(tx, acting, folder_id)
        tx.policy.require(acting, Permission.FOLDER_SHARE, folder.resource)
        if role not in ROLES:
            raise FolderRefused("Please choose whether this person views, contributes or manages.")
        if all(
            person.person_id != person_id for person in folder_members.possible(tx, acting, folder.resource)
        ):
            raise NotFound
        folder_members.add(tx, acting, folder.resource, person_id, role, now)
        _note(
            tx, Kind.FOLDER_SHARED, folder, acting=acting, person_id=PersonId(person_id), role=role, now=now
        )


def unshare_folder(db: Database, *, acting: Acting, folder_id: str, person_id: str, now: datetime) -> None:
    """End the sharing with a person. What they see through their organisation or role stays.

    Raises NotFound or Forbidden.
    """
    with db.transaction() as tx:
        folder = folders.for_seeing(tx, acting, folder_id)
        tx.policy.require(acting, Permission.FOLDER_SHARE, folder.resource)
        role = folder_members.remove(tx, acting, folder.resource, person_id, now)
        _note(
            tx, Kind.FOLDER_UNSHARED, folder, acting=acting, person_id=PersonId(person_id), role=role, now=now
        )


def _note(
    tx: Transaction,
    kind: Kind,
    folder: FolderRow,
    *,
    acting: Acting,
    person_id: PersonId,
    role: str,
    now: datetime,
) -> None:
    person = people.by_id(tx, person_id)
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="folder",
        object_id=folder.id,
        organisation_id=folder.organisation_id,
        facts={"person": person_id, "role": role},
        private={"folder": folder.name, "person": person.name if person else ""},
    )


def _members(tx: Transaction, acting: Acting, folder: FolderRow) -> list[MemberView]:
    """Return everybody the policies let see the folder; the reasons are words, the policies decide."""
    near = folder_members.candidates(tx, folder.resource, acting.at)
    places = actors.places_of(tx, [one.person_id for one in near], acting.at)
    return [
        MemberView(
            person_id=person.person_id,
            name=person.name,
            email=person.email,
            organisation=person.organisation_name,
            role=person.shared_as or person.role.value,
            why=_why(person, folder),
            shared=person.shared_as is not None,
        )
        for person in near
        if tx.policy.decide(
            _as(acting, person, places[person.person_id]), Permission.FOLDER_SEE, folder.resource
        ).allowed
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


def _as(acting: Acting, person: Candidate, place: actors.Places) -> Acting:
    """Return `person` as the policies would see them: only to ask what they could do, never to do it."""
    return replace(
        acting,
        person_id=person.person_id,
        organisation_id=person.organisation_id,
        role=person.role,
        organisations=place.organisations,
        clients=place.clients,
        session_kind="full",
        scopes=ANYTHING,
        name=person.name,
        email=person.email,
    )
