"""What signers may fill in."""

import math
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docvault.rules import answers, consents
from docvault.rules.answers import (
    AnswerRefused,
    DrawnSignature,
    PictureSignature,
    SignatureRefused,
    TypedSignature,
)
from docvault.rules.details import Detail, TextFormat
from docvault.rules.fields import FieldKind, PlacedField

FIELD = PlacedField("f", "r", FieldKind.TEXT, 1, 0, 0, 100, 20, required=True)


def check(kind, answer, **said):
    return answers.check_answers([replace(FIELD, kind=kind, detail=Detail(**said))], {"f": answer}, 500)


GOOD = [
    (FieldKind.TEXT, "  Ada \u0141ovelace ", {"f": "Ada \u0141ovelace"}),
    (FieldKind.TEXT, "e\u0301", {"f": "\u00e9"}),
    (FieldKind.TEXT, "   ", {}),
    (FieldKind.TEXT, "x" * 500, {"f": "x" * 500}),
    (FieldKind.INITIALS, "AL", {"f": "AL"}),
    (FieldKind.DATE, "2026-02-28", {"f": "2026-02-28"}),
    (FieldKind.DATE, "", {}),
    (FieldKind.CHECKBOX, True, {"f": True}),
    (FieldKind.CHECKBOX, False, {}),
    (FieldKind.SIGNATURE, True, {"f": True}),
]


@pytest.mark.parametrize(("kind", "answer", "kept"), GOOD)
def test_answers_that_fit_are_kept_in_canonical_form(kind, answer, kept):
    assert check(kind, answer) == kept


BAD = [
    (FieldKind.TEXT, "x" * 501),
    (FieldKind.TEXT, True),
    (FieldKind.TEXT, "bell\x07"),
    (FieldKind.INITIALS, "x" * 13),
    (FieldKind.DATE, "28.02.2026"),
    (FieldKind.DATE, "2026-02-30"),
    (FieldKind.DATE, "1776-07-04"),
    (FieldKind.DATE, False),
    (FieldKind.CHECKBOX, "true"),
    (FieldKind.SIGNATURE, "Ada"),
]


@pytest.mark.promise(23)
@pytest.mark.parametrize(("kind", "answer"), BAD)
def test_answers_that_do_not_fit_are_refused(kind, answer):
    with pytest.raises(AnswerRefused):
        check(kind, answer)


def test_an_answer_to_a_field_of_somebody_else_is_refused():
    with pytest.raises(AnswerRefused, match="not yours"):
        answers.check_answers([FIELD], {"other": "x"}, 500)


FITTING = [
    (FieldKind.NAME, "Ada", {}, "Ada"),
    (FieldKind.NUMBER, "0012.5", {"decimals": 2}, "12.50"),
    (FieldKind.NUMBER, "-0", {}, "0"),
    (FieldKind.NUMBER, "1e", {"least": Decimal(0)}, None),
    (FieldKind.NUMBER, "12,5", {}, None),
    (FieldKind.NUMBER, "1.5", {"decimals": 0}, None),
    (FieldKind.NUMBER, "9.99", {"least": Decimal(10)}, None),
    (FieldKind.NUMBER, "10", {"least": Decimal(10), "most": Decimal(10)}, "10"),
    (FieldKind.NUMBER, "10.01", {"most": Decimal(10)}, None),
    (FieldKind.NUMBER, True, {}, None),
    (FieldKind.NUMBER, "１２", {}, None),
    (FieldKind.DROPDOWN, "Net 30", {"choices": ("Net 30", "Net 60")}, "Net 30"),
    (FieldKind.DROPDOWN, "Net 90", {"choices": ("Net 30", "Net 60")}, None),
    (FieldKind.RADIO, True, {"group": "Pay"}, True),
    (FieldKind.RADIO, "yes", {"group": "Pay"}, None),
    (FieldKind.TEXT, "abcd", {"longest": 3}, None),
    (FieldKind.TEXT, "ada@example.com", {"format": TextFormat.EMAIL}, "ada@example.com"),
    (FieldKind.TEXT, "ada@example", {"format": TextFormat.EMAIL}, None),
    (FieldKind.TEXT, "+44 20 7946 0000", {"format": TextFormat.PHONE}, "+44 20 7946 0000"),
    (FieldKind.TEXT, "call me", {"format": TextFormat.PHONE}, None),
    (FieldKind.TEXT, "007", {"format": TextFormat.DIGITS}, "007"),
    (FieldKind.TEXT, "0x7", {"format": TextFormat.DIGITS}, None),
    (FieldKind.TEXT, "AB 12", {"format": TextFormat.LETTERS_DIGITS}, "AB 12"),
    (FieldKind.TEXT, "AB-12", {"format": TextFormat.LETTERS_DIGITS}, None),
    (FieldKind.TEXT, "de89370400440532013000", {"format": TextFormat.IBAN}, "DE89 3704 0044 0532 0130 00"),
    (FieldKind.TEXT, "DE88370400440532013000", {"format": TextFormat.IBAN}, None),
]


