"""The examples in policies/examples/*.toml: each rule shown at work, in words a compliance officer can check.

An example says who does what with which thing, and whether it is allowed, and by which rule.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from docvault.policy.engine import Policy, PolicyInvalid
from docvault.policy.vocabulary import Acting, AttributeValue, Permission, Resource, ResourceType, Role
from docvault.values import OrganisationId, PersonId, SessionId

SETS = ("members", "contributors", "signers", "managers", "denied", "opened", "recipients", "hosts")
_FOLDER = ("organisation", "members", "contributors", "signers", "managers", "denied")
_NEEDED = {
    ResourceType.FOLDER: _FOLDER,
    ResourceType.DOCUMENT: (*_FOLDER, "opened"),
    ResourceType.ENVELOPE: (
        *("organisation", "sender", "recipients", "state"),
        *("contributors", "managers", "denied", "hosts"),
    ),
}


class Who(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    role: Role
    id: str = "somebody"
    organisation: str = "operator"  # the first of their organisations
    organisations: tuple[str, ...] = ()  # further ones
    clients: tuple[str, ...] = ()
    session: str = "full"
    scopes: tuple[str, ...] = ("*",)  # of a token


class What(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: ResourceType
    id: str = "thing"
    organisation: str = "nobody"
    sender: str = "nobody"
    state: str = "sent"
    members: tuple[str, ...] = ()
    contributors: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """rule: the id of the rule that decides; nothing means that no rule allows it."""

    says: str
    person: Who
    does: Permission
    thing: What
    allowed: bool
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What running every example found; `problems` is empty if all is well."""

    examples: int
    problems: tuple[str, ...] = field(default=())


def check(policy: Policy, folder: Path) -> Result:
    """Run every example and look for rules that none shows. Raises PolicyInvalid for an unreadable file."""
    shown: set[str] = set()
    problems: list[str] = []
    count = 0
    for name, example in read(folder):
        count += 1
        decision = policy.decide(acting(example.person), example.does, resource(example.thing))
        shown |= set(decision.policies)
        found = "allowed" if decision.allowed else "refused"
        by = ", ".join(decision.policies) or "no rule"
        if decision.allowed != example.allowed or (example.rule and example.rule not in decision.policies):
            problems.append(f"{name}: {example.says} But it is {found} by {by}.")
    missing = sorted({rule.id for rule in policy.rules} - shown)
    problems += [f"No example shows the rule {rule}." for rule in missing]
    return Result(count, tuple(problems))


def read(folder: Path) -> Iterator[tuple[str, Example]]:
    """Yield every example with the name of its file. Raises PolicyInvalid."""
    for path in sorted((folder / "examples").glob("*.toml")):
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
            examples = msgspec.convert(content.get("example", []), list[Example])
        except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise PolicyInvalid(f"{path} cannot be read: {error}") from error
        for example in examples:
            yield path.name, example


def acting(who: Who) -> Acting:
    """Return the person of an example."""
    return Acting(
        person_id=PersonId(who.id),
        organisation_id=OrganisationId(who.organisation),
        role=who.role,
        organisations=frozenset(OrganisationId(each) for each in (who.organisation, *who.organisations)),
        clients=frozenset(OrganisationId(client) for client in who.clients),
        session_id=SessionId("example"),
        session_kind=who.session,
        factors="password+totp",
        name="",
        email="",
        address="",
        user_agent="",
        at=datetime.min.replace(tzinfo=UTC),  # rules ask for no moment
        scopes=frozenset(who.scopes),
    )


def resource(what: What) -> Resource:
    """Return the thing of an example, with the attributes its type has."""
    attributes: dict[str, AttributeValue] = {}
    for name in _NEEDED.get(what.type, ()):
        value = getattr(what, name)
        attributes[name] = frozenset(value) if name in SETS else value
    return Resource(what.type, "portal" if what.type == ResourceType.PORTAL else what.id, attributes)
