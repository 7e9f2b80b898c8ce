"""Handing one's part in an envelope to a colleague, with a reason that the evidence keeps.

The colleague has an account, or is named by address, where the sender lets people name anybody. What the
sender asks of the part, they ask of whoever takes it over; a code told to one person counts for no other.
"""

from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.credentials.refusals import Throttled
from docvault.database import (
    envelope_history,
    envelope_messages,
    envelope_people,
    envelopes,
    handovers,
    outsiders,
    people,
    recipients,
    throttles,
)
from docvault.database.engine import Database, Transaction
from docvault.database.envelope_people import PossibleRecipient
from docvault.database.envelopes import EnvelopeRow
from docvault.database.handovers import How
from docvault.database.people import PersonRow
from docvault.database.recipients import RecipientRow
from docvault.database.throttles import Bucket
from docvault.policy.vocabulary import Acting, Role
from docvault.rules import envelope_life as life
from docvault.rules import envelopes as rules
from docvault.rules import people as people_rules
from docvault.rules.envelopes import Asked, EnvelopeIncomplete, EnvelopeRefused, Part
from docvault.rules.outsiders import Outsider
from docvault.rules.people import PeopleError
from docvault.values import EnvelopeId, PersonId
from docvault.vault.files import Vault


class DelegationForbidden(EnvelopeRefused):
    """The sender, or the policy, wants exactly the people who were asked."""

    def __init__(self) -> None:
        super().__init__("The sender wants you yourself to do this. Ask them if somebody else should.")


class CannotBeAsked(EnvelopeIncomplete):
    """One answer, whoever has the address: it says nothing about accounts (promise 39)."""

    def __init__(self) -> None:
        super().__init__("This person cannot be asked here. Name somebody else, or ask the sender.")


@dataclass(frozen=True, slots=True)
class Choice:
    """To whom a part can be handed. anybody: whoever is named by address, beside these."""

    colleagues: list[PossibleRecipient]
    anybody: bool


def choice(db: Database, *, acting: Acting, envelope_id: EnvelopeId) -> Choice:
    """Return to whom `acting` could hand their part, by name; nobody where that is not allowed.

    Raises NotFound, Forbidden.
    """
    with db.reading() as tx:
        row, recipient = envelopes.for_signing(tx, acting, envelope_id, lock=False)
        if not _is_allowed(tx, row, recipient):
            return Choice([], anybody=False)
        return Choice(_colleagues(tx, acting, row), _may_name(tx, row))


def delegate_part(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    to: PersonId | Outsider,
    reason: str,
    now: datetime,
) -> None:
    """Let a colleague do the part of `acting`, who receives a copy from then on; the sender is told.

    to: one of those offered, or somebody named by address; an address of an account asks that account.
    Raises EnvelopeIncomplete, Throttled, NotFound, Forbidden, DelegationForbidden, EnvelopeClosed,
    SigningRefused, EnvelopeRefused.
    """
    reason = rules.check_reason(reason)
    if isinstance(to, Outsider):
        to = _said(to)
        _count_try(db, acting, now)
    with db.transaction() as tx:
        row, recipient = envelopes.for_signing(tx, acting, envelope_id)
        if not _is_allowed(tx, row, recipient) or (isinstance(to, Outsider) and not _may_name(tx, row)):
            raise DelegationForbidden
        before = envelopes.to_decide(tx, row)
        after = life.delegate(before, recipient.id, now)
        most = tx.policy.numbers.signing.delegations_most
        life.require_few(handovers.times_delegated(tx, recipient.id), most)
        taker = _named(tx, acting, row, to) if isinstance(to, Outsider) else _colleague(tx, acting, row, to)
        envelopes.save(tx, row, before, after, now)
        code_due = _put(tx, vault, acting, recipient, taker, now)
        handovers.add(
            tx,
            envelope_id=row.id,
            recipient_id=recipient.id,
            kind=How.DELEGATED,
            from_id=acting.person_id,
            to_id=taker.id,
            reason=reason,
            now=now,
        )
        again = envelopes.for_completion(tx, row.id)
        envelope_messages.delegate(tx, vault.records, again, recipient.id, now)
        envelope_messages.announce(tx, vault.records, again, now, only=_own_copy(again, acting))
        _record(tx, acting, row, recipient, taker, reason, code_due=code_due, now=now)


