"""Asks Cedar who may do what, after policies/. Never does the deed, never reads a row.

Policies and schema are parsed once; a decision takes about 0.2 ms. The same question about the same facts is
answered from memory: there is nothing else that an answer depends on. Fail closed: an error while a rule is
evaluated refuses everything, because a forbid rule that fails would otherwise be silent.
"""

import hashlib
import json
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TypeVar

import cedarpy

from docvault.policy import numbers, residuals
from docvault.policy import rules as readable
from docvault.policy.residuals import Residual
from docvault.policy.rules import Rule
from docvault.policy.vocabulary import Acting, AttributeValue, Permission, Resource, ResourceType
from docvault.values import DocVaultError

SCHEMA = "docvault.cedarschema"
KEPT = 1024  # parsed people and answers for lists at hand; one is about 1 KiB, more with many clients
DECISIONS = 2048  # kept as well; one is about 2 KiB, at most 20
CROWD = 100  # people whom a thing names: decisions about such a thing are not kept

Value = TypeVar("Value")

# Which attributes of the schema are references, and to what; the others are plain values.
_REFERENCES: Mapping[str, str] = {
    "organisation": "Organisation",
    "sender": "Person",
    "members": "Person",
    "contributors": "Person",
    "signers": "Person",
    "managers": "Person",
    "denied": "Person",
    "opened": "Person",
    "recipients": "Person",
    "hosts": "Person",
}


class PolicyError(DocVaultError):
    """The root error of this room."""


class PolicyInvalid(PolicyError):
    """The policies cannot be used; the message names the file and what is wrong with it."""


class PolicyFailed(PolicyError):
    """A rule could not be evaluated; nothing was allowed."""


class Forbidden(PolicyError):
    """The person sees the thing but may not do this with it."""

    def __init__(self, permission: Permission) -> None:
        super().__init__("You are not allowed to do this.")
        self.permission = permission


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it is allowed, and the ids of the rules that made it so (none: nothing permits it)."""

    allowed: bool
    policies: tuple[str, ...]


_NOTHING_PERMITS = Decision(allowed=False, policies=())


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision in rules.

    decided: those that made it so. could: of a refusal that no rule asks for, those that would allow it to
    somebody of this role if their condition held.
    """

    allowed: bool
    decided: tuple[Rule, ...]
    could: tuple[Rule, ...]


def default_folder() -> Path:
    """Return the policies to use: DOCVAULT_POLICIES, else beside the source, else those of the wheel."""
    chosen = os.environ.get("DOCVAULT_POLICIES")
    if chosen:
        return Path(chosen)
    package = Path(__file__).resolve().parent.parent  # docvault/
    beside = package.parent.parent / "policies"
    return beside if (beside / SCHEMA).is_file() else package / "policies"


