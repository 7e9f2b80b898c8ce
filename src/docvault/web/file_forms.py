"""Forms with one file in them, for browsers without JavaScript: small, and read in memory only."""

from dataclasses import dataclass
from typing import Any

from litestar import Request
from multipart import MultipartError, PushMultipartParser, parse_options_header

from docvault.vault.files import SEGMENT
from docvault.web.forms import FIELDS_MOST, FormInvalid

MEDIA_TYPE = "multipart/form-data"
FILE_MOST = SEGMENT  # bytes: what is held in memory while it is stored
ROOM = 64 * 1024  # bytes of a body beside its file


@dataclass(frozen=True, slots=True)
class FileForm:
    """What such a form holds: fields, and the file under its name as the browser says it."""

    fields: dict[str, str]
    filename: str
    content: bytes


def is_file_form(request: Request[Any, Any, Any]) -> bool:
    """Tell whether the body is a form with a file."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


async def read(request: Request[Any, Any, Any]) -> FileForm:
    """Read the posted form; its route bounds the body. Raises FormInvalid, also for a second file."""
    _kind, options = parse_options_header(request.headers.get("content-type", ""))
    body = await request.body()
    try:
        parts = _parts(options.get("boundary", ""), body)
    except (MultipartError, ValueError) as error:
        raise FormInvalid("The form could not be read. Please reload the page and try again.") from error
    files = [part for part in parts if part[1] is not None]
    fields = {name: value.decode("utf-8", "replace") for name, filename, value in parts if filename is None}
    if len(files) != 1 or len(fields) + 1 != len(parts) or files[0][0] != "file":
        raise FormInvalid("Please choose one file.")
    _name, filename, content = files[0]
    if not filename:
        raise FormInvalid("Please choose a file first.")
    return FileForm(fields, filename, content)


def _parts(boundary: str, body: bytes) -> list[tuple[str, str | None, bytes]]:
    """Return name, file name (None for a field) and content of every part."""
    found: list[tuple[str, str | None, bytes]] = []
    with PushMultipartParser(boundary, max_segment_count=FIELDS_MOST, strict=True) as parser:
        for event in parser.parse(body):
            if event is None:
                continue
            if isinstance(event, (bytes, bytearray)):
                name, filename, content = found[-1]
                found[-1] = (name, filename, content + bytes(event))
            else:
                found.append((event.name, event.filename, b""))
    return found
