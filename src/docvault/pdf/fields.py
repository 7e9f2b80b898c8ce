"""All fields of an envelope, made once, before the first signature (promise 64). The writing happens in a
worker.

Names in the file: a field is called by its id, a person's real signature field by `signature_field_name`. A
person has exactly one of those: the first of their signature fields in the order given, or an invisible one
if they have none. Their further signature fields are pictures of the same signature.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers

SEAL_FIELD = "docvault-seal"
SECONDS = 60


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field. x, y: top left corner, w, h: size, in displayed points; page from 1."""

    id: str  # letters, digits, - and _
    kind: str  # one of rules.fields.FieldKind
    page: int
    x: float
    y: float
    w: float
    h: float
    label: str  # read aloud by screen readers
    signer: str  # id of the person who fills it
    required: bool = True
    drawn: bool = True  # False: nothing is seen of it until its signer is shown it


def signature_field_name(signer: str) -> str:
    """The name of the field that carries this person's signature."""
    return f"signature-{signer}"


def signature_field(fields: Sequence[FieldSpec], signer: str) -> FieldSpec | None:
    """Where that field stands; None when it is invisible."""
    return next((field for field in fields if field.signer == signer and field.kind == "signature"), None)


def field_name(fields: Sequence[FieldSpec], field: FieldSpec) -> str:
    """What `field` is called in the file."""
    return signature_field_name(field.signer) if signature_field(fields, field.signer) == field else field.id


def place_fields(
    workers: Workers,
    source: Scratch,
    fields: Sequence[FieldSpec],
    *,
    signers: Sequence[str] = (),
    seal_field: str = SEAL_FIELD,
    title: str | None = None,
) -> Scratch:
    """Return `source` (a normalised copy) with every field, each person's lock, and the seal's field.

    signers: everybody who signs, also those without a placed field. title: what a viewer shows as the
    document's name. Raises FieldRefused, PageMissing, PdfUnreadable.
    """
    everybody = list(dict.fromkeys([*signers, *(field.signer for field in fields)]))
    options = {
        "fields": [asdict(field) | {"name": field_name(fields, field)} for field in fields],
        "signatures": {signer: signature_field_name(signer) for signer in everybody},
        "seal": seal_field,
        "title": title,
    }
    _, outputs = workers.run("place_fields", [source], options, timeout=SECONDS)
    return outputs[0]
