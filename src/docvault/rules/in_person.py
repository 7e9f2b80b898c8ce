"""Signing in person: two people at one device, one who hosts it and vouches, one who signs. Pure."""

import hashlib
from enum import StrEnum

from docvault.rules.envelopes import SigningRefused


class Checked(StrEnum):
    """How the host has made sure who sits before them."""

    PASSPORT = "passport"
    IDENTITY_CARD = "identity-card"
    DRIVING_LICENCE = "driving-licence"
    RESIDENCE_PERMIT = "residence-permit"
    KNOWN = "known"  # for a long time, without looking at a paper


WORDS = {
    Checked.PASSPORT: "by their passport",
    Checked.IDENTITY_CARD: "by their identity card",
    Checked.DRIVING_LICENCE: "by their driving licence",
    Checked.RESIDENCE_PERMIT: "by their residence permit",
    Checked.KNOWN: "by knowing them personally",
}


class InPersonOnly(SigningRefused):
    """The sender wants a host beside this person; their own device does not do."""

    def __init__(self, host: str) -> None:
        super().__init__(f"You sign this in person. {host} hands you the device.")


class HostGone(SigningRefused):
    """What the host vouched for is not what is signed."""

    def __init__(self) -> None:
        super().__init__("Your host has to hand you the device once more.")


class NotNow(SigningRefused):
    """It is not the turn of whom a host would hand the device to."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} cannot sign now: others come first, or they have done their part already.")


def statement_digest(envelope_digest: str, recipient_id: str, checked: Checked) -> str:
    """Return what the host's proof is bound to: these documents, this person, and how they were checked."""
    said = f"in-person\n{envelope_digest}\n{recipient_id}\n{checked.value}"
    return hashlib.sha256(said.encode()).hexdigest()
