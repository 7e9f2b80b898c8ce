"""What people do with the versions of a document beside reading them: bring an older one back."""

from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, documents, search_index
from docvault.database.documents import DocumentRow, DocumentView
from docvault.database.engine import Database, Transaction
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules import names
from docvault.values import DocVaultError
from docvault.vault import copies
from docvault.vault.files import Staged, Vault


class AlreadyNewest(DocVaultError):
    """There is nothing to bring back."""

    def __init__(self) -> None:
        super().__init__("This is the newest version already.")


def restore_version(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    document_id: str,
    number: int,
    comment: str = "",
    now: datetime,
) -> DocumentView:
    """Make the bytes of an older version the newest one. Nothing is overwritten: the versions between stay.

    Raises NotFound, Forbidden, AlreadyNewest, BadName, UnknownAlgorithm, Tampered or StorageFull.
    """
    said = names.comment(comment)
    with db.reading() as tx:
        document = _document(tx, acting, document_id)
        version_id = documents.version_id(tx, document, number)
    if number == document.latest:
        raise AlreadyNewest
    opened = vault.open_version(db, version_id)
    again = copies.repeated(db, vault, opened, created_by=acting.person_id, comment=said, now=now)
    with again as staged, db.transaction() as tx:
        _keep(tx, vault, staged, acting=acting, document_id=document_id, number=number, now=now)
        return documents.view(tx, acting, documents.for_seeing(tx, acting, document_id))


def _keep(
    tx: Transaction,
    vault: Vault,
    staged: Staged,
    *,
    acting: Acting,
    document_id: str,
    number: int,
    now: datetime,
) -> None:
    """Keep it only if that is still theirs to do: copying a large file takes a while."""
    stored = vault.keep(tx, staged, now=now)  # holds the document still
    document = _document(tx, acting, document_id)
    documents.newest_is(tx, document_id, stored.number)
    search_index.ask(tx, document_id, now)
    # As for an upload: number and digest are what an older state of the database is found by (promise 50).
    audit.append(
        tx,
        Kind.VERSION_RESTORED,
        at=now,
        acting=acting,
        object_type="document",
        object_id=document_id,
        organisation_id=document.organisation_id,
        facts={
            "folder": document.folder_id,
            "media_type": staged.media_type,
            "number": stored.number,
            "of": number,
            "purpose": documents.ORIGINAL,
            "sha256": stored.sha256,
            "size": stored.size,
        },
        private={"name": document.name},
    )


def _document(tx: Transaction, acting: Acting, document_id: str) -> DocumentRow:
    found = documents.for_seeing(tx, acting, document_id)
    tx.policy.require(acting, Permission.DOCUMENT_CHANGE, found.resource)
    return found
