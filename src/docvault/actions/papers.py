"""Signing on paper, as the signer does it: add photographs or scans of the signed pages, look, hand them in.

Each sheet is encrypted and passes the malware gate as it arrives, so that a phone that lost its network has
lost one page. The second factor confirms exactly the sheets that were shown (promise 17).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import (
    envelope_history,
    envelope_messages,
    envelopes,
    outsiders,
    papers,
    recipients,
    step_ups,
)
from docvault.database.engine import Database, Transaction
from docvault.database.envelopes import EnvelopeRow
from docvault.database.papers import BOUND, PURPOSE, SheetRow
from docvault.database.recipients import RecipientRow
from docvault.pdf import paper
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules import envelopes as rules
from docvault.rules import names, sizes
from docvault.rules import papers as paper_rules
from docvault.rules.attachments import require_open
from docvault.rules.papers import PaperRefused
from docvault.values import EnvelopeId, NotFound
from docvault.vault import pages
from docvault.vault.files import Staged, Vault
from docvault.vault.signer_evidence import seal_proof
from docvault.vault.staging import staged_pdf

STEP_UP = Permission.ENVELOPE_SIGN.value
TRIES = 5  # times as many sheets as the policy allows at once may be added and taken away again


@dataclass(frozen=True, slots=True)
class PaperView:
    """What a signer has added so far. digest: of the sheets in this order, hex; a factor confirms it.

    asked_pages: of the documents; a scan of fewer is not refused, since some sign the last page only.
    """

    envelope_id: EnvelopeId
    title: str
    sender_name: str
    language: str  # that they read: ISO 639-1
    documents: tuple[tuple[int, str], ...]  # position and name
    asked_pages: int
    sheets: tuple[SheetRow, ...]
    digest: str
    returned: str  # why the sender sent the scan before back; empty: they did not

    @property
    def pages(self) -> int:
        return sum(one.pages for one in self.sheets)


@dataclass(frozen=True, slots=True)
class _Scan:
    """One PDF of all sheets."""

    version_id: str
    pages: int
    size: int  # bytes
    sha256: str  # hex


def show_paper(db: Database, *, acting: Acting, envelope_id: EnvelopeId, now: datetime) -> PaperView:
    """Return what `acting` has added so far.

    Raises NotFound, Forbidden, EnvelopeClosed, AlreadySigned, NotYourTurn, NotYourPart, PaperForbidden.
    """
    with db.reading() as tx:
        row, recipient = _signer(tx, acting, envelope_id, now)
        return _view(tx, row, recipient)


def add_sheet(
    db: Database,
    vault: Vault,
    pdf: Workers,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    filename: str,
    content: bytes,
    now: datetime,
) -> PaperView:
    """Keep a photograph or PDF behind the sheets there are.

    Raises BadName, as `show_paper`, PaperRefused, what pdf.paper raises, StorageFull.
    """
    name = names.file_name(filename)
    with db.reading() as tx:
        row, recipient = _signer(tx, acting, envelope_id, now)
        _check_room(tx, recipient, len(content))
        _check_tries(tx, acting, row)
    with (
        _as_pdf(pdf, content) as (made, count),
        _staged(db, vault, row, acting, made, count, now) as staged,
        db.transaction() as tx,
    ):
        row, recipient = _signer(tx, acting, envelope_id, now)
        _check_room(tx, recipient, len(content))
        kept = vault.keep(tx, staged, now=now)
        known = {"name": name, "pages": count, "size": kept.size, "sha256": kept.sha256}
        papers.add_sheet(tx, recipient.id, version_id=kept.id, **known)
        facts: dict[str, object] = {"recipient": recipient.id, "sha256": kept.sha256, "size": kept.size}
        _record(tx, Kind.ENVELOPE_SHEET_ADDED, row, acting, now, facts, {"name": name})
        return _view(tx, row, recipient)


def remove_sheet(
    db: Database, *, acting: Acting, envelope_id: EnvelopeId, sheet_id: str, now: datetime
) -> PaperView:
    """Take one sheet away. Raises as `show_paper`; NotFound for a sheet that is not there."""
    with db.transaction() as tx:
        row, recipient = _signer(tx, acting, envelope_id, now)
        sheet = _sheet(tx, recipient, sheet_id)
        papers.remove_sheet(tx, recipient.id, sheet_id)
        facts: dict[str, object] = {"recipient": recipient.id, "sha256": sheet.sha256}
        _record(tx, Kind.ENVELOPE_SHEET_REMOVED, row, acting, now, facts, {"name": sheet.name})
        return _view(tx, row, recipient)


def sheet_image(
    db: Database,
    vault: Vault,
    pdf: Workers,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    sheet_id: str,
    page: int,
    width: int,
    now: datetime,
) -> tuple[bytes, str]:
    """Return the picture of a page of one's own sheet, and its media type.

    Raises as `show_paper`, NotScanned, Quarantined, PageMissing, PdfUnreadable.
    """
    with db.reading() as tx:
        _, recipient = _signer(tx, acting, envelope_id, now)
        sheet = _sheet(tx, recipient, sheet_id)
    return pages.image(db, vault, pdf, sheet.version_id, page=page, width=width)


def hand_in(
    db: Database,
    vault: Vault,
    pdf: Workers,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    digest: str,
    step_up_id: str,
    now: datetime,
) -> None:
    """Bind the sheets and hand them to the sender, who is written to.

    digest: of the sheets as `acting` looked at them; the proof is bound to it.
    Raises as `show_paper`, PaperRefused, FileNotFit, StepUpInvalid, PdfUnreadable, StorageFull.
    """
    with db.reading() as tx:
        row, recipient = _signer(tx, acting, envelope_id, now)
        sheets = _confirmed(tx, recipient, digest)
    with _bound(db, vault, pdf, row, sheets, now) as keep, db.transaction() as tx:
        row, recipient = _signer(tx, acting, envelope_id, now)
        _confirmed(tx, recipient, digest)
        before = envelopes.to_decide(tx, row)
        after = paper_rules.hand_in(before, recipient.id, now)
        factor = step_ups.spend(tx, acting, step_up_id, STEP_UP, digest, now)
        scan = keep(tx)
        envelopes.save(tx, row, before, after, now)
        proof = {"step_up": step_up_id, "confirmed_with": factor, **outsiders.identity(tx, recipient)}
        recipients.change(
            tx, recipient.id, evidence=seal_proof(vault.records, acting, recipient.id, proof, now)
        )
        papers.forget_sheets(tx, recipient.id)
        papers.hand_in(tx, recipient.id, envelope_id=row.id, handed_in_at=now, **asdict(scan))
        envelope_messages.tell_paper(tx, vault.records, row, recipient, scan.pages, now)
        facts: dict[str, object] = {
            "recipient": recipient.id,
            "digest": row.digest,
            "sha256": scan.sha256,
            "pages": scan.pages,
            "sheets": [one.sha256 for one in sheets],
            "factors": acting.factors,
            **proof,
        }
        _record(tx, Kind.ENVELOPE_PAPER_HANDED_IN, row, acting, now, facts)


def _signer(
    tx: Transaction, acting: Acting, envelope_id: EnvelopeId, now: datetime
) -> tuple[EnvelopeRow, RecipientRow]:
    """Return the envelope and the row of whoever may sign it on paper now."""
    row, recipient = envelopes.for_signing(tx, acting, envelope_id)
    signer = rules.require_turn(envelopes.to_decide(tx, row), recipient.id, rules.SIGNING, now)
    allowed = row.may_use_paper and tx.policy.numbers.signing.may_use_paper
    paper_rules.require_paper(signer, allowed=allowed, hosted=recipient.host is not None)
    return row, recipient


def _view(tx: Transaction, row: EnvelopeRow, recipient: RecipientRow) -> PaperView:
    sheets = tuple(papers.sheets_of(tx, recipient.id))
    before = papers.of_recipient(tx, recipient.id)
    return PaperView(
        envelope_id=row.id,
        title=row.title,
        sender_name=row.sender_name,
        language=recipient.language,
        documents=tuple((one.position, one.name) for one in row.documents),
        asked_pages=row.pages,
        sheets=sheets,
        digest=paper_rules.digest_of([one.sha256 for one in sheets]),
        returned=before.reason if before is not None else "",
    )


def _sheet(tx: Transaction, recipient: RecipientRow, sheet_id: str) -> SheetRow:
    found = next((one for one in papers.sheets_of(tx, recipient.id) if one.id == sheet_id), None)
    if found is None:
        raise NotFound
    return found


def _check_room(tx: Transaction, recipient: RecipientRow, size: int) -> None:
    numbers = tx.policy.numbers.signing
    sheets = papers.sheets_of(tx, recipient.id)
    if size == 0:
        raise PaperRefused("This file is empty. Please choose another one.")
    if size > numbers.max_attachment_bytes:
        most = sizes.words(numbers.max_attachment_bytes)
        raise PaperRefused(f"This file is too large. It can have up to {most}.")
    if len(sheets) >= numbers.max_paper_sheets:
        raise PaperRefused(f"You can add up to {numbers.max_paper_sheets} files. A scan of all pages is one.")
    if sum(one.size for one in sheets) + size > numbers.max_paper_bytes:
        most = sizes.words(numbers.max_paper_bytes)
        raise PaperRefused(f"All files together can have up to {most}. Please scan with fewer dots per inch.")


def _check_tries(tx: Transaction, acting: Acting, row: EnvelopeRow) -> None:
    tries = papers.count_tries(tx, row.documents[0].document_id, acting.person_id)
    if tries >= TRIES * tx.policy.numbers.signing.max_paper_sheets:
        raise PaperRefused("You have added too many files here. Please ask the sender.")


@contextmanager
def _as_pdf(pdf: Workers, content: bytes) -> Iterator[tuple[Scratch, int]]:
    with Scratch.create(content) as source, ExitStack() as made:
        sheet, count = paper.sheet(pdf, source)
        if sheet is not source:
            made.enter_context(sheet)
        yield sheet, count


def _staged(
    db: Database, vault: Vault, row: EnvelopeRow, acting: Acting, made: Scratch, count: int, now: datetime
) -> AbstractContextManager[Staged]:
    return staged_pdf(
        db,
        vault,
        made,
        document_id=row.documents[0].document_id,
        purpose=PURPOSE,
        now=now,
        pages=count,
        created_by=acting.person_id,
    )


def _confirmed(tx: Transaction, recipient: RecipientRow, digest: str) -> Sequence[SheetRow]:
    """Return the sheets, if they are those that were confirmed and may be had."""
    sheets = papers.sheets_of(tx, recipient.id)
    paper_rules.check_sheets([one.sha256 for one in sheets], digest)
    for one in sheets:
        require_open(one.name, one.scan)
    return sheets


@contextmanager
def _bound(
    db: Database, vault: Vault, pdf: Workers, row: EnvelopeRow, sheets: Sequence[SheetRow], now: datetime
) -> Iterator[Callable[[Transaction], _Scan]]:
    """Lend what makes one PDF of the sheets visible. A single sheet stays as it is, with every byte."""
    if len(sheets) == 1:
        only = _Scan(sheets[0].version_id, sheets[0].pages, sheets[0].size, sheets[0].sha256)
        yield lambda _: only
        return
    count = sum(one.pages for one in sheets)
    with ExitStack() as opened:
        sources = [opened.enter_context(pages.source(db, vault, one.version_id)) for one in sheets]
        whole = opened.enter_context(paper.bind(pdf, sources))
        document_id = row.documents[0].document_id
        staged = opened.enter_context(
            staged_pdf(db, vault, whole, document_id=document_id, purpose=BOUND, now=now, pages=count)
        )

        def keep(tx: Transaction) -> _Scan:
            kept = vault.keep(tx, staged, now=now)
            return _Scan(kept.id, count, kept.size, kept.sha256)

        yield keep


def _record(
    tx: Transaction,
    kind: Kind,
    row: EnvelopeRow,
    acting: Acting,
    now: datetime,
    facts: dict[str, object],
    private: dict[str, object] | None = None,
) -> None:
    envelope_history.record(tx, kind, row, at=now, acting=acting, facts=facts, private=private)
