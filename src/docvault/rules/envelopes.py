"""Who may sign an envelope, when, and what makes it complete. Pure: no I/O, no clock.

The states and the only ways between them (promise 65: what was sent does not change any more):

    draft -> sent -> completing -> completed
    draft | sent -> voided            sent -> declined
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from docvault.values import DocVaultError

TITLE_LONGEST = 200  # characters
REASON_LONGEST = 1000  # characters


_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls, half characters, odd line ends
_LINES = re.compile(r"[\r\n\t]")  # are fine in a message


class State(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    COMPLETING = "completing"  # everybody has signed; the sealed document is being made
    COMPLETED = "completed"
    DECLINED = "declined"
    VOIDED = "voided"


OPEN = frozenset({State.DRAFT, State.SENT})  # can still be voided
CLOSED = frozenset({State.COMPLETED, State.DECLINED, State.VOIDED})  # nothing leads out of these


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


class ConsentMissing(SigningRefused): ...


class PagesNotSeen(SigningRefused): ...


class FieldsMissing(SigningRefused): ...


class NotReady(EnvelopeRefused):
    """A step of completion was asked for before the one it needs."""


@dataclass(frozen=True, slots=True)
class Signer:
    """One person who is asked to sign. Times are aware UTC."""

    id: str  # the recipient's id
    turn: int  # 1 is first; signers with the same turn sign in any order
    required_fields: frozenset[str] = frozenset()
    consented_at: datetime | None = None
    pages_seen: frozenset[int] = frozenset()
    signed_at: datetime | None = None
    declined_at: datetime | None = None
    applied_at: datetime | None = None  # when their signature was put into the document


@dataclass(frozen=True, slots=True)
class Envelope:
    """The part of an envelope that decisions are made from."""

    state: State
    pages: int
    signers: tuple[Signer, ...]

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


def check_recipients(recipients: Iterable[tuple[str, int]], most: int) -> None:
    """Accept up to `most` pairs of person id and turn. Raises EnvelopeIncomplete."""
    pairs = list(recipients)
    if not pairs:
        raise EnvelopeIncomplete("Choose at least one person who should sign.")
    if len(pairs) > most:
        raise EnvelopeIncomplete(f"An envelope can have at most {most} people who sign.")
    if len({person for person, _ in pairs}) != len(pairs):
        raise EnvelopeIncomplete("Each person can be on an envelope only once.")
    if any(turn < 1 or turn > most for _, turn in pairs):
        raise EnvelopeIncomplete(f"Turns count from 1 to {most}.")


def check_words(title: str, message: str, longest: int) -> None:
    """Accept a title, and a message of up to `longest` characters. Raises EnvelopeIncomplete."""
    title, message = title.strip(), message.strip()
    if not title:
        raise EnvelopeIncomplete("Give the envelope a title, so that people know what they sign.")
    if len(title) > TITLE_LONGEST:
        raise EnvelopeIncomplete(f"A title can have at most {TITLE_LONGEST} characters.")
    if any(unicodedata.category(letter) in _UNPRINTABLE for letter in title + _LINES.sub("", message)):
        raise EnvelopeIncomplete("Title and message can only have characters that can be printed.")
    if len(message) > longest:
        raise EnvelopeIncomplete(f"A message can have at most {longest} characters.")


def require_sent(envelope: Envelope) -> None:
    """Return only while people are being asked to sign. Raises EnvelopeClosed."""
    if envelope.state is State.COMPLETING:
        raise EnvelopeClosed("Everybody has signed already.")
    if envelope.state is not State.SENT:
        raise _closed(envelope)


def check_due(due_at: datetime | None, now: datetime) -> None:
    """Accept no day to sign by, or one to come. Raises EnvelopeIncomplete."""
    if due_at is None:
        return
    if due_at.tzinfo is None:
        raise EnvelopeIncomplete("The day to sign by needs a time zone.")
    if due_at <= now:
        raise EnvelopeIncomplete("The day to sign by has to be in the future.")


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
    if not envelope.signers:
        raise EnvelopeIncomplete("Choose at least one person who should sign.")
    return replace(envelope, state=State.SENT)


def whose_turn(envelope: Envelope) -> frozenset[str]:
    """Return the ids of those who may sign now: everybody unsigned of the lowest unsigned turn."""
    if envelope.state is not State.SENT:
        return frozenset()
    waiting = [signer for signer in envelope.signers if signer.signed_at is None]
    lowest = min((signer.turn for signer in waiting), default=0)
    return frozenset(signer.id for signer in waiting if signer.turn == lowest)


def consent(envelope: Envelope, signer_id: str, now: datetime) -> Envelope:
    """Record that a signer agreed to sign electronically; giving it again keeps the first time.

    Raises EnvelopeClosed, AlreadySigned, NotYourTurn.
    """
    signer = _in_turn(envelope, signer_id)
    if signer.consented_at is not None:
        return envelope
    return _with(envelope, replace(signer, consented_at=now))


def see_pages(envelope: Envelope, signer_id: str, pages: Collection[int]) -> Envelope:
    """Record which pages were shown, from 1.

    Raises EnvelopeClosed, AlreadySigned, NotYourTurn, EnvelopeIncomplete.
    """
    signer = _in_turn(envelope, signer_id)
    if any(page < 1 or page > envelope.pages for page in pages):
        raise EnvelopeIncomplete(f"The document has the pages 1 to {envelope.pages}.")
    return _with(envelope, replace(signer, pages_seen=signer.pages_seen | frozenset(pages)))


def sign(envelope: Envelope, signer_id: str, answered: AbstractSet[str], now: datetime) -> Envelope:
    """Record one signature and return the new envelope; the last one makes it completing.

    answered: ids of the fields this signer filled in.
    now: aware UTC time, taken once by the caller.
    Raises EnvelopeClosed, AlreadySigned, NotYourTurn, ConsentMissing, PagesNotSeen, FieldsMissing; tried in
    that order.
    """
    signer = _in_turn(envelope, signer_id)
    if signer.consented_at is None:
        raise ConsentMissing("Please agree to signing electronically first.")
    unseen = envelope.pages - len(signer.pages_seen)
    if unseen > 0:
        left = _count(unseen, "page was", "pages were")
        raise PagesNotSeen(f"Please look at every page before you sign: {left} not shown to you yet.")
    missing = signer.required_fields - answered
    if missing:
        raise FieldsMissing(
            _count(len(missing), "required field is", "required fields are") + " still empty."
        )
    signed = _with(envelope, replace(signer, signed_at=now))
    if all(other.signed_at is not None for other in signed.signers):
        return replace(signed, state=State.COMPLETING)
    return signed


def decline(envelope: Envelope, signer_id: str, now: datetime) -> Envelope:
    """Record that a signer will not sign; this ends the envelope.

    Raises EnvelopeClosed, AlreadySigned, NotYourTurn.
    """
    signer = _in_turn(envelope, signer_id)
    return replace(_with(envelope, replace(signer, declined_at=now)), state=State.DECLINED)


def void(envelope: Envelope) -> Envelope:
    """End the envelope for its sender. Raises EnvelopeClosed once everybody has signed or it has ended."""
    if envelope.state is State.COMPLETING:
        raise EnvelopeClosed("Everybody has signed, so this envelope cannot be voided any more.")
    if envelope.state not in OPEN:
        raise _closed(envelope)
    return replace(envelope, state=State.VOIDED)


def next_to_apply(envelope: Envelope) -> Signer | None:
    """Return whose signature goes into the document next, in the order they signed, or None."""
    if envelope.state not in {State.SENT, State.COMPLETING}:
        return None
    waiting = [
        (signer.signed_at, signer.turn, signer.id, signer)
        for signer in envelope.signers
        if signer.signed_at is not None and signer.applied_at is None
    ]
    return min(waiting)[-1] if waiting else None


def apply(envelope: Envelope, signer_id: str, now: datetime) -> Envelope:
    """Record that this signer's signature is in the document. Raises NotReady unless it comes next."""
    following = next_to_apply(envelope)
    if following is None or following.id != signer_id:
        raise NotReady("Another signature goes into the document first.")
    return _with(envelope, replace(following, applied_at=now))


