"""One value for one field: whether it fits, and its canonical form. Pure: no I/O.

Types are strict: a string is never a tick. A number is written with a point, whatever the signer's language.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from docvault.rules import people
from docvault.rules.details import TextFormat
from docvault.rules.envelopes import SigningRefused
from docvault.rules.fields import BOXES, FieldKind, PlacedField
from docvault.values import DocVaultError

Answer = str | bool  # a date is ISO 8601 (2026-11-30); a tick box and "I sign here" are booleans

INITIALS_LONGEST = 12  # characters
NAME_LONGEST = 200  # characters
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")
PHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{3,28}[0-9]")
IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn"})


class AnswerRefused(SigningRefused):
    """A value does not fit its field; nothing was signed."""


def check_entry(field: PlacedField, answer: Answer, longest: int) -> Answer:
    """Return the answer in canonical form; an empty text is none. Raises AnswerRefused.

    longest: characters of a text, if the sender asked for no less.
    """
    if field.kind in {*BOXES, FieldKind.SIGNATURE}:
        if not isinstance(answer, bool):
            raise AnswerRefused(f"{named(field)} is either ticked or not.")
        return answer
    if field.kind is FieldKind.ATTACHMENT:
        raise AnswerRefused(f"{named(field)} needs a file; please hand it in by itself.")
    if not isinstance(answer, str):
        raise AnswerRefused(f"{named(field)} needs text.")
    text = unicodedata.normalize("NFC", answer).strip()
    if any(unicodedata.category(letter) in UNPRINTABLE for letter in text):
        raise AnswerRefused(f"{named(field)} holds a character that cannot be printed.")
    most = _longest(field, longest)
    if len(text) > most:
        raise AnswerRefused(f"{named(field)} can have at most {most} characters.")
    return CHECKS.get(field.kind, _any)(field, text) if text else text


def named(field: PlacedField) -> str:
    """Return what to call a field in a sentence."""
    return f"The {field.detail.group or field.label or field.kind} field on page {field.page}"


def _longest(field: PlacedField, longest: int) -> int:
    if field.kind is FieldKind.INITIALS:
        return INITIALS_LONGEST
    if field.kind is FieldKind.NAME:
        return NAME_LONGEST
    return min(longest, field.detail.longest or longest)


def _any(_field: PlacedField, text: str) -> str:
    return text


def _date(field: PlacedField, text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise AnswerRefused(f"{named(field)} needs a date like 2026-11-30.") from error
    if not EARLIEST <= day <= LATEST:
        raise AnswerRefused(f"{named(field)} needs a date between {EARLIEST} and {LATEST}.")
    return day.isoformat()


def _number(field: PlacedField, text: str) -> str:
    if not NUMBER.fullmatch(text):
        raise AnswerRefused(f"{named(field)} needs a number like 1250 or 12.50.")
    number, detail = Decimal(text), field.detail
    if detail.decimals is not None:
        exact = Decimal(1).scaleb(-detail.decimals)
        if number != number.quantize(exact):
            many = "no digits" if detail.decimals == 0 else f"at most {detail.decimals} digits"
            raise AnswerRefused(f"{named(field)} can have {many} after the point.")
        number = number.quantize(exact)
    if detail.least is not None and number < detail.least:
        raise AnswerRefused(f"{named(field)} needs a number of at least {detail.least:f}.")
    if detail.most is not None and number > detail.most:
        raise AnswerRefused(f"{named(field)} needs a number of at most {detail.most:f}.")
    return f"{abs(number) if number == 0 else number:f}"


def _choice(field: PlacedField, text: str) -> str:
    if text not in field.detail.choices:
        raise AnswerRefused(f"{named(field)} needs one of the choices it offers.")
    return text


def _text(field: PlacedField, text: str) -> str:
    return FORMATS[field.detail.format](field, text) if field.detail.format else text


def _email(field: PlacedField, text: str) -> str:
    try:
        people.email(text)
    except DocVaultError as error:
        raise AnswerRefused(f"{named(field)} needs an e-mail address like ada@example.com.") from error
    return text


def _phone(field: PlacedField, text: str) -> str:
    if not PHONE.fullmatch(text):
        raise AnswerRefused(f"{named(field)} needs a phone number like +44 20 7946 0000.")
    return text


def _digits(field: PlacedField, text: str) -> str:
    if not (text.isascii() and text.isdigit()):
        raise AnswerRefused(f"{named(field)} needs digits only.")
    return text


def _letters_digits(field: PlacedField, text: str) -> str:
    if not text.replace(" ", "").isalnum():
        raise AnswerRefused(f"{named(field)} needs letters and digits only.")
    return text


def _iban(field: PlacedField, text: str) -> str:
    """Its check digits are those of ISO 13616: a slip of the finger does not pay somebody else."""
    plain = text.replace(" ", "").upper()
    if (
        not IBAN.fullmatch(plain)
        or int("".join(str(int(each, 36)) for each in plain[4:] + plain[:4])) % 97 != 1
    ):
        raise AnswerRefused(f"{named(field)} needs an IBAN; please check it letter by letter.")
    return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))


Check = Callable[[PlacedField, str], str]

CHECKS: Mapping[FieldKind, Check] = {
    FieldKind.DATE: _date,
    FieldKind.NUMBER: _number,
    FieldKind.DROPDOWN: _choice,
    FieldKind.TEXT: _text,
}
FORMATS: Mapping[TextFormat, Check] = {
    TextFormat.EMAIL: _email,
    TextFormat.PHONE: _phone,
    TextFormat.DIGITS: _digits,
    TextFormat.LETTERS_DIGITS: _letters_digits,
    TextFormat.IBAN: _iban,
}
