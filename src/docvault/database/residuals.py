"""Turns what is left of the policies into a WHERE. Decides nothing: policies/*.cedar is the only source.

A list filtered by `where` shows exactly the rows a single decision would allow; tests/policy holds the two
equal on generated worlds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import eq, ge, gt, le, lt
from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, or_, select, true
from sqlalchemy.sql.expression import func

from docvault.database import tables
from docvault.policy.residuals import (
    SELF,
    Compare,
    Constant,
    Every,
    Holds,
    Not,
    OneOf,
    Residual,
    ResidualUnknown,
    Scalar,
    Some,
)

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {"==": eq, "<": lt, "<=": le, ">": gt, ">=": ge}


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the attributes of one Cedar type live. SELF is the id; a set answers "does it hold this?"."""

    columns: Mapping[str, ColumnElement[Any]]
    sets: Mapping[str, Callable[[Scalar], ColumnElement[bool]]] = field(default_factory=dict)


def where(residual: Residual, mapping: Columns) -> ColumnElement[bool]:
    """Return the condition that keeps exactly the allowed rows. Raises ResidualUnknown."""
    if isinstance(residual, Every):
        return and_(true(), *(where(part, mapping) for part in residual.parts))
    if isinstance(residual, Some):
        return or_(false(), *(where(part, mapping) for part in residual.parts))
    if isinstance(residual, Not):
        # NULL must count as "not satisfied" inside a negation, or the row would vanish from both sides.
        return not_(func.coalesce(where(residual.part, mapping), false()))
    return _leaf(residual, mapping)


def _leaf(residual: Constant | Compare | OneOf | Holds, mapping: Columns) -> ColumnElement[bool]:
    if isinstance(residual, Constant):
        return true() if residual.holds else false()
    if isinstance(residual, Holds):
        return _holds(residual, mapping)
    column = _column(residual.attribute, mapping)
    if isinstance(residual, OneOf):
        return column.in_(sorted(residual.values, key=str))
    condition: ColumnElement[bool] = _OPERATORS[residual.operator](column, residual.value)
    return condition


def _column(attribute: str, mapping: Columns) -> ColumnElement[Any]:
    if attribute not in mapping.columns:
        raise ResidualUnknown(f"A policy filters a list by {attribute!r}, which has no column.")
    return mapping.columns[attribute]


def _holds(residual: Holds, mapping: Columns) -> ColumnElement[bool]:
    if residual.attribute not in mapping.sets:
        raise ResidualUnknown(f"A policy filters a list by {residual.attribute!r}, which has no table.")
    return mapping.sets[residual.attribute](residual.value)


def _member(folder_id: ColumnElement[Any], role: str | None) -> Callable[[Scalar], ColumnElement[bool]]:
    """Return "the folder is shared with this person" (with this role, or any)."""
    members = tables.folder_members

    def condition(person_id: Scalar) -> ColumnElement[bool]:
        shared = select(members.c.folder_id).where(members.c.person_id == person_id)
        return folder_id.in_(shared if role is None else shared.where(members.c.role == role))

    return condition


def _folder_sets(folder_id: ColumnElement[Any]) -> Mapping[str, Callable[[Scalar], ColumnElement[bool]]]:
    return {
        "members": _member(folder_id, None),
        "contributors": _member(folder_id, "contributor"),
        "managers": _member(folder_id, "manager"),
    }


def _recipient(person_id: Scalar) -> ColumnElement[bool]:
    chosen = select(tables.recipients.c.envelope_id).where(tables.recipients.c.person_id == person_id)
    return tables.envelopes.c.id.in_(chosen)


ORGANISATIONS = Columns({SELF: tables.organisations.c.id})

FOLDERS = Columns(
    {SELF: tables.folders.c.id, "organisation": tables.folders.c.organisation_id},
    _folder_sets(tables.folders.c.id),
)

DOCUMENTS = Columns(  # for a SELECT that joins documents with their folders
    {SELF: tables.documents.c.id, "organisation": tables.folders.c.organisation_id},
    _folder_sets(tables.documents.c.folder_id),
)

ENVELOPES = Columns(
    {
        SELF: tables.envelopes.c.id,
        "organisation": tables.envelopes.c.organisation_id,
        "sender": tables.envelopes.c.sender_id,
        "state": tables.envelopes.c.state,
    },
    {"recipients": _recipient},
)
