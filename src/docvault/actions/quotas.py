"""How much organisations and people store, and may store. Whether a file fits is asked in uploads.py."""

from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, folders, organisations, people, quotas
from docvault.database.engine import Database, Transaction
from docvault.database.people import PersonRow
from docvault.database.quotas import Owner
from docvault.policy.vocabulary import PORTAL, Acting, Permission
from docvault.rules import quotas as rules
from docvault.rules.quotas import Room, Storage
from docvault.values import NotFound, OrganisationId, PersonId


@dataclass(frozen=True, slots=True)
class StorageView:
    """What an organisation or a person stores."""

    owner_id: str
    owner_name: str
    storage: Storage
    default: int  # bytes: what the policy says for everybody
    may_change: bool


def show_storage(db: Database, *, acting: Acting, organisation_id: str) -> StorageView:
    """Return what an organisation that `acting` may know stores. Raises NotFound."""
    with db.reading() as tx:
        found = organisations.for_listing(tx, acting, OrganisationId(organisation_id))
        return _view(tx, acting, quotas.organisation(found.id), found.name)


def own_storage(db: Database, *, acting: Acting) -> StorageView:
    """Return what somebody stores, for themselves."""
    with db.reading() as tx:
        return _view(tx, acting, quotas.person(acting.person_id), acting.name)


def person_storage(db: Database, *, acting: Acting, person_id: str) -> StorageView:
    """Return what somebody stores, for whoever may change their limit. Raises Forbidden or NotFound."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.QUOTA_MANAGE, PORTAL)
        found = _person(tx, person_id)
        return _view(tx, acting, quotas.person(found.id), found.name)


def folder_room(db: Database, *, acting: Acting, folder_id: str) -> Room | None:
    """Return what limits what may be brought into a folder, for whoever may upload there. Raises NotFound."""
    with db.reading() as tx:
        folder = folders.for_seeing(tx, acting, folder_id)
        if not tx.policy.decide(acting, Permission.FOLDER_UPLOAD, folder.resource).allowed:
            return None
        return Room(
            organisation=quotas.storage(tx, quotas.organisation(folder.organisation_id)),
            person=quotas.storage(tx, quotas.person(acting.person_id)),
        )


def set_quota(db: Database, *, acting: Acting, organisation_id: str, most: int | None, now: datetime) -> None:
    """Say how many bytes an organisation may store; None: as the policy says. What is there stays there.

    Raises Forbidden, NotFound or QuotaInvalid, tried in that order.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.QUOTA_MANAGE, PORTAL)
        organisation = organisations.for_listing(tx, acting, OrganisationId(organisation_id))
        kept = rules.check_most(most)
        quotas.set_most(tx, quotas.organisation(organisation.id), kept)
        audit.append(
            tx,
            Kind.QUOTA_SET,
            at=now,
            acting=acting,
            object_type="organisation",
            object_id=organisation.id,
            organisation_id=organisation.id,
            facts={"most": kept},
            private={"organisation": organisation.name},
        )


def set_person_quota(
    db: Database, *, acting: Acting, person_id: str, most: int | None, now: datetime
) -> None:
    """Say how many bytes somebody may store; None: as the policy says. What is there stays there.

    Raises Forbidden, NotFound or QuotaInvalid, tried in that order.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.QUOTA_MANAGE, PORTAL)
        person = _person(tx, person_id)
        kept = rules.check_most(most)
        quotas.set_most(tx, quotas.person(person.id), kept)
        audit.append(
            tx,
            Kind.PERSON_QUOTA_SET,
            at=now,
            acting=acting,
            object_type="person",
            object_id=person.id,
            organisation_id=person.organisation_id,
            facts={"most": kept},
            private={"person": person.name},
        )


def _person(tx: Transaction, person_id: str) -> PersonRow:
    found = people.by_id(tx, PersonId(person_id))
    if found is None:
        raise NotFound
    return found


def _view(tx: Transaction, acting: Acting, owner: Owner, name: str) -> StorageView:
    return StorageView(
        owner_id=owner.id,
        owner_name=name,
        storage=quotas.storage(tx, owner),
        default=quotas.default(tx, owner),
        may_change=tx.policy.decide(acting, Permission.QUOTA_MANAGE, PORTAL).allowed,
    )
