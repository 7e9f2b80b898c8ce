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
    (b"BM", "image/bmp"),
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
PACKAGES = frozenset(_INSIDE_ZIP.values())  # office files that are ZIPs
SHOWN = PICTURES | TEXTS | OFFICE | {PDF}  # what can be looked at here; all else is only stored
_SHORT = frozenset({"image/bmp", "application/vnd.microsoft.portable-executable"})
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
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    suffix = PurePosixPath(name.lower()).suffix
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    if found in _SHORT and b"\x00" not in head:
        found = None  # words that begin with these two letters
    if found == "application/zip":
        return _INSIDE_ZIP.get(suffix, found)
    if found == "application/x-ole-storage":
        return _INSIDE_OLE.get(suffix, found)
    if found is None and (b"\x00" not in head or head.startswith(_WIDE)):
        return _TEXT.get(suffix, UNKNOWN)
    return found or UNKNOWN


_BY_NAME = {
    **_INSIDE_ZIP,
    **_INSIDE_OLE,
    **_TEXT,
    ".pdf": PDF,
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".bmp": "image/bmp",
    ".rtf": RTF,
}
# What may begin like something else: pages and programs that a reader of another kind would act upon.
_ACTING = frozenset(
    {".htm", ".html", ".svg", ".js", ".mjs", ".exe", ".com", ".dll", ".sh", ".bat", ".ps1", ".jar"}
)


def checked(name: str, head: bytes, shown: frozenset[str]) -> tuple[str, str | None]:
    """Return the media type of a file, and a note if name and content disagree: it is then unknown bytes.

    shown: the ends of names that the policy lets people look at; others are kept for download only.
    """
    kind = media_type(name, head)
    suffix = PurePosixPath(name.lower()).suffix
    said = _BY_NAME.get(suffix)
    if suffix in _ACTING or (said is not None and said != kind):
        same = kind not in SHOWN and said is None  # a program that calls itself one
        return UNKNOWN, None if same else DISAGREE.format(suffix=suffix)
    if kind in SHOWN and suffix and said is not None and suffix not in shown:
        return UNKNOWN, None
    return kind, None


DISAGREE = (
    "Its name ends in “{suffix}”, but its content is of another kind or protected by a password. "
    "It is kept for download only; open it with care."
)
