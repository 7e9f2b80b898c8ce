"""Taking the words of documents into the search index. Done by the portal itself, for nobody in particular.

It changes nothing that anybody can see but what a search finds, so there are no entries: what made it
necessary (a version, a move, another key) has its own.
"""

from datetime import datetime, timedelta

import structlog

from docvault.database import search_index
from docvault.database.engine import Database
from docvault.database.search_index import READABLE, Place, Progress, Waiting
from docvault.pdf.errors import PdfError, WorkersBusy
from docvault.pdf.workers import Workers
from docvault.vault import search as words
from docvault.vault.files import Vault

BY_HAND = timedelta(hours=1)  # left to whoever rebuilds at a terminal, before jobs take it up
ROUND = 200  # documents looked up at once while everything is built anew

_log = structlog.get_logger(__name__)


def index_document(db: Database, vault: Vault, pdf: Workers, *, document_id: str) -> bool:
    """Take the words of a document's newest version, if they are asked for; as often as called, it is once.

    Returns whether it was done. A version that waits for its scan is not opened, and is asked for again.
    """
    with db.reading() as tx:
        waiting = search_index.waiting(tx, document_id)
        if waiting is None or waiting.scan not in READABLE:
            return False
        key = vault.search_keys.of(tx, Place(waiting.folder_id, waiting.generation))
    with db.transaction() as tx:
        # Counted before it is opened: a file that kills its reader is not tried for ever.
        search_index.tried(tx, waiting)
    hashes = _hashes(db, vault, pdf, waiting, key)
    with db.transaction() as tx:
        return search_index.keep(tx, waiting, hashes)


def _hashes(db: Database, vault: Vault, pdf: Workers, waiting: Waiting, key: bytes) -> list[str]:
    try:
        return words.hashed_words(db, vault, pdf, waiting, key)
    except WorkersBusy:
        raise
    except PdfError as error:  # no text comes out of it, today or tomorrow; it is found by its name
        _log.info("search.no_words", document=waiting.document_id, reason=type(error).__name__)
        return []


def put_jobs(db: Database, *, now: datetime) -> None:
    """Put a job for each document whose words wait, and remove what is left of those disposed of."""
    with db.reading() as tx:
        gone = search_index.disposed(tx)
        due = search_index.due(tx, now)
    if not gone and not due:
        return
    with db.transaction() as tx:
        for document_id in gone:
            search_index.forget(tx, document_id)
        search_index.put_jobs(tx, due, now)


def look_for_strays(db: Database, *, now: datetime) -> int:
    """Ask for documents whose index is missing or does not fit them; return how many there were."""
    with db.reading() as tx:
        astray = search_index.astray(tx)
    with db.transaction() as tx:
        for document_id in astray:
            search_index.ask(tx, document_id, now)
    return len(astray)


def begin_rebuild(db: Database, *, now: datetime) -> None:
    """Have the words of every document taken anew; whoever begins does it, and jobs do the rest later."""
    with db.transaction() as tx:
        search_index.ask_for_all(tx, now + BY_HAND)


def next_round(db: Database, *, after: int) -> list[tuple[int, str]]:
    """Return documents that wait, at most ROUND, behind the number `after`; none when all had their turn."""
    with db.reading() as tx:
        return search_index.all_waiting(tx, after, ROUND)


def progress(db: Database) -> Progress:
    """Return how far the index is."""
    with db.reading() as tx:
        return search_index.progress(tx)
