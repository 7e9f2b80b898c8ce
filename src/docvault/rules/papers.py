"""Signing on paper: the signer prints, signs by hand and hands in a scan, and the sender looks at it. Pure.

No electronic signature is made for who chose paper: the scan shows the one they gave. No machine can see
whether a page was signed by hand, so a person says so. Until the sender has accepted the scan its signer is
awaited, but nobody reminds them, and it does not let the envelope expire.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from docvault.rules.envelopes import (
    SIGNING,
    Envelope,
    EnvelopeRefused,
    Recipient,
    SigningRefused,
    State,
    require_sent,
    require_turn,
    with_recipient,
)

NOTHING = "No scan of this person waits to be looked at. Please load the page again."


class PaperForbidden(SigningRefused):
    """The sender, or the policy, wants electronic signatures only."""

    def __init__(self) -> None:
        super().__init__("The sender of this envelope does not take signatures on paper. Please ask them.")


class PaperRefused(SigningRefused):
    """The sheets are not there, or not those that were confirmed; nothing was handed in."""


class NothingToCheck(EnvelopeRefused):
    """No scan of this person waits for the sender."""

    def __init__(self) -> None:
        super().__init__(NOTHING)


def require_paper(recipient: Recipient, *, allowed: bool, hosted: bool) -> None:
    """Accept somebody who may sign on paper. hosted: they sign in person. Raises PaperForbidden."""
    if not allowed or hosted or recipient.part not in SIGNING:
        raise PaperForbidden


def digest_of(sheets: Sequence[str]) -> str:
    """Return what a factor confirms: hex SHA-256 of the sheets' own, in hex, in order, a line each."""
    return hashlib.sha256("".join(f"{one}\n" for one in sheets).encode("ascii")).hexdigest()


def check_sheets(sheets: Sequence[str], digest: str) -> None:
    """Accept exactly the sheets that were confirmed. Raises PaperRefused."""
    if not sheets:
        raise PaperRefused("Please add the pages that you have signed by hand first.")
    if digest_of(sheets) != digest:
        raise PaperRefused("The pages have changed since you looked at them. Please look at them again.")


def hand_in(envelope: Envelope, signer_id: str, now: datetime) -> Envelope:
    """Record that a scan waits for the sender.

    Raises EnvelopeClosed, AlreadySigned, NotYourPart, NotYourTurn.
    """
    signer = require_turn(envelope, signer_id, SIGNING, now)
    return with_recipient(envelope, replace(signer, paper_at=now))


def accept(envelope: Envelope, signer_id: str, now: datetime) -> Envelope:
    """Count a scan as this person's signature, of when they handed it in; the last one makes it completing.

    Raises EnvelopeClosed, NothingToCheck.
    """
    signer = _checked(envelope, signer_id)
    signed = with_recipient(envelope, replace(signer, signed_at=signer.paper_at, applied_at=now))
    if any(one.is_awaited for one in signed.recipients):
        return signed
    return replace(signed, state=State.COMPLETING)


def send_back(envelope: Envelope, signer_id: str) -> Envelope:
    """Ask the signer again, for another scan or an electronic signature.

    Raises EnvelopeClosed, NothingToCheck.
    """
    return with_recipient(envelope, replace(_checked(envelope, signer_id), paper_at=None))


def _checked(envelope: Envelope, signer_id: str) -> Recipient:
    require_sent(envelope)
    found = next((one for one in envelope.recipients if one.id == signer_id and one.is_checked), None)
    if found is None:
        raise NothingToCheck
    return found
