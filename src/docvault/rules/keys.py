"""What rotating and destroying keys comes to, and when it is refused. Pure: no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from docvault.values import DocVaultError

SECRET = ("root", "master", "folders", "pepper")  # the kinds that keep something closed
SIGNING = ("log", "ca-timestamp", "ca-responder", "ca-seal", "ca-issuing", "ca-root")
KINDS = SECRET + SIGNING

SETTLED = timedelta(minutes=10)  # by then every process has noticed a new key, a hundred times over


class KeyRefused(DocVaultError):
    """A key cannot be rotated or destroyed now; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class KeyView:
    """One generation of one key, as whoever runs the portal sees it."""

    kind: str  # root | master | pepper | …
    name: str
    generation: int
    created_at: datetime
    newest: bool
    destroyed: bool
    protects: int  # how many things need it
    things: str  # what these are


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation came to."""

    kind: str
    generation: int
    done: int
    resumed: bool
    stuck: Sequence[str] = field(default=())  # what no key opens, by table and column


def check_settled(since: datetime, now: datetime) -> None:
    """Return only if every process has noticed the key that is from `since`. Raises KeyRefused."""
    if now < since + SETTLED:
        raise KeyRefused(
            f"The new key is younger than {SETTLED.seconds // 60} minutes: a server may not have noticed it "
            f"yet. Please try again after {since + SETTLED:%H:%M} UTC."
        )
