"""Stylesheet, scripts, fonts and the mark: read into memory once, served under a path that names the content.

`/static/HASH/…` never changes its meaning, so browsers may keep it for ever; modules import each other by
relative paths and stay inside the same HASH. The one stylesheet is app.css with the sheets of css/ behind it.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from docvault.web.access import PUBLIC

FOLDER = Path(__file__).parent / "static"
HASH_LENGTH = 16  # hex digits in the path
FOREVER = "public, max-age=31536000, immutable"
COMPRESSED = {".css", ".js", ".svg"}  # fonts are compressed already

TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".woff2": "font/woff2"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    media_type: str
    plain: bytes
    zipped: bytes | None


class StaticFiles:
    """Every file of the folder by its path, and the hash that stands for all of them."""

    def __init__(self, folder: Path = FOLDER) -> None:
        contents = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        sheets = [contents.pop(name) for name in sorted(contents) if name.startswith("css/")]
        contents["app.css"] = b"\n".join([contents["app.css"], *sheets])
        self.files = {name: _prepare(name, body) for name, body in contents.items()}
        self.version = _hash(contents)

    def url(self, name: str) -> str:
        """Return the address of a file, e.g. `js/ui.js`. Raises KeyError for one that is not there."""
        if name not in self.files:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"


def _prepare(name: str, body: bytes) -> StaticFile:
    suffix = Path(name).suffix
    media_type = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return StaticFile(media_type, body, gzip.compress(body, mtime=0) if suffix in COMPRESSED else None)


def _hash(contents: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, body in sorted(contents.items()):
        digest.update(f"{name}\0{len(body)}\0".encode() + body)
    return digest.hexdigest()[:HASH_LENGTH]


@get("/static/{version:str}/{name:path}", opt=PUBLIC, include_in_schema=False)
async def static_file(
    request: Request[Any, Any, Any], version: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """One file. Under another version's hash the present content is served too, but not kept."""
    static: StaticFiles = request.app.state.static
    file = static.files.get(name.lstrip("/"))
    if file is None:
        raise NotFoundException
    headers = {"vary": "accept-encoding"}
    if version == static.version:
        headers["cache-control"] = FOREVER
    if file.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(file.zipped, media_type=file.media_type, headers=headers)
    return Response(file.plain, media_type=file.media_type, headers=headers)


HANDLERS = [static_file]
