"""The fields of an envelope: where they lie, and what is said about them."""

from decimal import Decimal
from typing import Any, Literal

import msgspec
from litestar import Request, get, put
from litestar.params import FromPath, JSONBody

from docvault.actions import placed_fields
from docvault.rules.details import Detail, ShowIf, TextFormat
from docvault.rules.fields import FieldKind
from docvault.values import EnvelopeId, FieldId, RecipientId
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]

FIELDS_BODY = 512 * 1024  # bytes: 500 fields with their labels
FieldKindName = Literal[
    "signature", "initials", "date", "name", "text", "number", "checkbox", "radio", "dropdown", "attachment"
]
TextFormatName = Literal["email", "phone", "digits", "letters-digits", "iban"]


class Condition(Body):
    """Another field of the same person, and the value it must have; no value: it must be ticked."""

    field: str
    value: str | None = None


class DetailInput(Body):
    """What else is said about a field. auto: a date or name that is filled in by itself at signing."""

    auto: bool = False
    group: str = ""
    choices: list[str] = msgspec.field(default_factory=list)
    least: float | None = None
    most: float | None = None
    decimals: int | None = None
    longest: int | None = None
    format: TextFormatName | None = None
    show_if: Condition | None = None
    prefilled: str | bool | None = None
    locked: bool = False


class FieldInput(Body):
    """Displayed-page points, crop and rotation applied, origin top left.

    key: by which conditions in the same call name this field; its id where there is none.
    """

    recipient_id: str
    kind: FieldKindName
    page: int
    x: float
    y: float
    w: float
    h: float
    id: str | None = None
    required: bool = True
    label: str = ""
    key: str = ""
    detail: DetailInput = msgspec.field(default_factory=DetailInput)


class FieldsInput(Body):
    fields: list[FieldInput]


class ConditionShown(Answer):
    field: str
    value: str | None


class FieldDetail(Answer):
    """As in DetailInput; prefilled is in canonical form, such as 12.50 or 2026-11-30."""

    auto: bool
    group: str
    choices: list[str]
    least: float | None
    most: float | None
    decimals: int | None
    longest: int | None
    format: str | None
    show_if: ConditionShown | None
    prefilled: str | bool | None
    locked: bool


class Field(Answer):
    id: str
    recipient_id: str
    kind: str
    page: int
    x: float
    y: float
    w: float
    h: float
    required: bool
    label: str
    detail: FieldDetail


class Fields(Answer):
    fields: list[Field]


@put(
    "/envelopes/{envelope_id:str}/fields",
    status_code=204,
    request_max_body_size=FIELDS_BODY,
    summary="Place the fields",
    tags=["Envelopes"],
)
async def place_fields(request: WebRequest, envelope_id: FromPath[str], data: JSONBody[FieldsInput]) -> None:
    """Replace all fields of a draft."""
    portal = portal_of(request)
    await run(
        placed_fields.place_fields,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
        fields=[_field(one) for one in data.fields],
        now=portal.clock(),
    )


def _field(given: FieldInput) -> placed_fields.NewField:
    return placed_fields.NewField(
        id=FieldId(given.id) if given.id else None,
        recipient_id=RecipientId(given.recipient_id),
        kind=FieldKind(given.kind),
        page=given.page,
        x=given.x,
        y=given.y,
        w=given.w,
        h=given.h,
        required=given.required,
        label=given.label,
        detail=_detail(given.detail),
        key=given.key,
    )


def _detail(given: DetailInput) -> Detail:
    return Detail(
        auto=given.auto,
        group=given.group.strip(),
        choices=tuple(choice.strip() for choice in given.choices),
        least=_exact(given.least),
        most=_exact(given.most),
        decimals=given.decimals,
        longest=given.longest,
        format=TextFormat(given.format) if given.format else None,
        show_if=ShowIf(given.show_if.field, given.show_if.value) if given.show_if else None,
        prefilled=given.prefilled,
        locked=given.locked,
    )


def _exact(number: float | None) -> Decimal | None:
    """Return the number that was written, not the nearest binary one."""
    return None if number is None else Decimal(str(number)).normalize()


@get("/envelopes/{envelope_id:str}/fields", summary="Show the fields", tags=["Envelopes"])
async def show_fields(request: WebRequest, envelope_id: FromPath[str]) -> Fields:
    """The fields with what is prefilled in them, for whoever prepares the envelope."""
    portal = portal_of(request)
    found = await run(
        placed_fields.show_fields,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
    )
    return Fields(fields=msgspec.convert(found, list[Field], from_attributes=True))


@get("/envelopes/{envelope_id:str}/suggestions", summary="Suggest fields", tags=["Envelopes"])
async def suggestions(request: WebRequest, envelope_id: FromPath[str]) -> Fields:
    """Fields found in the documents of a draft: of an old form, or tags in the text; they are not placed yet.

    recipient_id is empty where the document does not say whose it is.
    """
    portal = portal_of(request)
    found = await run(
        placed_fields.suggest_fields,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
    )
    return Fields(fields=msgspec.convert(found, list[Field], from_attributes=True))


HANDLERS = [show_fields, suggestions, place_fields]
