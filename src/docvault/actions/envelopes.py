"""Envelopes, for those who send them: place fields, send, remind, void; list, show.

How one is made is in drafts.py, what a signer does in ceremonies.py, what the portal does afterwards in
completions.py.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.database import (
    archive_stamps,
    envelope_documents,
    envelope_history,
    envelope_messages,
    envelope_views,
    envelopes,
    handovers,
    templates,
)
from docvault.database import fields as database_fields
from docvault.database.engine import PAGE, Database, Page, Transaction
from docvault.database.envelope_documents import EnclosedRow
from docvault.database.envelope_views import EnvelopeSummary, EnvelopeView
from docvault.database.envelopes import EnvelopeChanged, EnvelopeRow
from docvault.pdf import fields as pdf_fields
from docvault.pdf.filled import specs
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules import envelopes as rules
from docvault.rules.envelope_documents import (
    digest_of,
    fields_within,
    with_first_pages,
)
from docvault.rules.envelopes import EnvelopeClosed, EnvelopeRefused, State
from docvault.rules.fields import (
    PlacedField,
    require_signature_fields,
)
from docvault.values import EnvelopeId, NotFound
from docvault.vault.authority import Authority
from docvault.vault.files import Staged, Vault
from docvault.vault.staging import staged_pdf

REPLACED = "A corrected envelope has taken its place."


class PreflightFailed(EnvelopeRefused):
    """The envelope could not be sealed later, so it was not sent. `problems` are sentences for the sender."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


def send_envelope(
    db: Database,
    vault: Vault,
    pdf: Workers,
    authority: Authority,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    now: datetime,
) -> None:
    """Freeze the envelope, write the fields into its documents and ask the first turn to act.

    Raises NotFound, Forbidden, EnvelopeFrozen, SignatureFieldMissing, PreflightFailed, EnvelopeChanged.
    """
    with db.transaction() as tx:
        row = envelopes.for_managing(tx, acting, envelope_id)
        placed = database_fields.of_envelope(tx, envelope_id)
        rules.send(envelopes.to_decide(tx, row))
        _replaced(tx, acting, row)
        require_signature_fields(placed, {one.id: one.name for one in row.recipients if one.signs})
    signers = [one.name for one in row.recipients if one.signs]
    with ExitStack() as stagings:
        ready = []
        for document, first in with_first_pages(row.documents):
            with _prepared(
                db, vault, pdf, row, document, fields_within(placed, first, document.pages)
            ) as made:
                problems = authority.preflight(pdf, made, signers)
                if problems:
                    raise PreflightFailed(problems)
                staging = staged_pdf(
                    db,
                    vault,
                    made,
                    document_id=document.document_id,
                    purpose="prepared",
                    now=now,
                    pages=document.pages,
                )
                ready.append(stagings.enter_context(staging))
        with db.transaction() as tx:
            _freeze(tx, vault, acting, envelope_id, placed, ready, now)


def void_envelope(
    db: Database, vault: Vault, *, acting: Acting, envelope_id: EnvelopeId, reason: str, now: datetime
) -> None:
    """End the envelope and tell everybody who was asked.

    Raises EnvelopeIncomplete, NotFound, Forbidden, EnvelopeClosed.
    """
    reason = rules.check_reason(reason)
    with db.transaction() as tx:
        row = envelopes.for_managing(tx, acting, envelope_id)
        before = envelopes.to_decide(tx, row)
        envelopes.save(tx, row, before, rules.void(before), now, reason=reason)
        envelope_messages.tell_voided(tx, vault.records, row, reason, now)
        envelope_history.record(
            tx, Kind.ENVELOPE_VOIDED, row, at=now, acting=acting, private={"reason": reason}
        )


def remind_recipients(
    db: Database, vault: Vault, *, acting: Acting, envelope_id: EnvelopeId, now: datetime
) -> int:
    """Write again to those whose turn it is and return how many.

    Raises NotFound, Forbidden, EnvelopeClosed, EnvelopeRefused.
    """
    with db.transaction() as tx:
        row = envelopes.for_managing(tx, acting, envelope_id)
        rules.require_sent(envelopes.to_decide(tx, row))
        pause = timedelta(hours=tx.policy.numbers.signing.reminder_hours)
        asked = [one for one in row.recipients if one.id in envelope_views.in_turn(row)]
        due = [one for one in asked if now - (one.reminded_at or one.notified_at or row.created_at) >= pause]
        if not due:
            raise EnvelopeRefused(
                "They were written to a short while ago. Please wait before reminding them."
            )
        for recipient in due:
            envelope_messages.remind(tx, vault.records, row, recipient, acting, now)
        envelope_history.record(
            tx,
            Kind.ENVELOPE_REMINDED,
            row,
            at=now,
            acting=acting,
            facts={"recipients": [one.id for one in due]},
        )
        return len(due)


