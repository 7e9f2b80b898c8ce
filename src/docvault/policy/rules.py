"""The rules of policies/*.cedar as a reader meets them: id, sentence, what they are about. Decides nothing.

What a rule is about is its scope, the part before its condition; whether the condition holds only Cedar says.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cedarpy

from docvault.policy.vocabulary import Acting, Permission, ResourceType
from docvault.values import DocVaultError

NAMESPACE = "DocVault::"


class RulesInvalid(DocVaultError):
    """The rules cannot be read; the message names the file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its @id, its sentence (@says), the file it stands in, and its scope.

    None in the scope means any.
    """

    id: str
    says: str
    file: str
    permits: bool  # or forbids
    actions: frozenset[str] | None
    role: str | None
    type: str | None

    def is_about(self, acting: Acting, permission: Permission, resource_type: ResourceType) -> bool:
        """Tell whether the rule speaks of such a person doing this with such a thing."""
        return (
            (self.actions is None or permission.value in self.actions)
            and (self.role is None or self.role == acting.role.value)
            and (self.type is None or self.type == resource_type.value)
        )


def read(files: Mapping[str, str]) -> tuple[Rule, ...]:
    """Return every rule. files: name -> Cedar text.

    Raises RulesInvalid for one without id or sentence, a second of one id, or a scope that is not understood.
    """
    found: dict[str, Rule] = {}
    for name, text in files.items():
        for policy in _parsed(name, text):
            rule = _rule(name, policy)
            if not re.fullmatch(r"[a-z][a-z-]+", rule.id) or not rule.says.endswith("."):
                raise RulesInvalid(
                    f'{name}: every rule needs an @id("with-dashes") and an @says("Sentence.").'
                )
            if rule.id in found:
                raise RulesInvalid(f"{name}: there are two rules with the id {rule.id!r}.")
            found[rule.id] = rule
    return tuple(found.values())


def _parsed(name: str, text: str) -> list[Mapping[str, Any]]:
    try:
        return list(json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values())
    except ValueError as error:
        raise RulesInvalid(f"{name} cannot be read: {error}") from error


def _rule(name: str, policy: Mapping[str, Any]) -> Rule:
    words = policy.get("annotations") or {}
    rule_id = words.get("id") or ""
    role = _entities(policy["principal"])
    if role is not None and (len(role) != 1 or role[0][0] != "Role"):
        raise RulesInvalid(f"{name}: {rule_id} is about one person; rules are about roles.")
    actions = _entities(policy["action"])
    return Rule(
        id=rule_id,
        says=words.get("says") or "",
        file=name,
        permits=policy["effect"] == "permit",
        actions=None if actions is None else frozenset(one for _, one in actions),
        role=None if role is None else role[0][1],
        type=str(policy["resource"].get("entity_type") or NAMESPACE).removeprefix(NAMESPACE) or None,
    )


def _entities(scope: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """Return (type, id) of everything a scope names, or None for any."""
    if scope["op"] == "All":
        return None
    named = scope.get("entities") or [scope.get("entity") or {"type": "", "id": ""}]
    return [(str(one["type"]).removeprefix(NAMESPACE), str(one["id"])) for one in named]