class Policy:
    """The rules and numbers of one folder; safe to share between threads."""

    def __init__(self, schema: str, rules: Mapping[str, str], figures: numbers.Numbers) -> None:
        """schema: Cedar schema text. rules: file name -> Cedar policy text. Raises PolicyInvalid."""
        self.numbers = figures
        self._schema = _parse_schema(schema)
        text = "\n".join(rules.values())
        try:
            self.rules = readable.read(rules)
        except readable.RulesInvalid as error:
            raise PolicyInvalid(str(error)) from error
        everything = json.dumps([schema, sorted(rules.items())])
        self.digest = hashlib.sha256(everything.encode()).hexdigest()  # of all that decisions depend on
        self._policies = _parse_policies(text, self._schema)
        self._people: _Kept[cedarpy.Entities] = _Kept(KEPT)
        self._residuals: _Kept[Residual] = _Kept(KEPT)
        self._decisions: _Kept[Decision] = _Kept(DECISIONS)
        self._applies = {permission: self._applicable(permission) for permission in Permission}

    @classmethod
    def load(cls, folder: Path) -> "Policy":
        """Read schema, rules and numbers of `folder`. Raises PolicyInvalid."""
        try:
            schema = (folder / SCHEMA).read_text(encoding="utf-8")
            rules = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.cedar"))}
        except (OSError, UnicodeDecodeError) as error:
            raise PolicyInvalid(f"The policies in {folder} cannot be read: {error}") from error
        try:
            figures = numbers.load(folder)
        except numbers.NumbersInvalid as error:
            raise PolicyInvalid(str(error)) from error
        return cls(schema, rules, figures)

    def decide(self, acting: Acting, permission: Permission, resource: Resource) -> Decision:
        """Return the decision and the rules behind it. Raises PolicyFailed."""
        return self._decide(acting, resource, [permission])[permission]

    def explain(self, acting: Acting, permission: Permission, resource: Resource) -> Explanation:
        """Return the decision with its rules, and for a bare refusal those that could have allowed it.

        Raises PolicyFailed.
        """
        decision = self.decide(acting, permission, resource)
        known = {rule.id: rule for rule in self.rules}
        applies = resource.type in self._applies[permission]
        could = [
            rule
            for rule in self.rules
            if rule.permits and applies and rule.is_about(acting, permission, resource.type)
        ]
        return Explanation(
            allowed=decision.allowed,
            decided=tuple(known[each] for each in decision.policies),
            could=() if decision.policies else tuple(could),
        )

    def applies(self, permission: Permission) -> frozenset[ResourceType]:
        """Return the types of thing that this permission is about."""
        return self._applies[permission]

    def require(self, acting: Acting, permission: Permission, resource: Resource) -> None:
        """Return only if allowed. Raises Forbidden."""
        if not self.decide(acting, permission, resource).allowed:
            raise Forbidden(permission)

    def allowed(
        self, acting: Acting, resource: Resource, permissions: Iterable[Permission]
    ) -> frozenset[Permission]:
        """Return those of `permissions` that `acting` has on `resource`. Raises PolicyFailed."""
        decisions = self._decide(acting, resource, permissions)
        return frozenset(each for each, decision in decisions.items() if decision.allowed)

    def _decide(
        self, acting: Acting, resource: Resource, permissions: Iterable[Permission]
    ) -> Mapping[Permission, Decision]:
        """Decide one by one, all new questions in one call. Raises PolicyFailed."""
        facts = (*_standing(acting), resource.type, resource.id, frozenset(resource.attributes.items()))
        found = {each: self._known(each, resource, facts) for each in permissions}
        if asked := [each for each, decision in found.items() if decision is None]:
            requests = [_request(acting, each, resource) for each in asked]
            entities = self._entities(acting, resource)
            answers = cedarpy.is_authorized_batch(requests, self._policies, entities, self._schema)
            new = {each: _decision(answer) for each, answer in zip(asked, answers, strict=True)}
            if not _is_crowded(resource):
                self._decisions.keep({(each, *facts): decision for each, decision in new.items()})
            found.update(new)
        return {each: decision for each, decision in found.items() if decision is not None}

    def _known(
        self, permission: Permission, resource: Resource, facts: tuple[object, ...]
    ) -> Decision | None:
        if resource.type not in self._applies[permission]:
            return _NOTHING_PERMITS
        return self._decisions.find((permission, *facts))

    def residual(self, acting: Acting, permission: Permission, resource_type: ResourceType) -> Residual:
        """Return which resources of a type are allowed, for a list. Raises PolicyFailed, ResidualUnknown."""
        if resource_type not in self._applies[permission]:
            return residuals.NEVER
        # All that the answer depends on: the policies of one Policy never change.
        key = (*_standing(acting), permission, resource_type)
        return self._residuals.get(key, lambda: self._evaluate(acting, permission, resource_type))

    def _evaluate(self, acting: Acting, permission: Permission, resource_type: ResourceType) -> Residual:
        request = {
            "principal": f'DocVault::Person::"{acting.person_id}"',
            "action": f'DocVault::Action::"{permission}"',
            "context": _context(acting, permission),
        }
        answer = cedarpy.is_authorized_partial(request, self._policies, self._person(acting), self._schema)
        if answer.diagnostics.errors or not answer.residuals:
            raise PolicyFailed("The policies could not be evaluated, so nothing is shown.")
        return residuals.read(answer.residuals, f"DocVault::{resource_type}")

    def _entities(self, acting: Acting, resource: Resource) -> cedarpy.Entities:
        return self._person(acting).with_added_json_str(json.dumps([_resource_entity(resource)]))

    def _person(self, acting: Acting) -> cedarpy.Entities:
        return self._people.get(
            _rights(acting),
            lambda: cedarpy.Entities.from_json_str(json.dumps([_person_entity(acting)]), self._schema),
        )

    def _applicable(self, permission: Permission) -> frozenset[ResourceType]:
        """Return the types of resource the schema lets this permission apply to. Raises PolicyInvalid."""
        found = set()
        for resource_type in ResourceType:
            request = {
                "principal": _uid("Person", "somebody"),
                "action": _uid("Action", permission),
                "resource": _uid(resource_type, "portal"),
                "context": '{"session":"none","permission":"","scopes":[]}',
            }
            answer = cedarpy.is_authorized(request, self._policies, "[]", self._schema)
            if answer.decision != cedarpy.Decision.NoDecision:
                found.add(resource_type)
        if not found:
            raise PolicyInvalid(f"{SCHEMA} does not declare the action {permission!r}.")
        return frozenset(found)


