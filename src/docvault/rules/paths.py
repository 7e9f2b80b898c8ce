"""How documents and folders are called in a file manager, where no two names are alike and none has slashes.

A name that cannot stand in a path, or that something else in the folder has already, gets the beginning of
its id: `Offer ~k3fj2a.pdf`. The same thing always has the same path for the same person. Pure.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

ID_PART = 6  # characters of the id: among a folder's things of one name that is enough
ENDING = 20  # characters after the last point that count as a file's ending
SLASHES = str.maketrans({"/": "_", "\\": "_"})
_TAGGED = re.compile(
    rf"(?P<stem>.*) ~(?P<id>[a-z2-7]{{{ID_PART}}})(?P<ending>\.[^.]{{1,{ENDING}}})?", re.DOTALL
)


def spell(things: Iterable[tuple[str, str]], taken: Iterable[str] = ()) -> Iterator[str]:
    """Yield the path name of each (id, name), in their order; the first of a name keeps it.

    taken: names that something else has, such as the folders beside documents.
    """
    used = set(taken)
    for thing_id, name in things:
        spelled = name if is_plain(name) and name not in used else tagged(thing_id, name)
        used.add(spelled)
        yield spelled


def kept(part: str) -> str:
    """Return a name of a path as names are kept: macOS sends `é` as two characters."""
    return unicodedata.normalize("NFC", part).strip()


def is_plain(name: str) -> bool:
    """Tell whether a name can stand in a path as it is, and is not read as one that carries an id."""
    return name not in {".", ".."} and name == name.translate(SLASHES) and not _TAGGED.fullmatch(name)


def tagged(thing_id: str, name: str) -> str:
    """Return a path name that only this thing has."""
    safe = name.translate(SLASHES)
    stem, dot, ending = safe.rpartition(".")
    if not stem or not ending or len(ending) > ENDING:
        stem, dot, ending = safe, "", ""
    return f"{stem} ~{thing_id[:ID_PART]}{dot}{ending}"


def id_start(path_name: str) -> str | None:
    """Return the beginning of the id that a path name carries, or None."""
    found = _TAGGED.fullmatch(path_name)
    return found["id"] if found else None