@pytest.mark.parametrize(("kind", "answer", "said", "kept"), FITTING)
def test_an_answer_has_to_be_what_the_sender_asked_for(kind, answer, said, kept):
    if kept is None:
        with pytest.raises(AnswerRefused):
            check(kind, answer, **said)
    else:
        assert check(kind, answer, **said) == {"f": kept}
        assert check(kind, kept, **said) == {"f": kept}  # canonical form is canonical


@given(st.text(max_size=600))
def test_any_text_is_kept_or_refused_in_words(text):
    with suppress(AnswerRefused):
        kept = check(FieldKind.TEXT, text)
        assert kept == {} or 0 < len(kept["f"]) <= 500


@pytest.mark.parametrize(
    "signature",
    [
        DrawnSignature((((0.1, 0.1), (0.4, 0.2)), ((0.5, 0.1), (0.9, 0.3)))),
        TypedSignature("Ada Lovelace", "caveat"),
        PictureSignature(answers.PNG + b"..."),
    ],
)
def test_a_signature_that_can_be_drawn_is_accepted(signature):
    assert answers.check_signature(signature, 512 * 1024) == signature


@pytest.mark.parametrize(
    "signature",
    [
        DrawnSignature(()),
        DrawnSignature((((0.1, 0.1),),)),
        DrawnSignature((((0.1, math.nan), (0.2, 0.2)),)),
        DrawnSignature((((0.1, 99.0), (0.2, 0.2)),)),
        DrawnSignature(((((0.1, 0.1),) * 20_001),)),
        TypedSignature("  ", "caveat"),
        TypedSignature("x" * 101, "caveat"),
        TypedSignature("Ada", "comic"),
        TypedSignature("A\x00da", "caveat"),
        PictureSignature(b"GIF89a"),
        PictureSignature(answers.PNG + b"x" * (512 * 1024)),
    ],
)
def test_a_signature_that_cannot_be_drawn_is_refused(signature):
    with pytest.raises(SignatureRefused):
        answers.check_signature(signature, 512 * 1024)


def test_consent_is_to_the_words_in_use_and_no_others():
    current = consents.CURRENT
    assert consents.check_consent(current.id, current.sha256) is current
    assert consents.TEXTS[current.id] is current
    with pytest.raises(consents.ConsentUnknown):
        consents.check_consent("en-0", current.sha256)
    with pytest.raises(consents.ConsentUnknown):
        consents.check_consent(current.id, "0" * 64)


def test_a_consent_text_in_use_never_changes():
    """Edit no text that somebody agreed to: add a version instead."""
    assert consents.EN_1.sha256 == "a78fa22dba4961cf11cd789887ea7ecc48e472dc669f1a4e18e2197781ae6d48"


@pytest.mark.parametrize(
    "signature",
    [
        DrawnSignature((((0.1, 0.1), (0.4, 0.2)),)),
        TypedSignature("Żaneta", "great-vibes"),
        PictureSignature(answers.PNG + bytes(range(256))),
    ],
)
def test_what_was_filled_in_comes_back_as_it_was(signature):
    filled = answers.Filled({"a": "Ølsen", "b": True}, frozenset({"a", "b", "s"}), signature, frozenset("c"))
    assert answers.Filled.load(filled.dump()) == filled
