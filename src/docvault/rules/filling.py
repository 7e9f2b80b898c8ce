"""From what a signer sent to what is signed: their own values, the sender's, the portal's. Pure: no I/O.

What is hidden is neither required nor kept; what the portal fills in cannot be sent; what the sender locked
cannot be changed. The browser keeps the same rules in conditions.js; these are the ones that count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from docvault.rules import conditions
from docvault.rules.answers import Answer, Filled, Signature, check_answers
from docvault.rules.entries import AnswerRefused, named
from docvault.rules.field_details import groups
from docvault.rules.fields import BOXES, FieldKind, PlacedField
from docvault.values import FieldId


@dataclass(frozen=True, slots=True)
class Filling:
    """`settled`: fields that ask for nothing more: answered, hidden, or of a question that is answered."""

    filled: Filled
    settled: frozenset[FieldId]


def fill_in(
    own: Sequence[PlacedField],
    sent: Mapping[FieldId, Answer],
    signature: Signature,
    *,
    longest: int,
    name: str,
    day: date,
    attached: Mapping[FieldId, str],
) -> Filling:
    """Return everything that goes into the document for this signer. Raises AnswerRefused.

    own: all fields of the signer. name, day: what fields that are filled in by themselves get. attached: the
    ids of the files that the signer handed in.
    """
    answers = visible_answers(own, sent, longest)
    out_of_sight = conditions.hidden(own, answers)
    shown = [field for field in own if field.id not in out_of_sight]
    handed_in = {FieldId(field.id) for field in shown if field.id in attached}
    answers |= {field_id: attached[field_id] for field_id in handed_in}
    for field in shown:
        if field.detail.auto:
            answers[FieldId(field.id)] = name if field.kind is FieldKind.NAME else day.isoformat()
    signing = {FieldId(field.id) for field in shown if field.kind is FieldKind.SIGNATURE and field.required}
    empty = {
        FieldId(field.id)
        for field in shown
        if field.kind in BOXES and field.detail.show_if is not None and field.id not in answers
    }
    answered = frozenset(answers) | signing
    filled = Filled(answers, answered, signature, frozenset(empty))
    return Filling(filled, answered | _excused(own, answers) | {FieldId(each) for each in out_of_sight})


def visible_answers(
    own: Sequence[PlacedField], sent: Mapping[FieldId, Answer], longest: int
) -> dict[FieldId, Answer]:
    """Return what the signer sent, with what the sender locked, and without what is hidden.

    Raises AnswerRefused.
    """
    answers = check_answers(own, sent, longest)
    for field in own:
        field_id, detail = FieldId(field.id), field.detail
        if detail.auto and field_id in sent:
            raise AnswerRefused(f"{named(field)} is filled in by itself when you sign.")
        if detail.locked and detail.prefilled is not None:
            if field_id in sent and sent[field_id] != detail.prefilled:
                raise AnswerRefused(f"{named(field)} was filled in by the sender and cannot be changed.")
            if detail.prefilled is not False:
                answers[field_id] = detail.prefilled
    out_of_sight = conditions.hidden(own, answers)
    answers = {field_id: answer for field_id, answer in answers.items() if field_id not in out_of_sight}
    for members in groups(own).values():
        if sum(FieldId(field.id) in answers for field in members) > 1:
            raise AnswerRefused(f"Of “{members[0].detail.group}” only one can be chosen.")
    return answers


def _excused(own: Sequence[PlacedField], answers: Mapping[FieldId, Answer]) -> frozenset[FieldId]:
    """Return the buttons of every question that has its answer."""
    answered = [
        members for members in groups(own).values() if any(FieldId(each.id) in answers for each in members)
    ]
    return frozenset(FieldId(field.id) for members in answered for field in members)