class _Kept(Generic[Value]):
    """The values that were used last, by key. Safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[tuple[object, ...], Value] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[object, ...], make: Callable[[], Value]) -> Value:
        """Return the value of `key`, made now if it is not kept. What `make` raises is not kept."""
        known = self.find(key)
        if known is None:
            self.keep({key: (known := make())})
        return known

    def find(self, key: tuple[object, ...]) -> Value | None:
        """Return the value of `key`, or None if it is not kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def keep(self, values: Mapping[tuple[object, ...], Value]) -> None:
        """Keep these, and let those go that nobody asked for the longest time."""
        with self._lock:
            self._values.update(values)
            while len(self._values) > self._most:
                self._values.popitem(last=False)


def _rights(acting: Acting) -> tuple[object, ...]:
    """All of a person that the rules look at: what `_person_entity` says."""
    return (acting.person_id, acting.role, acting.organisations, acting.clients)


def _standing(acting: Acting) -> tuple[object, ...]:
    """All of a person and their session that decisions depend on."""
    return (*_rights(acting), acting.session_kind, acting.scopes)


def _is_crowded(resource: Resource) -> bool:
    sets = (each for each in resource.attributes.values() if isinstance(each, frozenset))
    return sum(len(each) for each in sets) > CROWD


def _parse_schema(text: str) -> cedarpy.Schema:
    try:
        return cedarpy.Schema.from_str(text)
    except ValueError as error:
        raise PolicyInvalid(f"{SCHEMA} cannot be read: {error}") from error


def _parse_policies(text: str, schema: cedarpy.Schema) -> cedarpy.PolicySet:
    checked = cedarpy.validate_policies(text, schema)
    if not checked.validation_passed:
        raise PolicyInvalid(
            "The rules do not fit the schema: " + "; ".join(str(each) for each in checked.errors)
        )
    return cedarpy.PolicySet.from_str(text)


def _decision(answer: cedarpy.AuthzResult) -> Decision:
    if answer.diagnostics.errors or answer.decision == cedarpy.Decision.NoDecision:
        raise PolicyFailed("The policies could not be evaluated, so nothing was allowed.")
    names = sorted(answer.diagnostics.id_annotations_by_reason.values())
    return Decision(allowed=answer.decision == cedarpy.Decision.Allow, policies=tuple(names))


def _request(acting: Acting, permission: Permission, resource: Resource) -> dict[str, Any]:
    return {
        "principal": _uid("Person", acting.person_id),
        "action": _uid("Action", permission),
        "resource": _uid(resource.type, resource.id),
        "context": json.dumps(_context(acting, permission)),
    }


def _context(acting: Acting, permission: Permission) -> dict[str, Any]:
    return {
        "session": acting.session_kind,
        "permission": permission.value,
        "scopes": sorted(acting.scopes),
    }


def _uid(entity_type: str, entity_id: str) -> dict[str, str]:
    return {"type": f"DocVault::{entity_type}", "id": str(entity_id)}


def _reference(entity_type: str, entity_id: str) -> dict[str, Any]:
    return {"__entity": _uid(entity_type, entity_id)}


def _person_entity(acting: Acting) -> dict[str, Any]:
    return {
        "uid": _uid("Person", acting.person_id),
        "attrs": {
            "organisations": [_reference("Organisation", each) for each in sorted(acting.organisations)],
            "clients": [_reference("Organisation", each) for each in sorted(acting.clients)],
        },
        "parents": [_uid("Role", acting.role)],
    }


def _resource_entity(resource: Resource) -> dict[str, Any]:
    attributes = {name: _attribute(name, value) for name, value in resource.attributes.items()}
    return {"uid": _uid(resource.type, resource.id), "attrs": attributes, "parents": []}


def _attribute(name: str, value: AttributeValue) -> object:
    entity_type = _REFERENCES.get(name)
    if isinstance(value, frozenset):
        return [each if entity_type is None else _reference(entity_type, each) for each in value]
    return value if entity_type is None else _reference(entity_type, str(value))
