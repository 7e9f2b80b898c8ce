"""Handing one's part in an envelope to a colleague, with a reason that the evidence keeps."""

from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import (
    envelope_history,
    envelope_messages,
    envelope_people,
    envelopes,
    handovers,
    people,
    recipients,
)
from docvault.database.engine import Database, Transaction
from docvault.database.envelope_people import PossibleRecipient
from docvault.database.envelopes import EnvelopeRow
from docvault.database.handovers import How
from docvault.policy.vocabulary import Acting
from docvault.rules import envelope_life as life
from docvault.rules import envelopes as rules
from docvault.rules.envelopes import Asked, EnvelopeIncomplete, EnvelopeRefused, Part
from docvault.values import EnvelopeId, PersonId
from docvault.vault.files import Vault


class DelegationForbidden(EnvelopeRefused):
    """The sender, or the policy, wants exactly the people who were asked."""

    def __init__(self) -> None:
        super().__init__("The sender wants you yourself to do this. Ask them if somebody else should.")


def colleagues(db: Database, *, acting: Acting, envelope_id: EnvelopeId) -> list[PossibleRecipient]:
    """Return to whom `acting` could hand their part, by name; nobody where that is not allowed.

    Raises NotFound, Forbidden.
    """
    with db.reading() as tx:
        row, _ = envelopes.for_signing(tx, acting, envelope_id, lock=False)
        return _colleagues(tx, acting, row) if _is_allowed(tx, row) else []


def delegate_part(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    person_id: PersonId,
    reason: str,
    now: datetime,
) -> None:
    """Let a colleague do the part of `acting`, who receives a copy from then on; the sender is told.

    Raises EnvelopeIncomplete, NotFound, Forbidden, DelegationForbidden, EnvelopeClosed, SigningRefused.
    """
    reason = rules.check_reason(reason)
    with db.transaction() as tx:
        row, recipient = envelopes.for_signing(tx, acting, envelope_id)
        if not _is_allowed(tx, row):
            raise DelegationForbidden
        before = envelopes.to_decide(tx, row)
        after = life.delegate(before, recipient.id, now)
        person = people.by_id(tx, person_id)
        if person is None or person_id not in {one.id for one in _colleagues(tx, acting, row)}:
            raise EnvelopeIncomplete("Choose somebody of your organisation who may sign this document.")
        envelopes.save(tx, row, before, after, now)
        recipients.give_to(tx, recipient.id, person_id, message="")
        recipients.add(tx, row.id, [Asked(acting.person_id, recipient.turn, Part.COPY)], notified_at=now)
        handovers.add(
            tx,
            envelope_id=row.id,
            recipient_id=recipient.id,
            kind=How.DELEGATED,
            from_id=acting.person_id,
            to_id=person_id,
            reason=reason,
            now=now,
        )
        again = envelopes.for_completion(tx, row.id)
        envelope_messages.delegate(tx, vault.records, again, recipient.id, acting, reason, now)
        facts: dict[str, object] = {"recipient": recipient.id, "from": acting.person_id, "to": person_id}
        private = {"person": person.name, "reason": reason}
        envelope_history.record(
            tx, Kind.ENVELOPE_DELEGATED, row, at=now, acting=acting, facts=facts, private=private
        )


def _is_allowed(tx: Transaction, row: EnvelopeRow) -> bool:
    return row.may_delegate and tx.policy.numbers.signing.may_delegate


def _colleagues(tx: Transaction, acting: Acting, row: EnvelopeRow) -> list[PossibleRecipient]:
    return envelope_people.others(tx, acting, row, organisation_id=acting.organisation_id)
