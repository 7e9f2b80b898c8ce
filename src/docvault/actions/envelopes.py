"""Envelopes, for those who send them: place fields, send, remind, void; list, show.

How one is made is in drafts.py, what a signer does in ceremonies.py, what the portal does afterwards in
completions.py.
"""

from datetime import datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.database import (
    archive_stamps,
    envelope_history,
    envelope_lists,
    envelope_messages,
    envelope_views,
    envelopes,
    handovers,
    templates,
)
from docvault.database import fields as database_fields
from docvault.database.engine import PAGE, Database, Page, Transaction
from docvault.database.envelope_views import EnvelopeSummary, EnvelopeView
from docvault.database.envelopes import EnvelopeRow
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules import envelopes as rules
from docvault.rules.arrivals import check_fields_on_top
from docvault.rules.envelopes import EnvelopeRefused, State
from docvault.rules.fields import require_signature_fields
from docvault.values import EnvelopeId, NotFound
from docvault.vault import sending
from docvault.vault.authority import Authority
from docvault.vault.files import Vault


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
        sending.replaced(tx, acting, row)
        require_signature_fields(placed, {one.id: one.name for one in row.recipients if one.signs})
        check_fields_on_top(placed, row.documents)
    what = sending.outgoing(row, placed)
    with sending.staged(db, vault, pdf, authority, what, now) as ready, db.transaction() as tx:
        fresh = envelopes.for_managing(tx, acting, envelope_id)
        sending.freeze(tx, vault, acting, fresh, placed, ready, now)


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
    filters = envelope_lists.Filters(state, search, acting.person_id if mine else None)
    with db.reading() as tx:
        found = envelope_lists.page(tx, acting, filters, after=after, limit=limit)
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
