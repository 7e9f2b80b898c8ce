"""Whether what a sender said about fields fits their kinds and each other. Pure: no I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from docvault.rules.details import UNSAID, ShowIf
from docvault.rules.entries import Answer, AnswerRefused, check_entry
from docvault.rules.fields import BOXES, LABEL_LONGEST, FieldKind, FieldRefused, PlacedField

CHOICES_MOST = 100
DECIMALS_MOST = 6
ALWAYS = frozenset({"show_if"})
FITTING: Mapping[FieldKind, frozenset[str]] = {  # what can be said about which kind
    FieldKind.SIGNATURE: frozenset(),
    FieldKind.INITIALS: frozenset(),
    FieldKind.DATE: frozenset({"auto", "prefilled", "locked"}),
    FieldKind.NAME: frozenset({"auto", "prefilled", "locked"}),
    FieldKind.TEXT: frozenset({"longest", "format", "prefilled", "locked"}),
    FieldKind.NUMBER: frozenset({"least", "most", "decimals", "prefilled", "locked"}),
    FieldKind.CHECKBOX: frozenset({"prefilled", "locked"}),
    FieldKind.RADIO: frozenset({"group", "prefilled"}),
    FieldKind.DROPDOWN: frozenset({"choices", "prefilled", "locked"}),
    FieldKind.ATTACHMENT: frozenset(),
}
WORDS = {
    "auto": "be filled in by itself",
    "prefilled": "be prefilled",
    "locked": "be locked",
    "longest": "have a longest text",
    "format": "have a format",
    "least": "have a least number",
    "most": "have a most number",
    "decimals": "have digits after the point",
    "group": "belong to a group",
    "choices": "have choices",
}
DECIDING = frozenset(
    {*BOXES, FieldKind.DROPDOWN, FieldKind.TEXT, FieldKind.NUMBER}
)  # a condition can look at these


def check_details(placed: Iterable[PlacedField], longest: int) -> tuple[PlacedField, ...]:
    """Return the fields, with values in canonical form, if all that was said about them fits.

    placed: all of an envelope, checked by check_fields. longest: characters of a text. Raises FieldRefused.
    """
    fields = tuple(_settled(field, longest) for field in placed)
    by_id = {field.id: field for field in fields}
    for field in fields:
        if field.detail.show_if is not None:
            _check_condition(field, field.detail.show_if, by_id)
    for members in groups(fields).values():
        _check_group(members)
    return tuple(_with_canonical_condition(field, by_id, longest) for field in fields)


def groups(fields: Iterable[PlacedField]) -> dict[tuple[str, str], list[PlacedField]]:
    """Return the radio buttons of each question, by signer and name of the group."""
    found: dict[tuple[str, str], list[PlacedField]] = {}
    for field in fields:
        if field.kind is FieldKind.RADIO:
            found.setdefault((field.recipient_id, field.detail.group), []).append(field)
    return found


def _settled(field: PlacedField, longest: int) -> PlacedField:
    detail = field.detail
    for name in sorted(detail.said() - FITTING[field.kind] - ALWAYS):
        raise FieldRefused(f"{_place(field)} cannot {WORDS[name]}.")
    _check_limits(field, longest)
    if field.kind is FieldKind.DROPDOWN:
        _check_choices(field)
    if detail.locked and detail.prefilled is None:
        raise FieldRefused(f"{_place(field)} is locked, so it has to be prefilled.")
    if detail.auto and detail.prefilled is not None:
        raise FieldRefused(f"{_place(field)} is filled in by itself, so it cannot be prefilled.")
    if detail.prefilled is None:
        return field
    answer = _entry(field, detail.prefilled, longest)
    if answer == "" or (detail.locked and field.required and answer is False):
        raise FieldRefused(f"{_place(field)} is prefilled with nothing.")
    return replace(field, detail=replace(detail, prefilled=answer))


def _check_limits(field: PlacedField, longest: int) -> None:
    detail = field.detail
    if detail.longest is not None and not 1 <= detail.longest <= longest:
        raise FieldRefused(f"{_place(field)} can have from 1 to {longest} characters.")
    if detail.decimals is not None and not 0 <= detail.decimals <= DECIMALS_MOST:
        raise FieldRefused(f"{_place(field)} can have from 0 to {DECIMALS_MOST} digits after the point.")
    if any(limit is not None and not limit.is_finite() for limit in (detail.least, detail.most)):
        raise FieldRefused(f"{_place(field)} needs limits that are numbers.")
    if detail.least is not None and detail.most is not None and detail.least > detail.most:
        raise FieldRefused(f"{_place(field)} allows no number: the least is above the most.")


def _check_choices(field: PlacedField) -> None:
    choices = field.detail.choices
    if not 1 <= len(choices) <= CHOICES_MOST:
        raise FieldRefused(f"{_place(field)} needs from 1 to {CHOICES_MOST} choices.")
    if any(not choice or len(choice) > LABEL_LONGEST for choice in choices):
        raise FieldRefused(f"{_place(field)} needs choices of 1 to {LABEL_LONGEST} characters.")
    if len(set(choices)) != len(choices):
        raise FieldRefused(f"{_place(field)} offers the same choice twice.")
    for choice in choices:
        if _entry(replace(field, kind=FieldKind.TEXT, detail=UNSAID), choice, LABEL_LONGEST) != choice:
            raise FieldRefused(f"{_place(field)} has a choice with space around it.")


def _check_group(members: Sequence[PlacedField]) -> None:
    first = members[0]
    name = first.detail.group
    if not name or len(name) > LABEL_LONGEST:
        raise FieldRefused(f"{_place(first)} needs the name of its group, up to {LABEL_LONGEST} characters.")
    if len(members) == 1:
        raise FieldRefused(f"The group “{name}” has only one radio button, so there is nothing to choose.")
    if len({field.required for field in members}) > 1:
        raise FieldRefused(f"Of the group “{name}” all buttons are required, or none.")
    if sum(field.detail.prefilled is True for field in members) > 1:
        raise FieldRefused(f"Of the group “{name}” only one button can be prefilled.")
    if not all(field.label for field in members):
        raise FieldRefused(f"Every radio button of the group “{name}” needs a label.")


def _check_condition(field: PlacedField, wish: ShowIf, by_id: Mapping[str, PlacedField]) -> None:
    other = by_id.get(wish.field)
    if other is None or other.recipient_id != field.recipient_id:
        raise FieldRefused(f"{_place(field)} depends on a field that the same person does not have.")
    if other.kind not in DECIDING:
        raise FieldRefused(f"{_place(field)} cannot depend on a {other.kind} field.")
    if (wish.value is None) is not (other.kind in BOXES):
        wanted = "being ticked" if other.kind in BOXES else "a value"
        raise FieldRefused(f"{_place(field)} depends on a {other.kind} field, so it needs {wanted}.")
    if FieldKind.RADIO is field.kind is other.kind and field.detail.group == other.detail.group:
        raise FieldRefused(f"{_place(field)} cannot depend on a button of its own group.")
    seen = {field.id}
    while other.detail.show_if is not None:
        if other.id in seen:
            raise FieldRefused(f"{_place(field)} depends on itself in a circle.")
        seen.add(other.id)
        other = by_id.get(other.detail.show_if.field, field)


def _with_canonical_condition(
    field: PlacedField, by_id: Mapping[str, PlacedField], longest: int
) -> PlacedField:
    wish = field.detail.show_if
    if wish is None or wish.value is None:
        return field
    value = _entry(by_id[wish.field], wish.value, longest)
    if value == "":
        raise FieldRefused(f"{_place(field)} depends on a field being empty; it needs a value.")
    return replace(field, detail=replace(field.detail, show_if=ShowIf(wish.field, str(value))))


def _entry(field: PlacedField, answer: Answer, longest: int) -> Answer:
    try:
        return check_entry(field, answer, longest)
    except AnswerRefused as error:
        raise FieldRefused(str(error)) from error


def _place(field: PlacedField) -> str:
    return f"The {field.label or field.kind} field on page {field.page}"
