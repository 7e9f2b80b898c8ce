"""The languages in which DocVault writes mail, and which of them a browser asks for. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from docvault.values import DocVaultError

OTHERWISE = "en"
WISHES_MOST = 20  # languages looked at in a header; browsers send a handful


@dataclass(frozen=True, slots=True)
class Language:
    """name: what its speakers call it. direction: ltr, or rtl as in the HTML attribute `dir`."""

    name: str
    direction: str = "ltr"


LANGUAGES: Mapping[str, Language] = {  # ISO 639-1
    "en": Language("English"),
    "de": Language("Deutsch"),
    "pl": Language("polski"),
    "fi": Language("suomi"),
    "ja": Language("日本語"),
    "fa": Language("فارسی", "rtl"),
}


class LanguageUnknown(DocVaultError):
    """DocVault does not write in this language."""

    def __init__(self) -> None:
        names = ", ".join(f"{language.name} ({code})" for code, language in LANGUAGES.items())
        super().__init__(f"DocVault writes in these languages: {names}.")


def check(code: str) -> str:
    """Return the code of a language that mail is written in. Raises LanguageUnknown."""
    if code not in LANGUAGES:
        raise LanguageUnknown
    return code


def wanted(header: str) -> str:
    """Return which of ours an Accept-Language header likes best (RFC 9110 12.5.4), else English.

    Never refuses: a header that cannot be read is a browser without a wish.
    """
    best, best_weight = OTHERWISE, 0.0
    for wish in header.split(",")[:WISHES_MOST]:
        tag, _, parameter = wish.partition(";")
        code = tag.strip().lower().partition("-")[0]
        weight = _weight(parameter)
        if code in LANGUAGES and weight > best_weight:
            best, best_weight = code, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" and 0 <= float(value) <= 1 else 0.0
    except ValueError:
        return 0.0
