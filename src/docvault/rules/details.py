"""What a sender says about a field beyond its place: limits, choices, when it is shown, what it begins with.

Pure: no I/O. Which of it fits which kind of field is decided in field_details.py.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any


class TextFormat(StrEnum):
    """What a text has to be. There are no expressions of one's own: a bad one could stop the portal."""

    EMAIL = "email"
    PHONE = "phone"
    DIGITS = "digits"
    LETTERS_DIGITS = "letters-digits"
    IBAN = "iban"


@dataclass(frozen=True, slots=True)
class ShowIf:
    """Show a field only if another one of the same signer has this value; None: only if that is ticked."""

    field: str  # the other field's id
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Detail:
    """Nothing said is nothing asked. Numbers are exact; `prefilled` is an answer in canonical form."""

    auto: bool = False  # a date or name that is filled in by itself at signing
    group: str = ""  # of radio buttons: the question of which one is the answer
    choices: tuple[str, ...] = ()  # of a drop-down
    least: Decimal | None = None
    most: Decimal | None = None
    decimals: int | None = None  # digits after the point: exactly so many; None: as the signer writes it
    longest: int | None = None  # characters of a text
    format: TextFormat | None = None
    show_if: ShowIf | None = None
    prefilled: str | bool | None = None
    locked: bool = False  # the signer may not change what was prefilled

    def said(self) -> frozenset[str]:
        """Return the names of what the sender said."""
        return frozenset(each.name for each in fields(self) if getattr(self, each.name) != each.default)

    def dump(self) -> str:
        """Return it as JSON, with nothing but what was said, and without the answer that was prefilled."""
        said = sorted(self.said() - {"prefilled"})
        return json.dumps({name: _plain(getattr(self, name)) for name in said})

    @classmethod
    def load(cls, dumped: str) -> "Detail":
        """Read back what `dump` wrote."""
        plain: dict[str, Any] = json.loads(dumped)
        return cls(
            **{name: READERS[name](value) if name in READERS else value for name, value in plain.items()}
        )


UNSAID = Detail()


def renamed(detail: Detail, ids: Mapping[str, str]) -> Detail:
    """Return it for fields with other ids; what depended on a field that is gone is always shown."""
    if detail.show_if is None:
        return detail
    other = ids.get(detail.show_if.field)
    return replace(detail, show_if=None if other is None else ShowIf(other, detail.show_if.value))


def plain_answer(answer: str | bool | None) -> bytes:
    """Return a prefilled answer as JSON, to be sealed."""
    return json.dumps(answer).encode()


def load_answer(plain: bytes) -> str | bool:
    """Read back what `plain_answer` wrote."""
    answer: str | bool = json.loads(plain)
    return answer


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    return {"field": value.field, "value": value.value} if isinstance(value, ShowIf) else value


READERS: Mapping[str, Callable[[Any], Any]] = {
    "choices": tuple,
    "least": Decimal,
    "most": Decimal,
    "format": TextFormat,
    "show_if": lambda plain: ShowIf(**plain),
}
