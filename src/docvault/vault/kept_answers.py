"""What a signer filled in so far, sealed: to go on later, on any device. Decides no rights."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from docvault.database import kept_answers
from docvault.database.engine import Transaction
from docvault.rules.entries import Answer
from docvault.rules.fields import FieldKind, PlacedField
from docvault.values import FieldId
from docvault.vault.records import Records


def keep(
    tx: Transaction, records: Records, recipient_id: str, answers: Mapping[FieldId, Answer], now: datetime
) -> None:
    """Put these in the place of what was kept before."""
    plain = json.dumps(answers, ensure_ascii=False).encode()
    kept_answers.keep(tx, recipient_id, records.seal(f"kept-answers:{recipient_id}", plain), now)


def begin_with(
    tx: Transaction, records: Records, recipient_id: str, own: Sequence[PlacedField]
) -> dict[FieldId, Answer]:
    """Return what a signer's fields hold when they come to them: what they kept, else what was prefilled.

    own: their fields, whole. Signatures are never part of it. Raises Tampered.
    """
    said = {FieldId(one.id): one.detail.prefilled for one in own if one.detail.prefilled not in {None, False}}
    sealed = kept_answers.of_recipient(tx, recipient_id)
    if sealed is None:
        return {field_id: answer for field_id, answer in said.items() if answer is not None}
    kept: dict[FieldId, Answer] = json.loads(records.open(f"kept-answers:{recipient_id}", sealed))
    mine = {one.id for one in own if not one.detail.locked}
    locked = {field_id: answer for field_id, answer in said.items() if field_id not in mine and answer}
    return {field_id: answer for field_id, answer in kept.items() if field_id in mine} | locked


def to_keep(own: Sequence[PlacedField], answers: Mapping[FieldId, Answer]) -> dict[FieldId, Answer]:
    """Return those of the answers that are the signer's own to keep; a signature is given, not kept."""
    mine = {one.id for one in own if one.kind is not FieldKind.SIGNATURE and not one.detail.locked}
    return {field_id: answer for field_id, answer in answers.items() if field_id in mine}