def complete(envelope: Envelope) -> Envelope:
    """Call the envelope completed. Raises NotReady before every signature is in the document."""
    if envelope.state is not State.COMPLETING or any(
        signer.applied_at is None for signer in envelope.signers
    ):
        raise NotReady("Not every signature is in the document yet.")
    return replace(envelope, state=State.COMPLETED)


def _in_turn(envelope: Envelope, signer_id: str) -> Signer:
    signer = next((one for one in envelope.signers if one.id == signer_id), None)
    if signer is None:
        raise NotYourTurn("You are not asked to sign this envelope.")
    if envelope.state in {State.DRAFT, State.DECLINED, State.VOIDED}:
        raise _closed(envelope)
    if signer.signed_at is not None:
        raise AlreadySigned("You have already signed this envelope. There is nothing left to do for you.")
    if signer_id not in whose_turn(envelope):
        raise NotYourTurn("Others sign before you. We will write to you when it is your turn.")
    return signer


_WHY_CLOSED = {
    State.DRAFT: "This envelope has not been sent yet.",
    State.COMPLETED: "This envelope is completed. Nothing in it can change any more.",
    State.DECLINED: "Somebody declined to sign, so this envelope has ended.",
    State.VOIDED: "The sender voided this envelope, so it can no longer be signed.",
}


def _count(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number} {many}"


def _closed(envelope: Envelope) -> EnvelopeClosed:
    return EnvelopeClosed(_WHY_CLOSED[envelope.state])


def _with(envelope: Envelope, changed: Signer) -> Envelope:
    return replace(
        envelope, signers=tuple(changed if signer.id == changed.id else signer for signer in envelope.signers)
    )
