"""How long a file may be locked, and which locks go together (RFC 4918, 6). Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from docvault.values import DocVaultError

EXCLUSIVE, SHARED = "exclusive", "shared"
LONGEST = timedelta(
    hours=1
)  # a program that is still there renews it; one that died holds nobody up for long
OWNER_MOST = 1000  # bytes of what a program says of itself


class AlreadyLocked(DocVaultError):
    """Somebody else has locked the file."""

    def __init__(self) -> None:
        super().__init__("Somebody is editing this file. Please try again when they have closed it.")


class LockRefused(DocVaultError):
    """The lock cannot be had like that."""


def expiry(now: datetime, seconds: float) -> datetime:
    """Return when a lock ends that was asked for `seconds`; fewer than none, or too many, is the longest."""
    wanted = timedelta(seconds=seconds) if 0 < seconds < LONGEST.total_seconds() else LONGEST
    return now + wanted


def check_beside(scope: str, others: Iterable[str]) -> None:
    """Return only if a lock goes together with those that are there. Raises AlreadyLocked."""
    others = list(others)
    if others and (scope == EXCLUSIVE or EXCLUSIVE in others):
        raise AlreadyLocked


def check_owner(owner: bytes) -> bytes:
    """Return what the program says of itself. Raises LockRefused."""
    if len(owner) > OWNER_MOST:
        raise LockRefused(f"The owner of a lock can have {OWNER_MOST} bytes at most.")
    return owner
