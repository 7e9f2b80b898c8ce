"""Forms that pages post: url-encoded, small, read into structs that refuse the unknown (promise 23)."""

from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar import Request

from docvault.web.access import AccessError

MEDIA_TYPE = "application/x-www-form-urlencoded"
FIELDS_MOST = 200  # a page of folders and one of documents can all be ticked

Form = TypeVar("Form", bound=msgspec.Struct)


class FormInvalid(AccessError):
    """The form cannot be read; the message says which part, in words for the person."""


def is_form(request: Request[Any, Any, Any]) -> bool:
    """Tell whether the body is a url-encoded form; a file comes in another kind (file_forms.py)."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


async def pairs(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Return the fields of the posted form. Raises FormInvalid, also for a field given twice (promise 24)."""
    if not is_form(request):
        raise FormInvalid("This page expects a form.")
    body = await request.body()
    try:
        given = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MOST
        )
    except ValueError as error:
        raise FormInvalid("The form could not be read. Please reload the page and try again.") from error
    fields = dict(given)
    if len(fields) != len(given):
        raise FormInvalid("The form names a field twice. Please reload the page and try again.")
    return fields


async def read(
    request: Request[Any, Any, Any], form: type[Form], *, beside: str | tuple[str, ...] = ()
) -> Form:
    """Read the posted form into `form`, a struct with `forbid_unknown_fields`. Raises FormInvalid.

    An empty field is left out, so that its default counts. beside: fields whose names begin like this are
    read by the caller.
    """
    fields = {name: value for name, value in (await pairs(request)).items() if value and name != "csrf"}
    if beside:
        fields = {name: value for name, value in fields.items() if not name.startswith(beside)}
    return convert(fields, form)


def convert(fields: dict[str, str], form: type[Form]) -> Form:
    """Make `form` of texts, also of an address's query. Raises FormInvalid."""
    try:
        return msgspec.convert(fields, form, strict=False)
    except msgspec.ValidationError as error:
        raise FormInvalid(f"Please check the form: {error}.") from error
