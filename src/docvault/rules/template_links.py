"""Links to a template: whoever opens one takes one role of an envelope of their own. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from docvault.rules.templates import TemplateRefused, TemplateRole

USES_MOST = 1_000
DAYS_MOST = 366


class LinkUnusable(TemplateRefused):
    """Somebody came by the link and proved their address, and still cannot be asked."""

    def __init__(self) -> None:
        super().__init__("This cannot be sent to you right now. Please ask whoever gave you the link.")


@dataclass(frozen=True, slots=True)
class Filled:
    """What the maker has filled in. people: by role in order, empty for the open one."""

    people: Sequence[str]
    values: Mapping[str, str]

    def dump(self) -> bytes:
        """Return it as JSON, to be sealed."""
        return json.dumps({"people": list(self.people), "values": dict(self.values)}).encode()

    @classmethod
    def load(cls, plain: bytes) -> "Filled":
        """Read back what `dump` wrote."""
        return cls(**json.loads(plain))


def open_role(roles: Sequence[TemplateRole], people: Sequence[str]) -> int:
    """Return the place of the one role that nobody was chosen for. Raises TemplateRefused."""
    left = [place for place, person in enumerate(people) if not person]
    if len(people) != len(roles) or len(left) != 1:
        raise TemplateRefused(
            "Choose somebody for every role but one: that one is for whoever opens the link."
        )
    if roles[left[0]].turn != min(role.turn for role in roles):
        raise TemplateRefused("Whoever opens the link has to come first: choose another role for them.")
    return left[0]


def check_uses(most: int) -> int:
    """Return how often a link can be used. Raises TemplateRefused."""
    if not 1 <= most <= USES_MOST:
        raise TemplateRefused(f"A link can be used from 1 to {USES_MOST:,} times.")
    return most


def end_of(last_day: date, now: datetime) -> datetime:
    """Return the moment the last day is over in UTC. Raises TemplateRefused."""
    ahead = (last_day - now.astimezone(UTC).date()).days
    if not 0 <= ahead <= DAYS_MOST:
        raise TemplateRefused(f"Choose a last day from today on, within {DAYS_MOST} days.")
    return datetime.combine(last_day, time(), tzinfo=UTC) + timedelta(days=1)
