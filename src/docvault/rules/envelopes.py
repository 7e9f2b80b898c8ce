"""Who may sign an envelope, when, and what makes it complete. Pure: no I/O, no clock.

The states and the only ways between them (promise 65: what was sent does not change any more):

    draft -> sent -> completing -> completed
    draft | sent | expired -> voided  sent -> declined
    sent -> expired -> sent           when the day to sign by has passed, and when the sender gives more time
"""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from docvault.values import DocVaultError

REASON_LONGEST = 1000  # characters


class State(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    COMPLETING = "completing"  # everybody has signed; the sealed document is being made
    COMPLETED = "completed"
    DECLINED = "declined"
    VOIDED = "voided"
    EXPIRED = "expired"  # the day to sign by has passed; more time lets it go on


OPEN = frozenset({State.DRAFT, State.SENT, State.EXPIRED})  # can still be voided
CLOSED = frozenset({State.COMPLETED, State.DECLINED, State.VOIDED})  # nothing leads out of these
ENDED = CLOSED | {State.EXPIRED}  # nobody can sign


class EnvelopeRefused(DocVaultError):
    """The envelope is unchanged; the message is safe to show."""


class EnvelopeFrozen(EnvelopeRefused):
    """It was sent: recipients, fields, order and document cannot change any more (promise 65)."""


class EnvelopeIncomplete(EnvelopeRefused):
    """Something is missing or wrong in what was asked for: title, recipients, turns, reason."""


class EnvelopeClosed(EnvelopeRefused):
    """It was declined, voided or completed, or has not been sent yet."""


class SigningRefused(EnvelopeRefused):
    """The signer may not do this now; the envelope is unchanged."""


class AlreadySigned(SigningRefused): ...


class NotYourTurn(SigningRefused): ...


class NotYourPart(SigningRefused):
    """Somebody who approves, reads or receives a copy tries to sign, or the other way round."""


class ConsentMissing(SigningRefused): ...


class PagesNotSeen(SigningRefused): ...


class FieldsMissing(SigningRefused): ...


class NotReady(EnvelopeRefused):
    """A step of completion was asked for before the one it needs."""


class Part(StrEnum):
    """What a recipient is asked for."""

    SIGNER = "signer"
    WITNESS = "witness"  # signs as one who saw somebody sign: with a signer's turn or after it
    COUNTER_SIGNER = "counter-signer"  # signs after every signer
    APPROVER = "approver"  # says yes or no; their yes is in the evidence, not in the document
    VIEWER = "viewer"  # confirms that they have read it
    COPY = "copy"  # is told at the start and at the end; nothing waits for them


SIGNING = frozenset({Part.SIGNER, Part.WITNESS, Part.COUNTER_SIGNER})
DECIDING = SIGNING | {Part.APPROVER}  # may decline
ACTING = DECIDING | {Part.VIEWER}  # others wait for them


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person of an envelope. Times are aware UTC."""

    id: str
    turn: int  # 1 is first; people with the same turn act in any order
    part: Part = Part.SIGNER
    required_fields: frozenset[str] = frozenset()
    consented_at: datetime | None = None
    pages_seen: frozenset[int] = frozenset()
    signed_at: datetime | None = None
    approved_at: datetime | None = None  # of those who do not sign: approved, or read
    declined_at: datetime | None = None
    applied_at: datetime | None = None  # when their signature was put into the documents
    viewed_at: datetime | None = None  # when they first opened it
    due_at: datetime | None = None  # a day of their own to act by
    paper_at: datetime | None = None  # when they handed in a scan of what they signed by hand

    @property
    def signs(self) -> bool:
        return self.part in SIGNING

    @property
    def is_awaited(self) -> bool:
        """True while others wait for them."""
        return self.part in ACTING and self.signed_at is None and self.approved_at is None

    @property
    def is_checked(self) -> bool:
        """True while their part is done and the sender looks at their scan: see rules.papers."""
        return self.paper_at is not None and self.is_awaited


@dataclass(frozen=True, slots=True)
class Envelope:
    """The part of an envelope that decisions are made from."""

    state: State
    pages: int
    recipients: tuple[Recipient, ...]
    due_at: datetime | None = None  # nobody can sign from then on

    @property
    def ends_at(self) -> datetime | None:
        """When it expires: the first day by which something awaited has not come."""
        own = [one.due_at for one in self.recipients if one.is_awaited and not one.is_checked]
        if not own and any(one.is_checked for one in self.recipients):  # it waits for the sender only
            return None
        return min((day for day in (self.due_at, *own) if day is not None), default=None)

    @property
    def is_complete(self) -> bool:
        """True from the last signature on: what is left is the machine's work."""
        return self.state in {State.COMPLETING, State.COMPLETED}


def require_draft(envelope: Envelope) -> None:
    """Return only while the envelope may still be changed. Raises EnvelopeFrozen."""
    if envelope.state is not State.DRAFT:
        raise EnvelopeFrozen(
            "This envelope was already sent, so it cannot be changed any more. Void it and make a new one."
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A person as the sender puts them on an envelope."""

    person_id: str
    turn: int
    part: Part = Part.SIGNER
    message: str = ""  # for them alone
    language: str | None = None  # of mail about this envelope; None: the person's own
    due_at: datetime | None = None  # a day of their own to act by


def check_recipients(asked: Sequence[Asked], most: int) -> None:
    """Accept up to `most` people of whom somebody signs. Raises EnvelopeIncomplete."""
    if not any(one.part in SIGNING for one in asked):
        raise EnvelopeIncomplete("Choose at least one person who should sign.")
    if len(asked) > most:
        raise EnvelopeIncomplete(f"An envelope can have at most {most} people.")
    if len({one.person_id for one in asked}) != len(asked):
        raise EnvelopeIncomplete("Each person can be on an envelope only once.")
    if any(one.turn < 1 or one.turn > most for one in asked):
        raise EnvelopeIncomplete(f"Turns count from 1 to {most}.")
    _check_order(asked)


def _check_order(asked: Sequence[Asked]) -> None:
    turns = {part: [one.turn for one in asked if one.part is part] for part in SIGNING}
    signers, witnesses, counter = turns[Part.SIGNER], turns[Part.WITNESS], turns[Part.COUNTER_SIGNER]
    if witnesses and (not signers or min(witnesses) < min(signers)):
        raise EnvelopeIncomplete("A witness needs somebody who signs with them or before them.")
    if counter and (not signers or min(counter) <= max(signers)):
        raise EnvelopeIncomplete("Somebody who counter-signs needs a turn after everybody who signs.")


def require_sent(envelope: Envelope) -> None:
    """Return only while people are being asked to sign. Raises EnvelopeClosed."""
    if envelope.state is State.COMPLETING:
        raise EnvelopeClosed("Everybody has signed already.")
    if envelope.state is not State.SENT:
        raise closed(envelope)


def check_reason(reason: str) -> str:
    """Return why it ends, without surrounding space. Raises EnvelopeIncomplete."""
    reason = reason.strip()
    if not reason:
        raise EnvelopeIncomplete("Please say why, in a few words. The others will read it.")
    if len(reason) > REASON_LONGEST:
        raise EnvelopeIncomplete(f"A reason can have at most {REASON_LONGEST} characters.")
    return reason


def send(envelope: Envelope) -> Envelope:
    """Freeze the envelope and ask the first turn to sign. Raises EnvelopeFrozen, EnvelopeIncomplete."""
    require_draft(envelope)
    if not any(recipient.signs for recipient in envelope.recipients):
        raise EnvelopeIncomplete("Choose at least one person who should sign.")
    return replace(envelope, state=State.SENT)


def whose_turn(envelope: Envelope) -> frozenset[str]:
    """Return the ids of those who may act now: of the lowest turn that is not done."""
    if envelope.state is not State.SENT:
        return frozenset()
    waiting = [one for one in envelope.recipients if one.is_awaited]
    lowest = min((one.turn for one in waiting), default=0)
    return frozenset(one.id for one in waiting if one.turn == lowest and not one.is_checked)


def consent(envelope: Envelope, signer_id: str, now: datetime) -> Envelope:
    """Record that a signer agreed to sign electronically; giving it again keeps the first time.

    Raises EnvelopeClosed, AlreadySigned, NotYourTurn, NotYourPart.
    """
    signer = require_turn(envelope, signer_id, SIGNING, now)
    given = signer.consented_at is not None
    return envelope if given else with_recipient(envelope, replace(signer, consented_at=now))


def see_pages(envelope: Envelope, signer_id: str, pages: Collection[int], now: datetime) -> Envelope:
    """Record which pages were shown, from 1.

    Raises EnvelopeClosed, AlreadySigned, NotYourTurn, EnvelopeIncomplete.
    """
    signer = require_turn(envelope, signer_id, ACTING, now)
    if not all(1 <= page <= envelope.pages for page in pages):
        raise EnvelopeIncomplete(f"The document has the pages 1 to {envelope.pages}.")
    return with_recipient(envelope, replace(signer, pages_seen=signer.pages_seen | frozenset(pages)))


def sign(envelope: Envelope, signer_id: str, answered: AbstractSet[str], now: datetime) -> Envelope:
    """Record one signature and return the new envelope; the last one makes it completing.

    answered: ids of the fields this signer filled in.
    now: aware UTC time, taken once by the caller.
    Raises EnvelopeClosed, AlreadySigned, NotYourTurn, NotYourPart, ConsentMissing, PagesNotSeen,
    FieldsMissing; tried in that order.
    """
    signer = require_turn(envelope, signer_id, SIGNING, now)
    if signer.consented_at is None:
        raise ConsentMissing("Please agree to signing electronically first.")
    _require_all_seen(envelope, signer, "sign")
    missing = signer.required_fields - answered
    if missing:
        raise FieldsMissing(
            _count(len(missing), "required field is", "required fields are") + " still empty."
        )
    return _done(with_recipient(envelope, replace(signer, signed_at=now)))


def approve(envelope: Envelope, recipient_id: str, now: datetime) -> Envelope:
    """Record that somebody who does not sign approved, or has read it; the last to act makes it completing.

    Raises EnvelopeClosed, AlreadySigned, NotYourTurn, NotYourPart, PagesNotSeen; tried in that order.
    """
    recipient = require_turn(envelope, recipient_id, ACTING - SIGNING, now)
    _require_all_seen(envelope, recipient, "go on")
    return _done(with_recipient(envelope, replace(recipient, approved_at=now)))


def _require_all_seen(envelope: Envelope, recipient: Recipient, deed: str) -> None:
    unseen = envelope.pages - len(recipient.pages_seen)
    if unseen > 0:
        left = _count(unseen, "page was", "pages were")
        raise PagesNotSeen(f"Please look at every page before you {deed}: {left} not shown to you yet.")


def _done(envelope: Envelope) -> Envelope:
    """Return the envelope completing if nobody is awaited any more."""
    if any(recipient.is_awaited for recipient in envelope.recipients):
        return envelope
    return replace(envelope, state=State.COMPLETING)


def decline(envelope: Envelope, signer_id: str, now: datetime) -> Envelope:
    """Record that somebody will not sign or approve; this ends the envelope.

    Raises EnvelopeClosed, AlreadySigned, NotYourTurn, NotYourPart.
    """
    signer = require_turn(envelope, signer_id, DECIDING, now)
    return replace(with_recipient(envelope, replace(signer, declined_at=now)), state=State.DECLINED)


def void(envelope: Envelope) -> Envelope:
    """End the envelope for its sender. Raises EnvelopeClosed once everybody has signed or it has ended."""
    if envelope.state is State.COMPLETING:
        raise EnvelopeClosed("Everybody has signed, so this envelope cannot be voided any more.")
    if envelope.state not in OPEN:
        raise closed(envelope)
    return replace(envelope, state=State.VOIDED)


def next_to_apply(envelope: Envelope) -> Recipient | None:
    """Return whose signature goes into the document next, in the order they signed, or None."""
    if envelope.state not in {State.SENT, State.COMPLETING}:
        return None
    waiting = [
        (signer.signed_at, signer.turn, signer.id, signer)
        for signer in envelope.recipients
        if signer.signed_at is not None and signer.applied_at is None
    ]
    return min(waiting)[-1] if waiting else None


def apply(envelope: Envelope, signer_id: str, now: datetime) -> Envelope:
    """Record that this signer's signature is in the document. Raises NotReady unless it comes next."""
    following = next_to_apply(envelope)
    if following is None or following.id != signer_id:
        raise NotReady("Another signature goes into the document first.")
    return with_recipient(envelope, replace(following, applied_at=now))


def complete(envelope: Envelope) -> Envelope:
    """Call the envelope completed. Raises NotReady before every signature is in the document."""
    if envelope.state is not State.COMPLETING or any(
        recipient.signs and recipient.applied_at is None for recipient in envelope.recipients
    ):
        raise NotReady("Not every signature is in the document yet.")
    return replace(envelope, state=State.COMPLETED)


def is_overdue(envelope: Envelope, now: datetime) -> bool:
    """Tell whether it is past the day to sign by, also before the portal has noted that."""
    return envelope.state is State.SENT and envelope.ends_at is not None and now >= envelope.ends_at


def require_turn(envelope: Envelope, recipient_id: str, parts: AbstractSet[Part], now: datetime) -> Recipient:
    """Return who may act now in one of these parts.

    Raises EnvelopeClosed, AlreadySigned, NotYourPart, NotYourTurn; tried in that order.
    """
    recipient = next((one for one in envelope.recipients if one.id == recipient_id), None)
    if recipient is None:
        raise NotYourTurn("You are not asked to sign this envelope.")
    if envelope.state in {State.DRAFT, State.DECLINED, State.VOIDED, State.EXPIRED}:
        raise closed(envelope)
    if recipient.signed_at is not None:
        raise AlreadySigned("You have already signed this envelope. There is nothing left to do for you.")
    if recipient.approved_at is not None:
        raise AlreadySigned("You have already done your part. There is nothing left to do for you.")
    if recipient.paper_at is not None:
        raise AlreadySigned("You have handed in what you signed by hand. The sender looks at it now.")
    if is_overdue(envelope, now):
        raise EnvelopeClosed(_WHY_CLOSED[State.EXPIRED])
    if recipient.part not in parts:
        raise NotYourPart(_WHY_NOT[recipient.part])
    if recipient_id not in whose_turn(envelope):
        raise NotYourTurn("Others sign before you. We will write to you when it is your turn.")
    return recipient


_SIGNS = "You are asked to sign this envelope."
_WHY_NOT = {
    Part.SIGNER: _SIGNS,
    Part.WITNESS: _SIGNS,
    Part.COUNTER_SIGNER: _SIGNS,
    Part.APPROVER: "You are asked to approve this envelope, not to sign it.",
    Part.VIEWER: "You are asked to read this envelope, not to decide about it.",
    Part.COPY: "You only receive a copy of this envelope.",
}
_WHY_CLOSED = {
    State.DRAFT: "This envelope has not been sent yet.",
    State.COMPLETED: "This envelope is completed. Nothing in it can change any more.",
    State.DECLINED: "Somebody declined to sign, so this envelope has ended.",
    State.VOIDED: "The sender voided this envelope, so it can no longer be signed.",
    State.EXPIRED: "The day to sign by has passed. Only the sender can give more time.",
}


def _count(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number} {many}"


def closed(envelope: Envelope) -> EnvelopeClosed:
    """Return why nobody can act on it, in words."""
    return EnvelopeClosed(_WHY_CLOSED[envelope.state])


def with_recipient(envelope: Envelope, changed: Recipient) -> Envelope:
    """Return the envelope with one person as they are now."""
    kept = tuple(changed if one.id == changed.id else one for one in envelope.recipients)
    return replace(envelope, recipients=kept)
