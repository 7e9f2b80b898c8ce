"""What a file is, from its first bytes and its name. Pure; a guess for display, never a permission."""

from pathlib import PurePosixPath

PDF = "application/pdf"
RTF = "application/rtf"
UNKNOWN = "application/octet-stream"
HEAD = 1024  # bytes that are enough to tell
PDF_WITHIN = 1024  # bytes in which readers look for the header (ISO 32000-1, annex H, note 13)

# The first bytes of what people exchange here; a ZIP is told apart by its name.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"{\\rtf", RTF),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-elf"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
_INSIDE_ZIP = {
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}.presentationml.presentation",
    ".odt": f"{_OPEN_DOCUMENT}.text",
    ".ods": f"{_OPEN_DOCUMENT}.spreadsheet",
    ".odp": f"{_OPEN_DOCUMENT}.presentation",
}
_INSIDE_OLE = {
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
    ".msg": "application/vnd.ms-outlook",
}
PICTURES = frozenset(f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp", "tiff", "bmp"))
TEXTS = frozenset(
    {"text/plain", "text/csv", "text/markdown", "application/json", "application/xml", "application/yaml"}
)
OFFICE = frozenset((*_INSIDE_ZIP.values(), "application/msword", "application/vnd.ms-excel", RTF)) | {
    "application/vnd.ms-powerpoint"
}
SHOWN = PICTURES | TEXTS | OFFICE | {PDF}  # what can be looked at here; all else is only stored
_WIDE = (b"\xff\xfe", b"\xfe\xff")  # how text in UTF-16 begins
_TEXT = {".txt": "text/plain", ".csv": "text/csv", ".md": "text/markdown", ".log": "text/plain"} | {
    ".json": "application/json",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".xml": "application/xml",
}  # HTML and SVG stay unknown bytes

SUFFIXES = {kind: suffix for suffix, kind in (_INSIDE_ZIP | _INSIDE_OLE).items()} | {RTF: ".rtf"}


def media_type(name: str, head: bytes) -> str:
    """Return the media type of a file whose first bytes are `head`; the bytes win over the name."""
    if b"%PDF-" in head[:PDF_WITHIN]:
        return PDF
    suffix = PurePosixPath(name.lower()).suffix
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    if found == "application/zip":
        return _INSIDE_ZIP.get(suffix, found)
    if found == "application/x-ole-storage":
        return _INSIDE_OLE.get(suffix, found)
    if found is None and (b"\x00" not in head or head.startswith(_WIDE)):
        return _TEXT.get(suffix, UNKNOWN)
    return found or UNKNOWN
