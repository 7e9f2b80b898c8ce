"""When the archive timestamp of a sealed document needs another one after it, and whether that helped.

A timestamp proves something until its certificates end or its algorithms stop to prove anything (ETSI EN 319
142-1, 5.5): another one has to be added while it still does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

BEFORE = timedelta(days=90)  # so long before its end a timestamp is renewed
SHARE = 4  # but not before the last quarter of a short life: a new one would be renewed at once as well
AGAIN = timedelta(hours=1)  # until the next try for a clock of others, and after trouble


@dataclass(frozen=True, slots=True)
class Stamp:
    """The newest timestamp of a document. own: by the built-in clock."""

    clock: str
    at: datetime
    good_until: datetime
    own: bool


class Step(StrEnum):
    KEEP = "keep"
    UPGRADE = "upgrade"  # a clock of others is wanted, and ours stamped it
    RENEW = "renew"


def next_step(stamp: Stamp, *, others: bool, now: datetime) -> Step:
    """others: whether timestamp authorities of others are set."""
    if stamp.own and others:
        return Step.UPGRADE
    return Step.RENEW if now >= renewal_of(stamp) else Step.KEEP


def renewal_of(stamp: Stamp) -> datetime:
    """Return when a timestamp is due to be renewed."""
    return stamp.good_until - min(BEFORE, (stamp.good_until - stamp.at) / SHARE)


def helps(step: Step, before: Stamp, after: Stamp) -> bool:
    """Tell whether the document is better off with the new timestamp."""
    if step is Step.UPGRADE and not after.own:
        return True
    return step is Step.RENEW and after.good_until > before.good_until
