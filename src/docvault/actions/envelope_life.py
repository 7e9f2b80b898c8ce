"""What a sender can still do with an envelope that was sent: give more time, correct who is asked."""

from datetime import datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.database import (
    envelope_history,
    envelope_messages,
    envelope_people,
    envelope_views,
    envelopes,
    handovers,
    people,
    recipients,
    work,
)
from docvault.database.engine import Database, Transaction
from docvault.database.envelope_people import PossibleRecipient
from docvault.database.handovers import How
from docvault.policy.vocabulary import Acting
from docvault.rules import envelope_life as life
from docvault.rules import envelopes as rules
from docvault.rules.envelopes import EnvelopeIncomplete
from docvault.values import EnvelopeId, NotFound, PersonId, RecipientId
from docvault.vault.files import Vault


def extend_envelope(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    due_at: datetime | None = None,
    now: datetime,
) -> datetime:
    """Give everybody more time and return until when; an expired envelope goes on with what was signed.

    due_at: None for as much as the policy gives.
    Raises NotFound, Forbidden, EnvelopeClosed, EnvelopeIncomplete.
    """
    with db.transaction() as tx:
        row = envelopes.for_managing(tx, acting, envelope_id)
        before = envelopes.to_decide(tx, row)
        days = timedelta(days=tx.policy.numbers.signing.extension_days)
        until = due_at or max(before.ends_at or now, now) + days
        after = life.extend(before, until, now)
        envelopes.save(tx, row, before, after, now, extended_at=now, warned_at=None)
        for one in row.recipients:
            recipients.change(tx, one.id, warned_at=None)
        again = envelopes.for_managing(tx, acting, envelope_id)
        _ask_on(tx, vault, again, now)
        facts = {"until": until.isoformat(), "was": row.state.value}
        envelope_history.record(tx, Kind.ENVELOPE_EXTENDED, row, at=now, acting=acting, facts=facts)
        if rules.next_to_apply(after) is not None:
            work.enqueue(tx, work.AdvanceEnvelope(envelope_id))  # it rested while nobody could sign
        return until


def _ask_on(tx: Transaction, vault: Vault, row: envelopes.EnvelopeRow, now: datetime) -> None:
    """Tell those who were asked that they have more time; ask those whose turn came meanwhile."""
    known = {str(one.id) for one in row.recipients if one.notified_at is not None}
    in_turn = envelope_views.in_turn(row)
    envelope_messages.tell_extended(tx, vault.records, row, in_turn & known, now)
    envelope_messages.ask(tx, vault.records, row, in_turn - known, now)


def possible_replacements(
    db: Database, *, acting: Acting, envelope_id: EnvelopeId
) -> list[PossibleRecipient]:
    """Return who could be put in the place of a recipient. Raises NotFound, Forbidden."""
    with db.reading() as tx:
        row = envelopes.for_managing(tx, acting, envelope_id, lock=False)
        return envelope_people.others(tx, acting, row)


def correct_recipient(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    recipient_id: RecipientId,
    person_id: PersonId,
    reason: str,
    now: datetime,
) -> None:
    """Put another person in the place of one who has not opened the envelope yet.

    Whoever it was is told nothing more and sees the envelope no longer.
    Raises EnvelopeIncomplete, NotFound, Forbidden, EnvelopeClosed, NotReady, AlreadySigned, AlreadyOpened.
    """
    reason = rules.check_reason(reason)
    with db.transaction() as tx:
        row = envelopes.for_managing(tx, acting, envelope_id)
        recipient = next((one for one in row.recipients if one.id == recipient_id), None)
        if recipient is None:
            raise NotFound
        before = envelopes.to_decide(tx, row)
        after = life.put_in_place(before, recipient_id)
        if not any(one.id == person_id for one in envelope_people.others(tx, acting, row)):
            raise EnvelopeIncomplete("This person cannot be asked to sign this document.")
        person = people.by_id(tx, person_id)
        envelopes.save(tx, row, before, after, now)
        recipients.give_to(tx, recipient_id, person_id)
        handovers.add(
            tx,
            envelope_id=envelope_id,
            recipient_id=recipient_id,
            kind=How.CORRECTED,
            from_id=recipient.person_id,
            to_id=person_id,
            reason=reason,
            now=now,
        )
        again = envelopes.for_managing(tx, acting, envelope_id)
        if recipient.notified_at is not None:
            asked = envelope_views.in_turn(again) & {str(recipient_id)}
            envelope_messages.ask(tx, vault.records, again, asked, now)
            envelope_messages.announce(tx, vault.records, again, now, only=recipient_id)
        facts: dict[str, object] = {
            "recipient": recipient_id,
            "from": recipient.person_id,
            "to": person_id,
        }
        private = {"person": person.name if person else "", "instead_of": recipient.name, "reason": reason}
        envelope_history.record(
            tx, Kind.ENVELOPE_CORRECTED, row, at=now, acting=acting, facts=facts, private=private
        )
