"""Comparing two versions of a document, page by page, as pictures and as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, documents, viewings
from docvault.database.documents import DocumentRow, DocumentView, VersionView
from docvault.database.engine import Database, Transaction
from docvault.pdf.difference import MOST
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting
from docvault.rules import differences
from docvault.rules.differences import Piece
from docvault.rules.media_types import PDF
from docvault.values import DocVaultError
from docvault.vault import comparing
from docvault.vault.files import Vault


class NotComparable(DocVaultError):
    """Only two different versions that are PDFs with pages can be compared."""

    def __init__(self) -> None:
        super().__init__(
            "Only two different versions that are PDFs can be compared here. You can download and open both."
        )


@dataclass(frozen=True, slots=True)
class PageDifference:
    """One page of both versions."""

    number: int  # from 1
    in_first: bool
    in_second: bool
    looks_different: bool
    words: Sequence[Piece]  # empty if both have the same words

    @property
    def differs(self) -> bool:
        return self.looks_different or bool(self.words)


@dataclass(frozen=True, slots=True)
class Comparison:
    document: DocumentView
    first: VersionView
    second: VersionView
    pages: Sequence[PageDifference]
    cut: bool  # there are more pages than are compared


def compare_versions(
    db: Database,
    vault: Vault,
    pdf: Workers,
    *,
    acting: Acting,
    document_id: str,
    first: int,
    second: int,
    now: datetime,
) -> Comparison:
    """Return what differs between two versions; one entry of the audit log.

    Raises NotFound, Forbidden, NotComparable, and what opening a version raises.
    """
    with db.transaction() as tx:
        document = documents.for_reading(tx, acting, document_id)
        before, after = _pair(tx, document, first, second)
        view = documents.view(tx, acting, document)
        for one in (before, after):
            viewings.add(tx, acting, one.id, now)  # its pictures are part of this deed
        audit.append(
            tx,
            Kind.DOCUMENT_COMPARED,
            at=now,
            acting=acting,
            object_type="document",
            object_id=document.id,
            organisation_id=document.organisation_id,
            facts={"folder": document.folder_id, "first": first, "second": second},
            private={"name": document.name},
        )
    pairs = comparing.pairs(db, vault, pdf, before.id, after.id)
    pages = [
        PageDifference(
            number, each.in_first, each.in_second, each.picture, differences.words(each.first, each.second)
        )
        for number, each in enumerate(pairs, 1)
    ]
    return Comparison(view, before, after, pages, max(before.pages or 0, after.pages or 0) > MOST)


def comparison_image(
    db: Database,
    vault: Vault,
    pdf: Workers,
    *,
    acting: Acting,
    document_id: str,
    first: int,
    second: int,
    page: int,
    width: int,
    view: str,
    now: datetime,
) -> tuple[bytes, str]:
    """Return one page (from 1) with the difference in colour: of the first, the second, or both as `overlay`.

    Passes the gate of the document like every page (promise 42). Raises PageMissing and as above.
    """
    with db.reading() as tx:
        document = documents.for_reading(tx, acting, document_id)
        before, after = _pair(tx, document, first, second)
        unknown = [one for one in (before, after) if not viewings.known(tx, acting, one.id)]
    for one in unknown:
        with db.transaction() as tx:
            _note_reading(tx, acting, document, one, now)
    return comparing.image(db, vault, pdf, before.id, after.id, page=page, width=width, view=view)


def _pair(tx: Transaction, document: DocumentRow, first: int, second: int) -> tuple[VersionView, VersionView]:
    before, after = (documents.version(tx, document, number) for number in (first, second))
    if first == second or not all(one.media_type == PDF and one.pages for one in (before, after)):
        raise NotComparable
    return before, after


def _note_reading(
    tx: Transaction, acting: Acting, document: DocumentRow, version: VersionView, now: datetime
) -> None:
    if not viewings.add(tx, acting, version.id, now):
        return
    audit.append(
        tx,
        Kind.DOCUMENT_READ,
        at=now,
        acting=acting,
        object_type="document",
        object_id=document.id,
        organisation_id=document.organisation_id,
        facts={"folder": document.folder_id, "number": version.number},
        private={"name": document.name},
    )
