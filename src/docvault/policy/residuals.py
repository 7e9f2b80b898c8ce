"""What is left of the policies when the resource is still unknown, as plain values. Knows no SQL.

Cedar's partial evaluation answers a list question ("which folders may this person see?") with residual
expressions; `read` turns them into the few shapes below. Fail closed: an expression it does not know is
refused, never guessed, because a wrong guess would show somebody else's rows.
Source: https://docs.cedarpolicy.com (partial evaluation is experimental upstream; cedarpy is pinned for it).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from docvault.values import DocVaultError

SELF = ""  # the attribute name that stands for the resource itself, compared by id

Scalar = str | int | bool


class ResidualUnknown(DocVaultError):
    """A policy uses an expression that lists cannot follow; single decisions still work."""


@dataclass(frozen=True, slots=True)
class Constant:
    holds: bool


@dataclass(frozen=True, slots=True)
class Compare:
    """`attribute` of the resource (or SELF) against a value; operator is one of == < <= > >=."""

    attribute: str
    operator: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class OneOf:
    """`attribute` of the resource (or SELF) is one of the values."""

    attribute: str
    values: frozenset[Scalar]


@dataclass(frozen=True, slots=True)
class Holds:
    """The set `attribute` of the resource holds the value."""

    attribute: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class Not:
    part: "Residual"


@dataclass(frozen=True, slots=True)
class Every:
    parts: tuple["Residual", ...]


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple["Residual", ...]


Residual = Constant | Compare | OneOf | Holds | Not | Every | Some

ALWAYS = Constant(holds=True)
NEVER = Constant(holds=False)

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}  # a < b is b > a


def every(parts: Sequence[Residual]) -> Residual:
    """Return "all of them", without what always holds."""
    kept = tuple(part for part in parts if part != ALWAYS)
    if NEVER in kept:
        return NEVER
    if len(kept) == 1:
        return kept[0]
    return Every(kept) if kept else ALWAYS


def some(parts: Sequence[Residual]) -> Residual:
    """Return "at least one of them", without what never holds."""
    kept = tuple(part for part in parts if part != NEVER)
    if ALWAYS in kept:
        return ALWAYS
    if len(kept) == 1:
        return kept[0]
    return Some(kept) if kept else NEVER


def negate(part: Residual) -> Residual:
    """Return "not this"."""
    if isinstance(part, Constant):
        return Constant(holds=not part.holds)
    return part.part if isinstance(part, Not) else Not(part)


def alternatives(residual: Residual, most: int) -> Sequence[Residual]:
    """Return residuals of which at least one must hold: together they say what `residual` says.

    Each can be answered by an index of its own. Where there would be more than `most`, it is left as it is.
    """
    found: Sequence[Residual] = [residual]
    if isinstance(residual, Some):
        found = [way for part in residual.parts for way in alternatives(part, most)]
    elif isinstance(residual, OneOf):
        found = [Compare(residual.attribute, "==", value) for value in sorted(residual.values, key=str)]
    elif isinstance(residual, Every):
        choices = [alternatives(part, most) for part in residual.parts]
        if math.prod(len(choice) for choice in choices) <= most:
            found = [every(choice) for choice in product(*choices)]
    return found if 0 < len(found) <= most else [residual]


def read(policies: Mapping[str, Mapping[str, Any]], resource_type: str) -> Residual:
    """Return when a resource of `resource_type` (with namespace) is allowed: some permit and no forbid.

    policies: the `residuals` of a partial answer of Cedar, in its JSON form. Raises ResidualUnknown.
    """
    permits: list[Residual] = []
    forbids: list[Residual] = []
    for _, policy in sorted(policies.items()):  # always the same order: one prepared statement
        conditions = [_condition(each, resource_type) for each in policy["conditions"]]
        (permits if policy["effect"] == "permit" else forbids).append(every(conditions))
    return every([some(permits), negate(some(forbids))])


def _condition(condition: Mapping[str, Any], resource_type: str) -> Residual:
    body = _expression(condition["body"], resource_type)
    return body if condition["kind"] == "when" else negate(body)


def _expression(expression: Mapping[str, Any], resource_type: str) -> Residual:
    operator, operands = _only(expression)
    if operator in ("&&", "||"):
        parts = [_expression(operands[side], resource_type) for side in ("left", "right")]
        return every(parts) if operator == "&&" else some(parts)
    if operator == "!":
        return negate(_expression(operands["arg"], resource_type))
    if operator == "contains":
        return _contains(operands["left"], operands["right"])
    if operator in ("==", "!=", "<", "<=", ">", ">="):
        return _comparison(operator, operands["left"], operands["right"])
    return _simple(expression, resource_type)


def _simple(expression: Mapping[str, Any], resource_type: str) -> Residual:
    operator, operands = _only(expression)
    if operator == "Value" and isinstance(operands, bool):
        return Constant(holds=operands)
    if operator == "is" and _is_resource(operands["left"]):
        return Constant(holds=operands["entity_type"] == resource_type)
    attribute = _attribute(expression)
    if attribute:
        return Compare(attribute, "==", value=True)
    raise ResidualUnknown(f"A policy uses {operator!r} in a way that lists cannot follow.")


def _contains(left: Mapping[str, Any], right: Mapping[str, Any]) -> Residual:
    owner = _attribute(left)
    if owner is not None:
        return Holds(owner, _scalar(right))
    wanted = _attribute(right)
    if wanted is None:
        raise ResidualUnknown("A policy looks into a set in a way that lists cannot follow.")
    values = frozenset(_members(left))
    return OneOf(wanted, values) if values else NEVER


def _comparison(operator: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> Residual:
    if operator == "!=":
        return negate(_comparison("==", left, right))
    attribute = _attribute(left)
    if attribute is not None:
        return Compare(attribute, operator, _scalar(right))
    attribute = _attribute(right)
    if attribute is not None:
        return Compare(attribute, _TURNED.get(operator, operator), _scalar(left))
    raise ResidualUnknown("A policy compares in a way that lists cannot follow.")


def _attribute(expression: Mapping[str, Any]) -> str | None:
    """Return SELF for the resource, the name for `resource.name`, or None for anything else."""
    if _is_resource(expression):
        return SELF
    operator, operands = _only(expression)
    if operator == "." and _is_resource(operands["left"]):
        return str(operands["attr"])
    return None


def _is_resource(expression: Mapping[str, Any]) -> bool:
    operator, operands = _only(expression)
    return operator == "unknown" and operands == [{"Value": "resource"}]


def _members(expression: Mapping[str, Any]) -> list[Scalar]:
    operator, operands = _only(expression)
    if operator == "Set":
        return [_scalar(each) for each in operands]
    if operator == "Value" and isinstance(operands, list):
        return [_scalar({"Value": each}) for each in operands]
    raise ResidualUnknown("A policy looks into a set in a way that lists cannot follow.")


def _scalar(expression: Mapping[str, Any]) -> Scalar:
    operator, value = _only(expression)
    if operator == "Value":
        if isinstance(value, dict) and "__entity" in value:
            return str(value["__entity"]["id"])
        if isinstance(value, (str, int, bool)):
            return value
    raise ResidualUnknown("A policy compares with a value that lists cannot follow.")


def _only(expression: Mapping[str, Any]) -> tuple[str, Any]:
    """Return the one operator of a Cedar JSON expression and its operands."""
    ((operator, operands),) = expression.items()
    return operator, operands
