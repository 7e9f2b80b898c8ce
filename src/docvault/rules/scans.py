"""What the malware scanner said of a version, and when that opens it. Pure."""

from enum import StrEnum


class Scan(StrEnum):
    """The state of a version; only the first and the third can be read."""

    UNSCANNED = "unscanned"  # no scanner was configured, or DocVault made the version itself
    WAITING = "waiting"  # there is no verdict yet
    CLEAN = "clean"
    INFECTED = "infected"
    FAILED = "failed"  # the scanner looked and could not tell


class Obstacle(StrEnum):
    """Why there is no verdict."""

    AWAY = "away"  # the scanner does not answer
    SLOW = "slow"
    LARGE = "large"  # more than the scanner takes
    UNCLEAR = "unclear"  # an answer that is not a verdict
    BLIND = "blind"  # it does not even find the test file


def is_open(scan: str) -> bool:
    """Return whether people may read what was scanned with this result."""
    return scan in {Scan.UNSCANNED, Scan.CLEAN}


def words(scan: str, note: str | None) -> str:
    """Return what people are told, in one or two sentences."""
    if scan == Scan.INFECTED:
        return f"This file contains malware ({note or 'unnamed'}). It is locked and nobody can open it."
    if scan == Scan.CLEAN:
        return "Checked for malware: nothing was found."
    if scan == Scan.UNSCANNED:
        return "This file was not scanned for malware."
    return f"{_WHY.get(note or '', _CHECKING)} Until then nobody can open it."


_CHECKING = "This file is being checked for malware. That usually takes a few seconds."
_WHY: dict[str, str] = {
    Obstacle.AWAY: "This file could not be checked for malware yet, because the scanner does not answer. "
    "The portal keeps trying.",
    Obstacle.SLOW: "This file could not be checked for malware yet, because the scanner took too long. "
    "The portal keeps trying.",
    Obstacle.LARGE: "This file is larger than the malware scanner takes. "
    "An administrator can raise the limit, and the portal tries again.",
    Obstacle.UNCLEAR: "This file could not be checked for malware yet, because the scanner gave no clear "
    "answer. The portal keeps trying.",
    Obstacle.BLIND: "This file could not be checked for malware yet, because the scanner does not work "
    "properly. The portal keeps trying.",
}
