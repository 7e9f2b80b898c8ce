"""Mail to whoever asked guests for files: one for each visit, however many files come."""

from datetime import datetime

from docvault.database import file_requests, messages, visits
from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.policy.vocabulary import Guest


def tell_requester(tx: Transaction, records: Records, guest: Guest, folder_id: str, now: datetime) -> None:
    """Queue the news in `tx` that the first file of a visit came."""
    if not visits.first_to_tell(tx, guest.visit_id, now):
        return
    request = file_requests.by_id(tx, guest.request_id)
    messages.add(
        tx,
        records,
        person_id=request.created_by,
        recipient=request.maker_email,
        template="guest_files",
        values={
            "name": request.maker_name,
            "who": guest.name,
            "title": request.title,
            "path": f"/folders/{folder_id}",
        },
        now=now,
    )
