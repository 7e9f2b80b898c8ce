"""Legal holds: placed by one compliance officer, lifted by two people only (database/retention_deeds.py)."""

from collections.abc import Sequence
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, documents, folders, holds, object_locks
from docvault.database.engine import Database, Transaction
from docvault.database.holds import HoldRow, Subject
from docvault.database.messages import Records
from docvault.policy.vocabulary import PORTAL, Acting, Permission, Resource
from docvault.rules import retention as rules
from docvault.values import DocumentId, FolderId


def place_hold(
    db: Database,
    records: Records,
    *,
    acting: Acting,
    subject_type: str,
    subject_id: str,
    reason: str,
    now: datetime,
) -> HoldRow:
    """Keep an organisation's documents, a folder with all that lies in it, or a document, whatever comes.

    Raises Forbidden, RetentionRefused or NotFound, tried in that order.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.HOLD_MANAGE, PORTAL)
        plain = rules.check_reason(reason)
        holds.take_turn(tx)
        subject = holds.subject(tx, subject_type, subject_id)
        hold_id = holds.place(tx, records, subject, plain, by=acting.person_id, now=now)
        object_locks.hold_began(tx, now)
        audit.append(
            tx,
            Kind.HOLD_PLACED,
            at=now,
            acting=acting,
            object_type=subject.type,
            object_id=subject.id,
            organisation_id=subject.organisation_id,
            facts={"hold": hold_id},
            private={"title": subject.name, "reason": plain},
        )
        return holds.find(tx, records, hold_id)


def what_to_hold(db: Database, *, acting: Acting, subject_type: str, subject_id: str) -> Subject:
    """Return what a hold would be on, for whoever places it to see. Raises Forbidden, NotFound."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.HOLD_MANAGE, PORTAL)
        return holds.subject(tx, subject_type, subject_id)


def list_holds(db: Database, records: Records, *, acting: Acting, now: datetime) -> Sequence[HoldRow]:
    """Return the holds in force, newest first. Raises Forbidden."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.HOLD_MANAGE, PORTAL)
        return holds.in_force(tx, records, now)


def holds_on_document(
    db: Database, records: Records, *, acting: Acting, document_id: str, at: datetime
) -> Sequence[HoldRow]:
    """Return the holds that covered a document at a moment, for those in charge; nothing to others.

    Raises NotFound.
    """
    with db.reading() as tx:
        found = documents.for_seeing(tx, acting, DocumentId(document_id))
        if not _is_in_charge(tx, acting, found.folder.resource):
            return []
        return holds.on_document(tx, records, found.id, at)


def holds_on_folder(
    db: Database, records: Records, *, acting: Acting, folder_id: str, at: datetime
) -> Sequence[HoldRow]:
    """Return the holds that covered a whole folder at a moment, for those in charge. Raises NotFound."""
    with db.reading() as tx:
        found = folders.for_seeing(tx, acting, FolderId(folder_id))
        if not _is_in_charge(tx, acting, found.resource):
            return []
        return holds.on_folder(tx, records, found.id, at)


def _is_in_charge(tx: Transaction, acting: Acting, folder: Resource) -> bool:
    """Tell whether somebody hears of holds here: who manages the folder, and who places holds."""
    if tx.policy.decide(acting, Permission.HOLD_MANAGE, PORTAL).allowed:
        return True
    return tx.policy.decide(acting, Permission.FOLDER_MANAGE, folder).allowed
