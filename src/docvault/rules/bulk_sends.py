"""Bulk sends: how the columns of a list stand for roles and values, and what becomes of its rows. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from docvault.rules import people
from docvault.rules.bulk_files import Line, ListRefused, Sheet
from docvault.rules.envelopes import EnvelopeRefused
from docvault.rules.merging import canonical
from docvault.rules.people import PeopleError

UNSTARTED_DAYS = 7  # a list that nobody started is forgotten
KEPT_DAYS = 30  # after the end: what rows that were not sent say
WHY = "Why it was not sent"  # the column beside the rows that we give back; read again, it says nothing
TRIES = 3  # of a row that fails for no reason of its own


class BulkRefused(EnvelopeRefused):
    """The bulk send is as it was; the message says what does not go."""


class RowState(StrEnum):
    REFUSED = "refused"  # by the dry run: never sent
    READY = "ready"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Said:
    """Who takes a role: a person whom the sender chose for all rows, or name and address from the row."""

    name: str = ""
    email: str = ""
    person_id: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the list. trouble: why it is not sent; note: what its sender should know all the same."""

    number: int
    cells: tuple[str, ...]
    people: tuple[Said, ...] = ()  # in the order of the roles
    values: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""
    note: str = ""

    def dump(self) -> bytes:
        """Return it as JSON, to be sealed."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def load(cls, plain: bytes) -> "Entry":
        """Read back what `dump` wrote."""
        said = json.loads(plain)
        said["people"] = tuple(Said(**one) for one in said["people"])
        return cls(**{**said, "cells": tuple(said["cells"])})


def columns_of(roles: Sequence[str], values: Sequence[str]) -> list[str]:
    """Return the header of a list for a template: two columns for a role, one for each value left open."""
    of_roles = [column for role in roles for column in (f"{role} name", f"{role} email")]
    known = {canonical(column) for column in of_roles}
    return [*of_roles, *(value for value in values if canonical(value) not in known)]


def entries_of(
    sheet: Sheet, roles: Sequence[str], values: Sequence[str], fixed: Sequence[str]
) -> list[Entry]:
    """Return the rows of a list, each with what it lacks. Raises ListRefused for a header that does not fit.

    fixed: for each role the id of the person who takes it where a row says nobody, or nothing.
    """
    places = _places(sheet.columns, roles, values, fixed)
    found = [_entry(line, places, roles, values, fixed) for line in sheet.lines]
    return list(_without_duplicates(found))


def _places(
    columns: Sequence[str], roles: Sequence[str], values: Sequence[str], fixed: Sequence[str]
) -> dict[str, int]:
    """Return which column stands where. Raises ListRefused."""
    places: dict[str, int] = {}
    known = [canonical(column) for column in columns_of(roles, values)]
    for place, column in enumerate(columns):
        name = canonical(column)
        if not name:
            raise ListRefused(f"Column {place + 1} of the file has no name.")
        if name in places:
            raise ListRefused(f"The column “{column}” is there twice.")
        if name == canonical(WHY):
            continue
        if name not in known:
            raise ListRefused(
                f"The column “{column}” means nothing to this template. It knows: "
                f"{', '.join(columns_of(roles, values))}."
            )
        places[name] = place
    chosen = {canonical(f"{role} email") for role, person in zip(roles, fixed, strict=True) if person}
    needed = {canonical(f"{role} email") for role in roles} | {canonical(value) for value in values}
    missing = [name for name in known if name in needed - chosen and name not in places]
    if missing:
        raise ListRefused(f"The file lacks a column: {', '.join(f'“{name}”' for name in missing)}.")
    return places


def _entry(
    line: Line, places: Mapping[str, int], roles: Sequence[str], values: Sequence[str], fixed: Sequence[str]
) -> Entry:
    def cell(name: str) -> str:
        place = places.get(canonical(name))
        return "" if place is None else line.cells[place]

    asked, trouble = [], line.trouble
    for role, person in zip(roles, fixed, strict=True):
        said = Said(" ".join(cell(f"{role} name").split()), cell(f"{role} email"))
        if person and not said.name and not said.email:
            said = Said(person_id=person)
        trouble = trouble or ("" if said.person_id else _wrong_with(said, role))
        asked.append(said)
    given = {canonical(value): cell(value) for value in values}
    trouble = trouble or next((f"“{name}” is empty." for name in given if not given[name]), "")
    return Entry(line.number, line.cells, tuple(asked), given, trouble)


def _wrong_with(said: Said, role: str) -> str:
    if not said.email:
        return f"The e-mail address of “{role}” is missing."
    try:
        people.email(said.email)
        if said.name:
            people.name(said.name)
    except PeopleError as error:
        return f"“{role}”: {error}"
    return ""


def _without_duplicates(entries: Iterable[Entry]) -> Iterable[Entry]:
    """Refuse rows that say what an earlier one says, and note those that only ask the same people."""
    whole: dict[object, int] = {}
    asked: dict[object, int] = {}
    for entry in entries:
        who = tuple(one.person_id or one.email.casefold() for one in entry.people)
        key = (who, tuple(entry.values.items()))
        if entry.trouble:
            yield entry
        elif key in whole:
            yield replace(entry, trouble=f"It says the same as row {whole[key]}.")
        else:
            note = f"Row {asked[who]} asks the same people, with other values." if who in asked else ""
            yield replace(entry, note=note)
            whole[key] = entry.number
            asked.setdefault(who, entry.number)
