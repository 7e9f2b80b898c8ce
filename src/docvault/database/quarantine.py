"""The news that a file contains malware: to who brought it, and to everybody in charge."""

from datetime import datetime

from docvault.database import acting as actors
from docvault.database import break_glass, folder_members, messages, notices, organisations, people
from docvault.database.engine import Transaction
from docvault.database.folders import FolderRow
from docvault.database.messages import Records
from docvault.database.people import PersonState
from docvault.database.scans import ScanRow
from docvault.policy.vocabulary import Permission, Resource
from docvault.values import FolderId, OrganisationId, PersonId


def tell(tx: Transaction, records: Records, row: ScanRow, found: str, now: datetime) -> None:
    """Queue the news in `tx`: to its uploader, the administrators, account managers and folder's managers.

    The document's name stands in it only for whoever may see the document.
    """
    document = _resource(tx, row, now)
    told = {person.id: person for person in break_glass.in_charge(tx, document, now)}
    uploader = people.by_id(tx, PersonId(row.created_by)) if row.created_by else None
    if uploader is not None and uploader.state is PersonState.ACTIVE:
        told[uploader.id] = uploader
    organisation = organisations.name_of(tx, OrganisationId(row.organisation_id))
    for person in told.values():
        who = actors.of(tx, person, at=now)
        named = tx.policy.decide(who, Permission.DOCUMENT_SEE, document).allowed
        values = {
            "name": person.name,
            "title": row.document_name if named else "",
            "organisation": organisation,
            "found": found,
            "when": notices.moment(now),
        }
        messages.add(
            tx,
            records,
            person_id=person.id,
            recipient=person.email,
            template="malware_found",
            values=values,
            now=now,
        )


def _resource(tx: Transaction, row: ScanRow, now: datetime) -> Resource:
    organisation = OrganisationId(row.organisation_id)
    of_folder = folder_members.resource(tx, FolderId(row.folder_id), organisation, now)
    folder = FolderRow(FolderId(row.folder_id), "", "", organisation, None, of_folder)
    return folder.document(row.document_id, frozenset())
