"""Looks at the list of what is in an office file, a ZIP; unpacks nothing but its label. Runs in a worker."""

import zipfile

from docvault.pdf.tasks import Job

PARTS = 20_000  # more is an attack
UNPACKED = 1024**3  # bytes in all
LABEL = 200  # bytes of a name tag
_MAIN = {
    "wordprocessingml": "word/",
    "spreadsheetml": "xl/",
    "presentationml": "ppt/",
}


def look(job: Job) -> object:
    """Task: whether the file is what `media_type` says, is a bomb, and holds macros, as a plain map."""
    wanted = job.options["media_type"]
    try:
        with zipfile.ZipFile(job.files[0]) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            bomb = len(parts) > PARTS or sum(part.file_size for part in parts) > UNPACKED
            bomb = bomb or _overlaps(parts)
            agrees = not bomb and _agrees(archive, names, wanted)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, RuntimeError, EOFError):
        return {"agrees": False, "bomb": False, "macros": False}
    macros = any(name.endswith("vbaProject.bin") or name.startswith(("Basic/", "Scripts/")) for name in names)
    return {"agrees": agrees, "bomb": bomb, "macros": macros}


def _overlaps(parts: list[zipfile.ZipInfo]) -> bool:
    """Whether two parts share bytes, as in bombs that unpack the same ones again and again."""
    end = 0
    for part in sorted(parts, key=lambda each: each.header_offset):
        if part.header_offset < end:
            return True
        end = part.header_offset + part.compress_size
    return False


def _agrees(archive: zipfile.ZipFile, names: set[str], wanted: str) -> bool:
    if wanted.startswith("application/vnd.oasis.opendocument"):
        label = archive.getinfo("mimetype") if "mimetype" in names else None
        return label is not None and label.file_size < LABEL and archive.read(label).decode("ascii") == wanted
    main = next((folder for word, folder in _MAIN.items() if word in wanted), None)
    return (
        "[Content_Types].xml" in names and main is not None and any(name.startswith(main) for name in names)
    )