def list_envelopes(
    db: Database,
    *,
    acting: Acting,
    state: State | None = None,
    search: str | None = None,
    mine: bool = False,
    after: str | None = None,
    limit: int = PAGE,
) -> Page[EnvelopeSummary]:
    """Return envelopes that `acting` may see, newest first; `mine`: those they sent. Raises BadCursor."""
    filters = envelopes.Filters(state, search, acting.person_id if mine else None)
    with db.reading() as tx:
        found = envelopes.page(tx, acting, filters, after=after, limit=limit)
        return Page([envelope_views.summary(row, acting) for row in found.items], found.next)


def show_envelope(db: Database, *, acting: Acting, envelope_id: EnvelopeId) -> EnvelopeView:
    """Return one envelope with its people, fields and history. Raises NotFound."""
    with db.reading() as tx:
        row = envelopes.for_seeing(tx, acting, envelope_id)
        may = tx.policy.allowed(acting, row.resource, _MAY)
        runs = Permission.ENVELOPE_MANAGE in may
        return envelope_views.whole(
            row,
            acting,
            fields=database_fields.of_envelope(tx, envelope_id),
            history=envelope_history.of_envelope(tx, row),
            proofs=archive_stamps.of_envelope(tx, envelope_id),
            origin=templates.origin_of(tx, envelope_id) if runs else None,
            may=may,
            handovers=handovers.of_envelope(tx, envelope_id),
            replaced_by_id=_replaced_by(tx, acting, row),
        )


def _replaced_by(tx: Transaction, acting: Acting, row: EnvelopeRow) -> EnvelopeId | None:
    found = envelopes.replaced_by(tx, row)
    if found is None:
        return None
    try:
        return envelopes.for_seeing(tx, acting, found[0]).id
    except NotFound:  # whoever is not on the new one learns nothing of it
        return None


_MAY = (Permission.ENVELOPE_READ, Permission.ENVELOPE_MANAGE, Permission.ENVELOPE_SIGN)


def _freeze(
    tx: Transaction,
    vault: Vault,
    acting: Acting,
    envelope_id: EnvelopeId,
    placed: tuple[PlacedField, ...],
    ready: Sequence[Staged],
    now: datetime,
) -> None:
    row = envelopes.for_managing(tx, acting, envelope_id)
    before = envelopes.to_decide(tx, row)
    after = rules.send(before)
    if database_fields.of_envelope(tx, envelope_id) != placed:
        raise EnvelopeChanged
    kept = [vault.keep(tx, staged, now=now) for staged in ready]
    for document, one in zip(row.documents, kept, strict=True):
        envelope_documents.change(tx, document, prepared_version_id=one.id, digest=one.sha256)
    digest = digest_of([one.sha256 for one in kept])
    envelopes.save(tx, row, before, after, now, digest=digest, sent_at=now)
    _replace(tx, vault, acting, row, now)
    envelope_messages.ask(tx, vault.records, row, rules.whose_turn(after), now)
    envelope_messages.announce(tx, vault.records, row, now)
    facts: dict[str, object] = {
        "digest": digest,
        "recipients": len(row.recipients),
        "fields": len(placed),
    }
    if len(kept) > 1:
        facts["digests"] = [one.sha256 for one in kept]
    envelope_history.record(tx, Kind.ENVELOPE_SENT, row, at=now, acting=acting, facts=facts)


def _replaced(tx: Transaction, acting: Acting, row: EnvelopeRow) -> EnvelopeRow | None:
    """Return the envelope that this one corrects. Raises NotFound, Forbidden, EnvelopeClosed."""
    if row.replaces_id is None:
        return None
    old = envelopes.for_managing(tx, acting, row.replaces_id)
    if old.state in {State.COMPLETING, State.COMPLETED}:
        raise EnvelopeClosed("Everybody has signed the earlier envelope, so it cannot be replaced any more.")
    return old


def _replace(tx: Transaction, vault: Vault, acting: Acting, row: EnvelopeRow, now: datetime) -> None:
    """Void the envelope that this one corrects, with notice, unless it has ended already."""
    old = _replaced(tx, acting, row)
    if old is None:
        return
    if old.state in rules.OPEN:
        before = envelopes.to_decide(tx, old)
        envelopes.save(tx, old, before, rules.void(before), now, reason=REPLACED)
        envelope_messages.tell_replaced(tx, vault.records, old, now)
    facts: dict[str, object] = {"by": row.id, "was": old.state.value}
    envelope_history.record(tx, Kind.ENVELOPE_REPLACED, old, at=now, acting=acting, facts=facts)


@contextmanager
def _prepared(
    db: Database,
    vault: Vault,
    pdf: Workers,
    row: EnvelopeRow,
    document: EnclosedRow,
    placed: Sequence[PlacedField],
) -> Iterator[Scratch]:
    """Lend a cleaned document with a form field for each placed one, and everybody's signature field."""
    signers = [one.id for one in row.recipients if one.signs]
    with Scratch.create() as source:
        vault.open_version(db, document.prepared_version_id or "").copy_to(source.file)
        title = row.title if len(row.documents) == 1 else document.name
        with pdf_fields.place_fields(pdf, source, specs(placed), signers=signers, title=title) as prepared:
            yield prepared
