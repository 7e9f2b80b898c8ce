"""The words of the ceremony's pages in every language of rules/languages.py. The key of each is its English.

A page is written in English; `t("Sign here")` gives the words in the reader's language, and the English where
a translation is missing. tests/web/test_words.py holds the files complete.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from docvault.rules.languages import LANGUAGES, OTHERWISE

REFUSED = "refused"  # the folder of what the server refuses, beside the words of pages: not sent with them
FOLDER = Path(__file__).parent / "words"


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Called with the English, it answers with its own; `{name}` is filled in from `values`."""

    code: str  # ISO 639-1
    known: Mapping[str, str] = field(repr=False)

    @property
    def direction(self) -> str:
        """Return ltr or rtl."""
        return LANGUAGES[self.code].direction

    def __call__(self, english: str, **values: object) -> str:
        return self.known.get(english, english).format(**values)


@cache
def in_language(code: str) -> Words:
    """Return the words of a language; of one that we do not know, the English ones."""
    if code == OTHERWISE or code not in LANGUAGES:
        return Words(OTHERWISE, {})
    return Words(code, tomllib.loads((FOLDER / f"{code}.toml").read_text(encoding="utf-8")))


@cache
def refusals(code: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the sentences by which a signer is refused, each with its own words in a language."""
    if code == OTHERWISE or code not in LANGUAGES:
        return ()
    text = (FOLDER / REFUSED / f"{code}.toml").read_text(encoding="utf-8")
    return tuple((_pattern(english), own) for english, own in tomllib.loads(text).items())


def said(words: Words, english: str) -> str:
    """Return what the server says of a refusal in the reader's words; the English where there are none."""
    for pattern, own in refusals(words.code):
        if found := pattern.fullmatch(english):
            return own.format(**found.groupdict())
    return words(english) if english in words.known else english


def _pattern(english: str) -> re.Pattern[str]:
    """Return what matches a sentence with anything in the place of its `{names}`."""
    parts = re.split(r"\{(\w+)\}", english)
    named = [f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)]
    return re.compile("".join(named), re.DOTALL)
