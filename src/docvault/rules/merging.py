"""Values that a template leaves open: `{{client number}}` in its title, message and texts. Pure: no I/O."""

import re
from collections.abc import Iterable, Mapping

from docvault.rules.envelopes import EnvelopeRefused

MOST = 30  # names in one template
NAME_LONGEST = 40  # characters
VALUE_LONGEST = 500  # characters

_OPEN = re.compile(r"\{\{([^{}]*)\}\}")
_NAME = re.compile(r"\w+(?:[ _.-]\w+)*")


class MergeRefused(EnvelopeRefused):
    """A name cannot be used, or a value is missing or too long; the message says which."""


def canonical(name: str) -> str:
    """Return a name as names are compared: case and surrounding space do not count."""
    return " ".join(name.split()).casefold()


def names_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names that are left open, in the order in which they first come. Raises MergeRefused."""
    found: dict[str, None] = {}
    for text in texts:
        for name in _OPEN.findall(text):
            _check_name(name)
            found.setdefault(canonical(name))
    if len(found) > MOST:
        raise MergeRefused(f"At most {MOST} values can be left open.")
    return tuple(found)


def _check_name(name: str) -> None:
    name = " ".join(name.split())
    if not _NAME.fullmatch(name) or len(name) > NAME_LONGEST:
        raise MergeRefused(
            f"“{{{{{name[:NAME_LONGEST]}}}}}” cannot name a value: use up to {NAME_LONGEST} letters and "
            "digits, with single spaces, dots, hyphens or underscores between them."
        )


def check_values(names: Iterable[str], values: Mapping[str, str]) -> dict[str, str]:
    """Return a value for each name, without surrounding space. Raises MergeRefused.

    values: by canonical name; more than is asked for does no harm.
    """
    chosen = {name: values.get(name, "").strip() for name in names}
    for name, value in chosen.items():
        if not value:
            raise MergeRefused(f"A value for “{name}” is missing.")
        if len(value) > VALUE_LONGEST:
            raise MergeRefused(f"The value for “{name}” can have at most {VALUE_LONGEST} characters.")
    return chosen


def merge(text: str, values: Mapping[str, str]) -> str:
    """Put the values in; what a value says is taken as it is, and never merged again."""
    return _OPEN.sub(lambda found: values[canonical(found[1])], text)
