"""What a folder or a file may be called. Names are data: never a path, never markup (promise 33). Pure.

A file keeps the name its person gave it, slashes and all; only what would make it look like another name is
refused.
"""

import unicodedata

from docvault.values import DocVaultError

FOLDER_NAME = 200  # characters
FILE_NAME = 255  # characters
PASSKEY_NAME = 100  # characters
COMMENT = 500  # characters

# Explicit bidirectional controls (UAX #9): with them "annex\u202efdp.exe" is shown as "annexexe.pdf".
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls (NUL, CR, LF), half characters, line separators


class BadName(DocVaultError):
    """The name cannot be used; the message says why."""


def folder_name(text: str) -> str:
    """Return the name as it is kept: NFC, without spaces around it. Raises BadName."""
    return _name(text, "folder", FOLDER_NAME)


def file_name(text: str) -> str:
    """Return the name as it is kept: NFC, without spaces around it. Raises BadName."""
    return _name(text, "file", FILE_NAME)


def passkey_name(text: str) -> str:
    """Return the name as it is kept: NFC, without spaces around it. Raises BadName."""
    return _name(text, "passkey", PASSKEY_NAME)


def normal(text: str) -> str:
    """Return a name as it would be kept, whether or not it may be."""
    return unicodedata.normalize("NFC", text).strip()


def comment(text: str) -> str | None:
    """Return what somebody wrote about a version as it is kept: one line of NFC, or None. Raises BadName."""
    said = " ".join(unicodedata.normalize("NFC", text).split())
    if len(said) > COMMENT:
        raise BadName(f"What changed can be said in {COMMENT} characters at most.")
    if _hides(said):
        raise BadName("What you wrote about the change has invisible characters in it. Please write it anew.")
    return said or None


def _hides(text: str) -> bool:
    return any(letter in _TURNING or unicodedata.category(letter) in _REFUSED for letter in text)


def _name(text: str, thing: str, longest: int) -> str:
    name = normal(text)
    if not name:
        raise BadName(f"Please give the {thing} a name.")
    if len(name) > longest:
        raise BadName(f"The name of a {thing} can have {longest} characters at most.")
    if _hides(name):
        raise BadName(
            f"The name of this {thing} has invisible characters in it. Please rename it and try again."
        )
    return name
