"""What a template keeps of an envelope: roles in place of people, and fields of roles. Pure: no I/O."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from docvault.rules import merging
from docvault.rules.details import Detail, ShowIf
from docvault.rules.envelopes import EnvelopeRefused, Part
from docvault.rules.fields import FieldKind, PlacedField

NAME_LONGEST = 200  # characters of a template's name
ROLE_LONGEST = 60  # characters
FIELDS_MOST = 1024 * 1024  # bytes of all fields, as they are kept

_PLACE = ("id", "recipient_id", "page", "x", "y", "w", "h", "required", "label")


class TemplateRefused(EnvelopeRefused):
    """The template is as it was; the message says what does not go."""


class TemplateChanged(TemplateRefused):
    """Somebody saved another version meanwhile."""

    def __init__(self) -> None:
        super().__init__("Somebody has changed this template meanwhile. Please load the page again.")


@dataclass(frozen=True, slots=True)
class TemplateRole:
    """Somebody whom the template asks: who it is, is chosen at each use."""

    name: str
    turn: int  # 1 is first; the same turn acts in any order
    part: Part


def check_name(name: str) -> str:
    """Return the name of a template, tidied. Raises TemplateRefused."""
    name = " ".join(name.split())
    if not name or len(name) > NAME_LONGEST or not name.isprintable():
        raise TemplateRefused(f"Give the template a name of up to {NAME_LONGEST} characters.")
    return name


def check_roles(names: Sequence[str], wanted: int) -> list[str]:
    """Return the names of `wanted` roles, tidied; no two are the same. Raises TemplateRefused."""
    tidied = [" ".join(name.split()) for name in names]
    if len(tidied) != wanted:
        raise TemplateRefused("Every person of the envelope needs the name of a role.")
    for name in tidied:
        if not name or len(name) > ROLE_LONGEST or not name.isprintable():
            raise TemplateRefused(f"Give every role a name of up to {ROLE_LONGEST} characters.")
        if "{" in name or "}" in name:
            raise TemplateRefused("The name of a role cannot have braces.")
    if len({name.casefold() for name in tidied}) != len(tidied):
        raise TemplateRefused("Two roles have the same name.")
    return tidied


def suggest_roles(clients: Sequence[bool]) -> list[str]:
    """Return a name for each person's role, numbered where a kind has several. clients: who is a client's."""
    kinds = ["Client" if client else "Our signer" for client in clients]
    return [
        kind if kinds.count(kind) == 1 else f"{kind} {kinds[: place + 1].count(kind)}"
        for place, kind in enumerate(kinds)
    ]


def of_roles(fields: Sequence[PlacedField], recipients: Sequence[str]) -> tuple[PlacedField, ...]:
    """Return an envelope's fields as a template's: numbered, and each of the number of a role, from 1.

    recipients: ids, in the order of the roles.
    """
    numbers = {field.id: str(number) for number, field in enumerate(fields, start=1)}
    role = {recipient: str(number) for number, recipient in enumerate(recipients, start=1)}
    return _renamed(fields, numbers.__getitem__, role.__getitem__)


def of_people(
    fields: Sequence[PlacedField], recipients: Sequence[str], new_id: Callable[[], str]
) -> tuple[PlacedField, ...]:
    """Return a template's fields as an envelope's. recipients: ids, in the order of the roles."""
    ids = {field.id: new_id() for field in fields}
    return _renamed(fields, ids.__getitem__, lambda role: recipients[int(role) - 1])


def _renamed(
    fields: Sequence[PlacedField], field_id: Callable[[str], str], recipient_id: Callable[[str], str]
) -> tuple[PlacedField, ...]:
    def detail(field: PlacedField) -> Detail:
        wish = field.detail.show_if
        shown = ShowIf(field_id(wish.field), wish.value) if wish else None
        return replace(field.detail, show_if=shown)

    return tuple(
        replace(
            field, id=field_id(field.id), recipient_id=recipient_id(field.recipient_id), detail=detail(field)
        )
        for field in fields
    )


def open_values(title: str, message: str, fields: Sequence[PlacedField]) -> tuple[str, ...]:
    """Return the names of the values that each use has to give. Raises MergeRefused."""
    return merging.names_in([title, message, *_texts(fields)])


def _texts(fields: Sequence[PlacedField]) -> list[str]:
    return [str(field.detail.prefilled) for field in fields if _is_text(field)]


def _is_text(field: PlacedField) -> bool:
    return field.kind is FieldKind.TEXT and isinstance(field.detail.prefilled, str)


def merged(fields: Sequence[PlacedField], values: Mapping[str, str]) -> list[PlacedField]:
    """Put the values into the texts that are filled in already."""
    return [
        replace(
            field,
            detail=replace(field.detail, prefilled=merging.merge(str(field.detail.prefilled), values)),
        )
        if _is_text(field)
        else field
        for field in fields
    ]


def dump_fields(fields: Sequence[PlacedField]) -> bytes:
    """Return fields as JSON, to be sealed, with what is filled in already. Raises TemplateRefused."""
    plain = json.dumps(
        [
            {name: getattr(field, name) for name in _PLACE}
            | {
                "kind": field.kind.value,
                "detail": field.detail.dump(),
                "prefilled": field.detail.prefilled,
            }
            for field in fields
        ]
    ).encode()
    if len(plain) > FIELDS_MOST:
        raise TemplateRefused("This envelope has more in its fields than a template can keep.")
    return plain


def load_fields(plain: bytes) -> tuple[PlacedField, ...]:
    """Read back what `dump_fields` wrote."""
    return tuple(
        PlacedField(
            **{name: one[name] for name in _PLACE},
            kind=FieldKind(one["kind"]),
            detail=replace(Detail.load(one["detail"]), prefilled=one["prefilled"]),
        )
        for one in json.loads(plain)
    )


def dump_roles(roles: Sequence[TemplateRole]) -> str:
    """Return roles as JSON."""
    return json.dumps([{"name": one.name, "turn": one.turn, "part": one.part.value} for one in roles])


def load_roles(dumped: str) -> tuple[TemplateRole, ...]:
    """Read back what `dump_roles` wrote."""
    return tuple(TemplateRole(one["name"], one["turn"], Part(one["part"])) for one in json.loads(dumped))