def _put(
    tx: Transaction, vault: Vault, acting: Acting, recipient: RecipientRow, taker: PersonRow, now: datetime
) -> bool:
    """Put the taker in the place of `acting`, who gets a copy; tell whether a new access code is due."""
    outside = taker.role is Role.OUTSIDER
    code_due = outside and outsiders.asks_code(tx, recipient.id)
    recipients.give_to(tx, recipient.id, taker.id, message="")
    if outside:
        outsiders.add_in_place(tx, recipient.id, code_due=code_due)
        recipients.change(tx, recipient.id, chosen_language=recipient.language)
    copy = Asked(acting.person_id, recipient.turn, Part.COPY, language=recipient.chosen_language)
    recipients.add(tx, recipient.envelope_id, [copy], notified_at=now)
    if acting.role is Role.OUTSIDER:
        own = next(each for each in recipients.of_envelope(tx, recipient.envelope_id) if _is_of(each, acting))
        outsiders.add(tx, vault.records, own.id, "")
    return code_due


def _record(
    tx: Transaction,
    acting: Acting,
    row: EnvelopeRow,
    recipient: RecipientRow,
    taker: PersonRow,
    reason: str,
    *,
    code_due: bool,
    now: datetime,
) -> None:
    facts: dict[str, object] = {"recipient": recipient.id, "from": acting.person_id, "to": taker.id}
    private = {"person": taker.name, "reason": reason}
    if taker.role is Role.OUTSIDER:
        facts |= {"without_account": True, "access_code_due": code_due}
        private["email"] = taker.email
    envelope_history.record(
        tx, Kind.ENVELOPE_DELEGATED, row, at=now, acting=acting, facts=facts, private=private
    )


def _is_allowed(tx: Transaction, row: EnvelopeRow, recipient: RecipientRow) -> bool:
    """Whoever signs beside a host was chosen to be seen by that host."""
    return row.may_delegate and tx.policy.numbers.signing.may_delegate and recipient.host is None


def _may_name(tx: Transaction, row: EnvelopeRow) -> bool:
    return row.may_delegate_outside and tx.policy.numbers.signing.may_delegate_outside


def _colleagues(tx: Transaction, acting: Acting, row: EnvelopeRow) -> list[PossibleRecipient]:
    """Somebody without an account belongs to no organisation, and is shown nobody of it."""
    if acting.role is Role.OUTSIDER:
        return []
    return envelope_people.others(tx, acting, row, organisation_id=acting.organisation_id)


def _colleague(tx: Transaction, acting: Acting, row: EnvelopeRow, person_id: PersonId) -> PersonRow:
    person = people.by_id(tx, person_id)
    if person is None or person_id not in {one.id for one in _colleagues(tx, acting, row)}:
        raise EnvelopeIncomplete("Choose somebody of your organisation who may sign this document.")
    return person


def _said(to: Outsider) -> Outsider:
    try:
        return Outsider(people_rules.name(to.name), people_rules.email(to.email))
    except PeopleError as error:
        raise EnvelopeIncomplete(str(error)) from error


def _count_try(db: Database, acting: Acting, now: datetime) -> None:
    """Slow down whoever tries address after address to learn which are refused. Raises Throttled."""
    with db.transaction() as tx:
        wait = throttles.take(tx, _tries(tx, acting), now)
    if wait:
        raise Throttled(wait)


def _tries(tx: Transaction, acting: Acting) -> Bucket:
    return throttles.named(tx.policy.numbers.passwords.throttle, acting.person_id)


def _named(tx: Transaction, acting: Acting, row: EnvelopeRow, to: Outsider) -> PersonRow:
    """Return who has an address, made if need be. Raises EnvelopeIncomplete."""
    if to.email == acting.email:
        raise EnvelopeIncomplete("That is your own address. Name somebody else.")
    if to.email == row.sender_email:
        raise EnvelopeIncomplete("That is the address of the sender. Name somebody else.")
    if any(to.email == one.email for one in row.recipients):
        raise EnvelopeIncomplete("That person is on this envelope already. Name somebody else.")
    try:
        (one,) = envelope_people.named(tx, [to])
    except EnvelopeIncomplete as error:
        raise CannotBeAsked from error
    near = envelope_people.others(tx, acting, row, organisation_id=acting.organisation_id)
    if not one.is_outside and one.id not in {each.id for each in near}:
        raise CannotBeAsked
    person = people.by_id(tx, envelope_people.add(tx, acting, row.organisation_id, one))
    if person is None:
        raise CannotBeAsked
    throttles.give_back(tx, _tries(tx, acting), acting.at)
    return person


def _is_of(recipient: RecipientRow, acting: Acting) -> bool:
    return recipient.person_id == acting.person_id


def _own_copy(row: EnvelopeRow, acting: Acting) -> str:
    """Return the recipient whose old link leads nowhere any more and who needs one to their copy, if any."""
    return next((one.id for one in row.recipients if _is_of(one, acting) and one.is_outside), "")
