"""Where files may come in: a folder that somebody may upload into, or that of the request a guest answers."""

from datetime import datetime

from docvault.database import file_requests, folders
from docvault.database.engine import Transaction
from docvault.database.folders import FolderRow
from docvault.policy.vocabulary import Acting, Guest, Permission


def place(tx: Transaction, acting: Acting | Guest, folder_id: str, now: datetime) -> tuple[FolderRow, Acting]:
    """Return the folder that `acting` may upload into, and whose right that is.

    Raises NotFound or Forbidden; LinkRefused to a guest.
    """
    if isinstance(acting, Guest):
        request = file_requests.for_guest(tx, acting, now)
        lender, folder = file_requests.lent(tx, request, now)
        return folder, lender
    folder = folders.for_seeing(tx, acting, folder_id)
    tx.policy.require(acting, Permission.FOLDER_UPLOAD, folder.resource)
    return folder, acting
