"""How much an organisation stores and may store. That it fits is asked where a file begins: in uploads.py."""

from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, folders, organisations, quotas
from docvault.database.engine import Database
from docvault.policy.vocabulary import PORTAL, Acting, Permission
from docvault.rules import quotas as rules
from docvault.rules.quotas import Storage
from docvault.values import OrganisationId


@dataclass(frozen=True, slots=True)
class StorageView:
    organisation_id: OrganisationId
    organisation_name: str
    storage: Storage
    default: int  # bytes: what the policy says for everybody
    may_change: bool


def show_storage(db: Database, *, acting: Acting, organisation_id: str) -> StorageView:
    """Return what an organisation that `acting` may know stores. Raises NotFound."""
    with db.reading() as tx:
        found = organisations.for_listing(tx, acting, OrganisationId(organisation_id))
        return StorageView(
            organisation_id=found.id,
            organisation_name=found.name,
            storage=quotas.storage(tx, found.id),
            default=tx.policy.numbers.uploads.organisation_bytes,
            may_change=tx.policy.decide(acting, Permission.QUOTA_MANAGE, PORTAL).allowed,
        )


def folder_storage(db: Database, *, acting: Acting, folder_id: str) -> Storage | None:
    """Return what the organisation of a folder stores, for whoever may upload there. Raises NotFound."""
    with db.reading() as tx:
        folder = folders.for_seeing(tx, acting, folder_id)
        if not tx.policy.decide(acting, Permission.FOLDER_UPLOAD, folder.resource).allowed:
            return None
        return quotas.storage(tx, folder.organisation_id)


def set_quota(db: Database, *, acting: Acting, organisation_id: str, most: int | None, now: datetime) -> None:
    """Say how many bytes an organisation may store; None: as the policy says. What is there stays there.

    Raises Forbidden, NotFound or QuotaInvalid, tried in that order.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.QUOTA_MANAGE, PORTAL)
        organisation = organisations.for_listing(tx, acting, OrganisationId(organisation_id))
        kept = rules.check_most(most)
        quotas.set_most(tx, organisation.id, kept)
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
