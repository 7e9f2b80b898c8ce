"""Turns what is left of the policies into a WHERE. Decides nothing: policies/*.cedar is the only source.

A list filtered by `where` shows exactly the rows a single decision would allow; tests/policy holds the two
equal on generated worlds. Grants count at a moment: who runs a statement of these conditions gives {"at": …}.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Table, and_, false, not_, or_, select, true
from sqlalchemy.sql.expression import func

from docvault.database import periods, tables
from docvault.database.periods import AT
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
from docvault.policy.vocabulary import Role

DENIED = "denied"  # the role of whoever is kept out of a folder
BUILT = 2048  # conditions and parts of them at hand; about 5 KiB each

Asked = Callable[[Scalar], ColumnElement[bool]]

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {"==": eq, "<": lt, "<=": le, ">": gt, ">=": ge}


@dataclass(frozen=True, eq=False, slots=True)
class Columns:
    """Where the attributes of one Cedar type live. SELF is the id; a set answers "does it hold this?".

    Two of them are the same only if they are one: what `where` built for it is found by that.
    """

    columns: Mapping[str, ColumnElement[Any]]
    sets: Mapping[str, Asked] = field(default_factory=dict)


# Building a condition costs several times what asking it does; a person with the same rights asks it again.
@lru_cache(maxsize=BUILT)
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


InForce = Callable[[Table, BindParameter[datetime]], ColumnElement[bool]]
OF_ENVELOPES = ("contributors", "managers", "denied")  # what an envelope carries of its folder
SHARES = {"contributors": "contributor", "signers": "signer", "managers": "manager", "denied": DENIED}


def _members(folder_id: ColumnElement[Any], counts: InForce, role: str | None) -> Asked:
    """Return "the folder, or one it lies in, is shared with this person" (with this role, or any)."""
    grants, paths = tables.folder_members, tables.folder_paths

    def condition(person_id: Scalar) -> ColumnElement[bool]:
        fits = grants.c.role != DENIED if role is None else grants.c.role == role
        granted = select(paths.c.folder_id).join_from(
            grants, paths, paths.c.ancestor_id == grants.c.folder_id
        )
        return folder_id.in_(granted.where(grants.c.person_id == person_id, fits, counts(grants, AT)))

    return condition


def _folder_sets(folder_id: ColumnElement[Any], counts: InForce) -> dict[str, Asked]:
    sets = {name: _members(folder_id, counts, role) for name, role in SHARES.items()}
    return {"members": _members(folder_id, counts, None), **sets}


def _opened(counts: InForce) -> Asked:
    """Return "this person broke the glass of the document"."""
    opened = tables.break_glass

    def condition(person_id: Scalar) -> ColumnElement[bool]:
        chosen = select(opened.c.document_id).where(opened.c.person_id == person_id, counts(opened, AT))
        return tables.documents.c.id.in_(chosen)

    return condition


def _recipient(person_id: Scalar) -> ColumnElement[bool]:
    recipients, outside = tables.recipients, tables.outside_signers
    owing = (
        select(outside.c.recipient_id)
        .join_from(outside, recipients, recipients.c.id == outside.c.recipient_id)
        .join(tables.people, tables.people.c.id == recipients.c.person_id)
        .where(
            or_(outside.c.access_code.is_not(None), outside.c.code_due),
            tables.people.c.role == Role.OUTSIDER.value,
        )
    )
    named = (recipients.c.person_id == person_id, recipients.c.id.not_in(owing))
    return tables.envelopes.c.id.in_(select(recipients.c.envelope_id).where(*named))


def _host(person_id: Scalar) -> ColumnElement[bool]:
    """Return "beside this person somebody without an account signs"."""
    hosts, recipients = tables.in_person_hosts, tables.recipients
    hosted = (
        select(recipients.c.envelope_id)
        .join_from(hosts, recipients, recipients.c.id == hosts.c.recipient_id)
        .join(tables.people, tables.people.c.id == recipients.c.person_id)
        .where(hosts.c.host_id == person_id, tables.people.c.role == Role.OUTSIDER.value)
    )
    return tables.envelopes.c.id.in_(hosted)


def folders(counts: InForce) -> Columns:
    """Return where a folder's attributes live. counts: which grants do, now or at a past moment."""
    columns = {SELF: tables.folders.c.id, "organisation": tables.folders.c.organisation_id}
    return Columns(columns, _folder_sets(tables.folders.c.id, counts))


def documents(counts: InForce) -> Columns:
    """Return the same for a SELECT that joins documents with their folders."""
    columns = {SELF: tables.documents.c.id, "organisation": tables.folders.c.organisation_id}
    sets = _folder_sets(tables.documents.c.folder_id, counts)
    return Columns(columns, {**sets, "opened": _opened(counts)})


def holding(counts: InForce) -> Columns:
    """Return the same for folders that may hold such a document: where to look, before each is asked about.

    Every folder of an allowed document is among them as long as no rule asks for a document's id, or forbids
    by whose glass is broken; with such a rule a search would find less, never more.
    """
    mapping = folders(counts)
    opened, held = tables.break_glass, tables.documents.alias("held")

    def condition(person_id: Scalar) -> ColumnElement[bool]:
        chosen = select(held.c.folder_id).join_from(opened, held, held.c.id == opened.c.document_id)
        return tables.folders.c.id.in_(chosen.where(opened.c.person_id == person_id, counts(opened, AT)))

    columns = {name: column for name, column in mapping.columns.items() if name != SELF}
    return Columns(columns, {**mapping.sets, "opened": condition})


def envelopes(counts: InForce, state: ColumnElement[str]) -> Columns:
    """Return the same for envelopes. state: the column, or what it was at a past moment."""
    columns = {
        SELF: tables.envelopes.c.id,
        "organisation": tables.envelopes.c.organisation_id,
        "sender": tables.envelopes.c.sender_id,
        "state": state,
    }
    sets = _folder_sets(tables.envelopes.c.folder_id, counts)
    people = {"recipients": _recipient, "hosts": _host}
    return Columns(columns, {**people, **{name: sets[name] for name in OF_ENVELOPES}})


ORGANISATIONS = Columns({SELF: tables.organisations.c.id})
FOLDERS = folders(periods.in_force)
DOCUMENTS = documents(periods.in_force)
HOLDING = holding(periods.in_force)

ENVELOPES = envelopes(periods.in_force, tables.envelopes.c.state)
