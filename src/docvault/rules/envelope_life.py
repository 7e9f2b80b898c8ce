"""What can happen to a sent envelope beside signing: it expires, gets more time, parts change hands. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from docvault.rules.envelope_words import check_due
from docvault.rules.envelopes import (
    ACTING,
    AlreadySigned,
    Envelope,
    EnvelopeClosed,
    EnvelopeIncomplete,
    EnvelopeRefused,
    NotReady,
    Recipient,
    State,
    closed,
    is_overdue,
    require_sent,
    require_turn,
    with_recipient,
)


class AlreadyOpened(EnvelopeRefused):
    """The person has looked at it, so it is too late to put somebody else in their place."""


def expire(envelope: Envelope, now: datetime) -> Envelope:
    """End the envelope because its day has passed. Raises NotReady before that."""
    if not is_overdue(envelope, now):
        raise NotReady("This envelope can still be signed.")
    return replace(envelope, state=State.EXPIRED)


def extend(envelope: Envelope, due_at: datetime, now: datetime) -> Envelope:
    """Give everybody until another day; an expired envelope goes on with what was signed.

    Raises EnvelopeClosed, EnvelopeIncomplete.
    """
    if envelope.state is State.COMPLETING:
        raise EnvelopeClosed("Everybody has signed already.")
    if envelope.state not in {State.SENT, State.EXPIRED}:
        raise closed(envelope)
    check_due(due_at, now)
    if envelope.ends_at is not None and due_at <= envelope.ends_at:
        raise EnvelopeIncomplete("The new day has to be later than the one before.")
    people = tuple(replace(one, due_at=None) if one.is_awaited else one for one in envelope.recipients)
    return replace(envelope, state=State.SENT, due_at=due_at, recipients=people)


def delegate(envelope: Envelope, recipient_id: str, now: datetime) -> Envelope:
    """Let somebody else do a person's part: whoever it is starts from the beginning.

    Raises EnvelopeClosed, AlreadySigned, NotYourPart, NotYourTurn.
    """
    return with_recipient(envelope, _anew(require_turn(envelope, recipient_id, ACTING, now)))


def require_few(times: int, most: int) -> None:
    """Return if a part that was handed on so often can be handed on once more. Raises EnvelopeRefused."""
    if times >= most:
        raise EnvelopeRefused(
            "This was handed on too often already. Ask the sender if somebody else should do it."
        )


def put_in_place(envelope: Envelope, recipient_id: str) -> Envelope:
    """Put another person in the place of one who has not opened the envelope yet.

    Raises EnvelopeClosed, NotReady, AlreadySigned, AlreadyOpened.
    """
    require_sent(envelope)
    recipient = next((one for one in envelope.recipients if one.id == recipient_id), None)
    if recipient is None:
        raise NotReady("This person is not on the envelope any more.")
    if not recipient.is_awaited or recipient.is_checked:
        raise AlreadySigned("This person has done their part already.")
    if recipient.viewed_at is not None:
        raise AlreadyOpened(
            "This person has opened the envelope already. Void it, or correct it and send it again."
        )
    return with_recipient(envelope, _anew(recipient))


def require_correctable(envelope: Envelope) -> None:
    """Return if another can be made in its place. Raises EnvelopeClosed."""
    if envelope.state is State.DRAFT:
        raise EnvelopeClosed("This envelope was not sent yet: just change it.")
    if envelope.is_complete:
        raise EnvelopeClosed("Everybody has signed, so this envelope cannot be replaced any more.")


def require_codes_set(waiting: Sequence[str]) -> None:
    """Accept that nobody waits for a code. waiting: names of those who do. Raises EnvelopeIncomplete."""
    if waiting:
        raise EnvelopeIncomplete(f"Set the access code for {waiting[0]} first.")


def _anew(recipient: Recipient) -> Recipient:
    return replace(recipient, viewed_at=None, consented_at=None, pages_seen=frozenset())
