"""Signing on top of documents that arrived signed: their new fields, and what a check has to say.

Everything is appended; the bytes that arrived are the beginning of every later version. The writing happens
in a worker.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import msgspec

from docvault.pdf.fields import SEAL_FIELD, SECONDS, FieldSpec, signature_field, signature_field_name
from docvault.pdf.reasons import REASONS, Verdict
from docvault.pdf.scratch import Scratch
from docvault.pdf.sign import FieldValue
from docvault.pdf.validate import Report
from docvault.pdf.workers import Workers
from docvault.rules.arrivals import Arrival

# Of whoever signed before it is only not known who they are; a withdrawn certificate is another matter.
UNKNOWN = frozenset(code for code, one in REASONS.items() if one.verdict is Verdict.NOT_TRUSTED) - {"revoked"}


class _Answer(msgspec.Struct):
    names: dict[str, str]


def add_signature_fields(
    workers: Workers,
    source: Scratch,
    fields: Sequence[FieldSpec],
    arrival: Arrival,
    *,
    signers: Sequence[str],
    seal_field: str = SEAL_FIELD,
) -> tuple[Scratch, Arrival]:
    """Return `source` with everybody's signature field and the seal's, and the arrival with who signs where.

    fields: signature fields, one of a signer at most. Raises PageMissing, PdfUnreadable.
    """
    options: dict[str, Any] = {
        "fields": [asdict(one) for one in (signature_field(fields, signer) for signer in signers) if one],
        "signatures": {signer: signature_field_name(signer) for signer in signers},
        "seal": seal_field,
        "visible": arrival.visible,
    }
    result, outputs = workers.run("add_signature_fields", [source], options, timeout=SECONDS)
    return outputs[0], replace(arrival, names=msgspec.convert(result, _Answer).names)


def field_of(arrival: Arrival | None, signer: str) -> str:
    """What the field is called in which a person signs."""
    own = arrival.names.get(signer) if arrival is not None else None
    return own or signature_field_name(signer)


def renamed(values: Sequence[FieldValue], arrival: Arrival | None, signer: str) -> list[FieldValue]:
    """Return the answers under the names that their fields have in this document."""
    named: Mapping[str, str] = {signature_field_name(signer): field_of(arrival, signer)}
    return [replace(value, name=named.get(value.name, value.name)) for value in values]


def objection(report: Report, arrived: int) -> str | None:
    """Say why a document may not be called sound; None if it may.

    arrived: how many of its signatures, the oldest, were not made here. Those have to be intact, by whomever;
    all others have to be valid.
    """
    if report.verdict not in (Verdict.VALID, Verdict.NOT_TRUSTED):
        return report.reasons[0]
    ours = [each for each in report.signatures[arrived:] if REASONS[each.code].verdict is not Verdict.VALID]
    theirs = [each for each in report.signatures[:arrived] if _is_wrong(each.code)]
    return next((each.reason for each in (*ours, *theirs)), None)


def _is_wrong(code: str) -> bool:
    return REASONS[code].verdict is not Verdict.VALID and code not in UNKNOWN
