"""Names inside a ZIP: safe on Windows, macOS and Unix, and each of them once. Pure: no I/O, no clock.

What a person named a file is data (promise 33): in an archive it becomes a path, so whatever means one goes.
"""

import unicodedata
from dataclasses import dataclass, field

NAME_MOST = 180  # bytes of UTF-8 of one name: file systems take 255, and some add to it
NAMELESS = "unnamed"
MANIFEST = "MANIFEST.txt"
_UNSAFE = frozenset('/\\:*?"<>|')  # mean something to a file system somewhere
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # Unicode categories without a glyph
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file: devices, whatever stands behind the dot
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{each}{n}" for each in ("com", "lpt") for n in "123456789¹²³")}
)


def safe(name: str) -> str:
    """Return one name of a path: never empty, no dot or space at its ends, no device, not too long."""
    kept = "".join(
        "_" if letter in _UNSAFE else letter
        for letter in unicodedata.normalize("NFC", name)
        if unicodedata.category(letter) not in _UNSEEN
    ).strip(" .")
    stem, dot, ending = kept.rpartition(".") if "." in kept else (kept, "", "")
    if len(ending.encode()) > NAME_MOST // 4:
        stem, dot, ending = kept, "", ""
    short = _shortened(stem, NAME_MOST - len(ending.encode()) - 1).strip(" .")
    if short.partition(".")[0].strip().casefold() in _DEVICES:
        short = f"_{short}"
    return f"{short or NAMELESS}{dot}{ending}"


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one archive. Two that differ by case or by spelling of accents only are one to some."""

    _taken: set[str] = field(default_factory=lambda: {_key(MANIFEST)})

    def claim(self, directory: str, name: str) -> str:
        """Return a path that nothing else in the archive has. directory: ends with a slash, or is empty."""
        kept = safe(name)
        stem, dot, ending = kept.rpartition(".") if "." in kept else (kept, "", "")
        path, number = f"{directory}{kept}", 2
        while _key(path) in self._taken:
            path, number = f"{directory}{stem} ({number}){dot}{ending}", number + 1
        self._taken.add(_key(path))
        return path


def _key(path: str) -> str:
    return unicodedata.normalize("NFKD", path).casefold()


def _shortened(text: str, most: int) -> str:
    return text.encode()[:most].decode("utf-8", "ignore")
