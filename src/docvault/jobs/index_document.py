"""Job: take the words of a document into the search index."""

from contextlib import suppress

from docvault.actions import indexing
from docvault.values import NotFound
from docvault.vault.errors import Destroyed
from docvault.wiring import Portal


def index_document(portal: Portal, document_id: str) -> None:
    """Run as often as asked: what is taken already is not taken again."""
    with suppress(NotFound, Destroyed):  # it is too late: nothing is left to read
        indexing.index_document(portal.db, portal.vault, portal.pdf, document_id=document_id)
