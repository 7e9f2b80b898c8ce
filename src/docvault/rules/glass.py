"""Why a compliance officer may open one document's body for a while. Pure: no I/O, no clock."""

import unicodedata

from docvault.values import DocVaultError

REASON_LEAST = 10  # characters: "x" is not a reason
REASON_MOST = 500  # characters

_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls, half characters, line separators


class GlassRefused(DocVaultError):
    """The glass is whole; the message says why."""


def reason(text: str) -> str:
    """Return the reason as it is kept: one line, NFC. Raises GlassRefused."""
    kept = " ".join(unicodedata.normalize("NFC", text).split())
    if any(unicodedata.category(letter) in _REFUSED for letter in kept):
        raise GlassRefused("The reason has invisible characters in it. Please type it again.")
    if not REASON_LEAST <= len(kept) <= REASON_MOST:
        raise GlassRefused(
            f"Please say why, in {REASON_LEAST} to {REASON_MOST} characters. Everybody in charge reads it."
        )
    return kept


def check_pages(pages: int | None) -> None:
    """Return only for a version that has pages to show: reading is all that a broken glass gives."""
    if not pages:
        raise GlassRefused(
            "This file has no pages that can be shown, so breaking its glass would show nothing."
        )
