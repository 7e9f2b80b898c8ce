"""What a person reads who cannot sign now: where they stand, and the one thing to do next."""

from dataclasses import dataclass

from docvault.actions.ceremonies import CeremonyView


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person stands who cannot sign now, and what to do next."""

    icon: str
    title: str
    words: str
    action: str
    href: str


_NO_MORE = "This envelope has ended"
STANDINGS = {
    "handed-in": (
        "scan-eye",
        "{name} looks at your scan",
        "There is nothing left for you to do. We write to you if something is missing.",
    ),
    "copy": (
        "files",
        "There is nothing for you to do",
        "You receive a copy: we write to you as soon as everybody has signed.",
    ),
    "completed": (
        "circle-check",
        "This document is completed",
        "Everybody has signed. You can download the signed document.",
    ),
    "declined": ("circle-x", _NO_MORE, "Somebody declined to sign. There is nothing left to do for you."),
    "voided": ("ban", _NO_MORE, "{name} voided it. There is nothing left to do for you."),
    "expired": (
        "timer-off",
        "The time to sign is over",
        "Only {name} can give more time. We write to you if they do.",
    ),
}


def standing_of(view: CeremonyView, home: str) -> Standing | None:
    """Return where a person stands; None for who can sign now. home: the page they start on."""
    if view.state == "waiting":
        said = "Others sign before you. We write to you as soon as it is your turn."
        return Standing("clock", "It is not your turn yet", said, "Back to {place}", home)
    if view.state not in STANDINGS:
        return None
    icon, title, said = STANDINGS[view.state]
    return Standing(icon, title, said, "Show the envelope", f"/envelopes/{view.envelope.id}")
