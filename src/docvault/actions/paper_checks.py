"""Scans of what people signed by hand: the sender looks at them, and accepts them or sends them back."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import envelope_history, envelope_messages, envelopes, papers, work
from docvault.database.engine import Database, Transaction
from docvault.database.envelopes import EnvelopeRow
from docvault.database.papers import PaperRow
from docvault.database.recipients import RecipientRow
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules import envelopes as rules
from docvault.rules import papers as paper_rules
from docvault.rules.envelopes import State
from docvault.values import EnvelopeId, NotFound
from docvault.vault import pages
from docvault.vault.files import Vault


@dataclass(frozen=True, slots=True)
class PaperFile:
    """A scan to hand out. open_range yields its bytes from start up to, not including, stop."""

    name: str
    media_type: str
    size: int  # bytes
    sha256: str
    open_range: Callable[[int, int], Iterator[bytes]]


def list_papers(db: Database, *, acting: Acting, envelope_id: EnvelopeId) -> Sequence[PaperRow]:
    """Return the scans that `acting` may have: the sender all, others their own, and all at the end.

    Raises NotFound, Forbidden.
    """
    with db.reading() as tx:
        row = envelopes.for_reading(tx, acting, envelope_id)
        return _theirs(tx, row, acting)


def open_paper(
    db: Database, vault: Vault, *, acting: Acting, envelope_id: EnvelopeId, paper_id: str, now: datetime
) -> PaperFile:
    """Hand out a scan. Raises NotFound, Forbidden, NotScanned, Quarantined."""
    with db.transaction() as tx:
        row, found = _for_reading(tx, acting, envelope_id, paper_id)
        signer = _signer(row, found)
        facts = {"which": "paper", "version": found.version_id, "how": "downloaded"}
        envelope_history.record(tx, Kind.ENVELOPE_READ, row, at=now, acting=acting, facts=facts)
    opened = vault.open_version(db, found.version_id)
    name = f"{row.title} (signed by hand by {signer.name}).pdf"
    return PaperFile(name, opened.media_type, opened.size, found.sha256, opened.range)


def paper_image(
    db: Database,
    vault: Vault,
    pdf: Workers,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    paper_id: str,
    page: int,
    width: int,
) -> tuple[bytes, str]:
    """Return the picture of a page of a scan, and its media type.

    Raises NotFound, Forbidden, NotScanned, Quarantined, PageMissing, PdfUnreadable.
    """
    with db.reading() as tx:
        _, found = _for_reading(tx, acting, envelope_id, paper_id)
    return pages.image(db, vault, pdf, found.version_id, page=page, width=width)


def accept_paper(
    db: Database, vault: Vault, *, acting: Acting, envelope_id: EnvelopeId, paper_id: str, now: datetime
) -> None:
    """Count a scan as its person's signature; the last one starts completion.

    Raises NotFound, Forbidden, EnvelopeClosed, NothingToCheck.
    """
    with db.transaction() as tx:
        row, found, signer = _for_checking(tx, acting, envelope_id, paper_id)
        before = envelopes.to_decide(tx, row)
        after = paper_rules.accept(before, signer.id, now)
        envelopes.save(tx, row, before, after, now)
        papers.change(tx, found.id, accepted_at=now)
        facts: dict[str, object] = {"recipient": signer.id, "sha256": found.sha256, "digest": row.digest}
        private = {"person": signer.name}
        envelope_history.record(
            tx, Kind.ENVELOPE_PAPER_ACCEPTED, row, at=now, acting=acting, facts=facts, private=private
        )
        asked = rules.whose_turn(after) - rules.whose_turn(before)
        envelope_messages.ask(tx, vault.records, row, asked, now)
        if after.state is State.COMPLETING:
            work.enqueue(tx, work.AdvanceEnvelope(envelope_id))


def return_paper(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    paper_id: str,
    reason: str,
    now: datetime,
) -> None:
    """Send a scan back with a reason; its signer is asked again, and reads why.

    Raises EnvelopeIncomplete, NotFound, Forbidden, EnvelopeClosed, NothingToCheck.
    """
    reason = rules.check_reason(reason)
    with db.transaction() as tx:
        row, found, signer = _for_checking(tx, acting, envelope_id, paper_id)
        before = envelopes.to_decide(tx, row)
        envelopes.save(tx, row, before, paper_rules.send_back(before, signer.id), now)
        papers.change(tx, found.id, returned_at=now, reason=reason)
        envelope_messages.return_paper(tx, vault.records, row, signer, reason, now)
        facts: dict[str, object] = {"recipient": signer.id, "sha256": found.sha256}
        private = {"person": signer.name, "reason": reason}
        envelope_history.record(
            tx, Kind.ENVELOPE_PAPER_RETURNED, row, at=now, acting=acting, facts=facts, private=private
        )


def _theirs(tx: Transaction, row: EnvelopeRow, acting: Acting) -> list[PaperRow]:
    found = papers.of_envelope(tx, row.id)
    manages = tx.policy.decide(acting, Permission.ENVELOPE_MANAGE, row.resource).allowed
    if manages or row.state is State.COMPLETED:
        return list(found)
    mine = row.recipient_of(acting.person_id)
    return [one for one in found if mine is not None and one.recipient_id == mine.id]


def _for_reading(
    tx: Transaction, acting: Acting, envelope_id: EnvelopeId, paper_id: str
) -> tuple[EnvelopeRow, PaperRow]:
    row = envelopes.for_reading(tx, acting, envelope_id)
    found = next((one for one in _theirs(tx, row, acting) if one.id == paper_id), None)
    if found is None:
        raise NotFound
    return row, found


def _for_checking(
    tx: Transaction, acting: Acting, envelope_id: EnvelopeId, paper_id: str
) -> tuple[EnvelopeRow, PaperRow, RecipientRow]:
    row = envelopes.for_managing(tx, acting, envelope_id)
    found = next((one for one in papers.of_envelope(tx, row.id) if one.id == paper_id), None)
    if found is None:
        raise NotFound
    if not found.waits:
        raise paper_rules.NothingToCheck
    return row, found, _signer(row, found)


def _signer(row: EnvelopeRow, found: PaperRow) -> RecipientRow:
    return next(one for one in row.recipients if one.id == found.recipient_id)
