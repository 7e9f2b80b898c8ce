"""What senders may say about fields, and what of it signers are held to."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docvault.rules import conditions
from docvault.rules.answers import TypedSignature
from docvault.rules.details import UNSAID, Detail, ShowIf, TextFormat
from docvault.rules.entries import AnswerRefused
from docvault.rules.field_details import FITTING, check_details
from docvault.rules.fields import (
    FieldKind,
    FieldRefused,
    PlacedField,
    SignatureFieldMissing,
    require_signature_fields,
)
from docvault.rules.filling import fill_in

INK = TypedSignature("Ada", "caveat")


def field(name, kind, *, required=True, signer="r", label="", **said):
    return PlacedField(name, signer, kind, 1, 0, 0, 100, 20, required, label or name, Detail(**said))


def fill(own, sent):
    return fill_in(own, sent, INK, longest=500, name="Ada Lovelace", day=date(2026, 11, 26), attached={})


TICK = field("tick", FieldKind.CHECKBOX, required=False)
LIST = field("list", FieldKind.DROPDOWN, choices=("a", "b"))
PAIR = [field(name, FieldKind.RADIO, group="Pay") for name in ("one", "two")]

GOOD = [
    [field("d", FieldKind.DATE, auto=True), field("n", FieldKind.NAME, auto=True)],
    [field("n", FieldKind.NUMBER, least=Decimal(1), most=Decimal(9), decimals=2, prefilled="3", locked=True)],
    [field("t", FieldKind.TEXT, longest=30, format=TextFormat.EMAIL)],
    [LIST, field("t", FieldKind.TEXT, show_if=ShowIf("list", "b"))],
    [*PAIR, field("s", FieldKind.SIGNATURE, show_if=ShowIf("one"))],
    [
        TICK,
        field("box", FieldKind.CHECKBOX, show_if=ShowIf("tick")),
        field("t", FieldKind.TEXT, show_if=ShowIf("box")),
    ],
]


@pytest.mark.parametrize("fields", GOOD)
def test_what_fits_is_kept_and_comes_back_from_the_database_as_it_was(fields):
    kept = check_details(fields, 500)
    assert [one.id for one in kept] == [one.id for one in fields]
    # What is prefilled goes to the database apart from the rest, and sealed.
    assert [Detail.load(one.detail.dump()) for one in kept] == [
        replace(one.detail, prefilled=None) for one in kept
    ]


def test_values_of_the_sender_are_kept_in_canonical_form():
    amount = field("n", FieldKind.NUMBER, decimals=2, prefilled="3")
    after = field("t", FieldKind.TEXT, show_if=ShowIf("n", "03.5"))
    kept = check_details([amount, after], 500)
    assert kept[0].detail.prefilled == "3.00"
    assert kept[1].detail.show_if == ShowIf("n", "3.50")


BAD = [
    ("cannot have choices", [field("t", FieldKind.TEXT, choices=("a",))]),
    ("cannot be filled in by itself", [field("t", FieldKind.TEXT, auto=True)]),
    ("cannot be prefilled", [field("s", FieldKind.SIGNATURE, prefilled="Ada")]),
    ("cannot be locked", [replace(PAIR[0], detail=Detail(group="Pay", locked=True)), PAIR[1]]),
    ("has to be prefilled", [field("t", FieldKind.TEXT, locked=True)]),
    ("prefilled with nothing", [field("t", FieldKind.TEXT, prefilled="  ", locked=True)]),
    ("prefilled with nothing", [field("t", FieldKind.CHECKBOX, prefilled=False, locked=True)]),
    ("cannot be prefilled", [field("d", FieldKind.DATE, auto=True, prefilled="2026-11-26")]),
    ("needs a number", [field("n", FieldKind.NUMBER, prefilled="x")]),
    ("at most 3", [field("n", FieldKind.NUMBER, most=Decimal(3), prefilled="4")]),
    ("least is above", [field("n", FieldKind.NUMBER, least=Decimal(2), most=Decimal(1))]),
    ("0 to 6 digits", [field("n", FieldKind.NUMBER, decimals=7)]),
    ("numbers", [field("n", FieldKind.NUMBER, least=Decimal("Infinity"))]),
    ("1 to 500 characters", [field("t", FieldKind.TEXT, longest=501)]),
    ("1 to 500 characters", [field("t", FieldKind.TEXT, longest=0)]),
    ("needs from 1 to 100 choices", [field("d", FieldKind.DROPDOWN)]),
    ("same choice twice", [field("d", FieldKind.DROPDOWN, choices=("a", "a"))]),
    ("space around", [field("d", FieldKind.DROPDOWN, choices=("a ",))]),
    ("1 to 100 characters", [field("d", FieldKind.DROPDOWN, choices=("",))]),
    ("name of its group", [field("a", FieldKind.RADIO), field("b", FieldKind.RADIO)]),
    ("only one radio button", [PAIR[0]]),
    ("only one radio button", [PAIR[0], replace(PAIR[1], recipient_id="x")]),
    ("all buttons are required, or none", [PAIR[0], replace(PAIR[1], required=False)]),
    ("only one button", [replace(one, detail=Detail(group="Pay", prefilled=True)) for one in PAIR]),
    ("needs a label", [PAIR[0], replace(PAIR[1], label="")]),
    ("does not have", [field("t", FieldKind.TEXT, show_if=ShowIf("nobody"))]),
    ("does not have", [replace(TICK, recipient_id="x"), field("t", FieldKind.TEXT, show_if=ShowIf("tick"))]),
    (
        "cannot depend on a date",
        [field("d", FieldKind.DATE), field("t", FieldKind.TEXT, show_if=ShowIf("d", "x"))],
    ),
    ("needs a value", [LIST, field("t", FieldKind.TEXT, show_if=ShowIf("list"))]),
    ("needs being ticked", [TICK, field("t", FieldKind.TEXT, show_if=ShowIf("tick", "yes"))]),
    ("one of the choices", [LIST, field("t", FieldKind.TEXT, show_if=ShowIf("list", "c"))]),
    ("own group", [replace(PAIR[0], detail=Detail(group="Pay", show_if=ShowIf("two"))), PAIR[1]]),
    ("circle", [field("a", FieldKind.CHECKBOX, show_if=ShowIf("a"))]),
    (
        "circle",
        [
            field("a", FieldKind.CHECKBOX, show_if=ShowIf("b")),
            field("b", FieldKind.CHECKBOX, show_if=ShowIf("c")),
            field("c", FieldKind.CHECKBOX, show_if=ShowIf("b")),
        ],
    ),
]


@pytest.mark.parametrize(("words", "fields"), BAD)
def test_what_does_not_fit_is_refused_in_words(words, fields):
    with pytest.raises(FieldRefused, match=words):
        check_details(fields, 500)


def test_every_kind_says_what_fits_it():
    assert FITTING.keys() == set(FieldKind)


def test_somewhere_to_sign_that_is_not_always_shown_is_not_enough():
    only = field("s", FieldKind.SIGNATURE, show_if=ShowIf("tick"))
    with pytest.raises(SignatureFieldMissing):
        require_signature_fields([TICK, only], {"r": "Ada"})


def test_the_portal_fills_in_what_it_should_and_nobody_else():
    own = [field("d", FieldKind.DATE, auto=True), field("n", FieldKind.NAME, auto=True)]
    done = fill(own, {})
    assert done.filled.answers == {"d": "2026-11-26", "n": "Ada Lovelace"}
    assert done.settled == {"d", "n"}
    with pytest.raises(AnswerRefused, match="filled in by itself"):
        fill(own, {"d": "2020-01-01"})


def test_what_the_sender_locked_stands_and_the_rest_may_change():
    own = check_details(
        [
            field("a", FieldKind.TEXT, prefilled="10 000", locked=True),
            field("b", FieldKind.TEXT, prefilled="Ltd"),
            field("c", FieldKind.CHECKBOX, prefilled=True, locked=True),
        ],
        500,
    )
    assert fill(own, {"b": "GmbH"}).filled.answers == {"a": "10 000", "b": "GmbH", "c": True}
    assert "b" not in fill(own, {}).settled  # the signer emptied it
    with pytest.raises(AnswerRefused, match="cannot be changed"):
        fill(own, {"a": "1"})
    with pytest.raises(AnswerRefused, match="cannot be changed"):
        fill(own, {"c": False})


def test_of_a_question_one_button_is_chosen_and_that_settles_all():
    assert fill(PAIR, {"one": True, "two": False}).settled == {"one", "two"}
    assert fill(PAIR, {}).settled == set()
    with pytest.raises(AnswerRefused, match="only one"):
        fill(PAIR, {"one": True, "two": True})


def test_what_is_hidden_is_neither_required_nor_kept_and_seen_boxes_are_drawn():
    own = [
        TICK,
        field("text", FieldKind.TEXT, show_if=ShowIf("tick")),
        field("box", FieldKind.CHECKBOX, required=False, show_if=ShowIf("tick")),
        field("sign", FieldKind.SIGNATURE, show_if=ShowIf("box")),
    ]
    off = fill(own, {"text": "secret", "box": True})
    assert (off.filled.answers, off.filled.empty) == ({}, frozenset())
    assert off.settled == {"text", "box", "sign"}
    on = fill(own, {"tick": True})
    assert on.settled == {"tick", "sign"}
    assert on.filled.empty == {"box"}
    assert fill(own, {"tick": True, "text": "x", "box": True}).filled.answered == {
        "tick",
        "text",
        "box",
        "sign",
    }


IDS = "abcdef"


@st.composite
def chains(draw):
    """Boxes and a drop-down that depend on each other as a sender could say it, circles included."""
    fields = [
        field(
            name,
            draw(st.sampled_from([FieldKind.CHECKBOX, FieldKind.DROPDOWN])),
            required=draw(st.booleans()),
        )
        for name in IDS
    ]
    kinds = {one.id: one.kind for one in fields}

    def said(one):
        other = draw(st.none() | st.sampled_from(IDS))
        wish = other and ShowIf(other, None if kinds[other] is FieldKind.CHECKBOX else "x")
        return Detail(choices=("x", "y") if one.kind is FieldKind.DROPDOWN else (), show_if=wish)

    return [replace(one, detail=said(one)) for one in fields]


@given(chains(), st.lists(st.sampled_from([None, "x", "y"]), min_size=6, max_size=6))
@settings(max_examples=150, deadline=None)
def test_hiding_is_what_following_every_condition_by_hand_gives(fields, given):
    try:
        kept = check_details(fields, 500)
    except FieldRefused as refused:
        assert "circle" in str(refused)  # noqa: PT017 - only circles are made here
        return
    boxes = {one.id for one in kept if one.kind is FieldKind.CHECKBOX}
    sent = {
        name: (value == "x" if name in boxes else value)
        for name, value in zip(IDS, given, strict=True)
        if value
    }
    by_id = {one.id: one for one in kept}

    def shown(one):
        wish = one.detail.show_if
        return wish is None or (sent.get(wish.field) == (wish.value or True) and shown(by_id[wish.field]))

    out_of_sight = {one.id for one in kept if not shown(one)}
    assert conditions.hidden(kept, sent) == out_of_sight
    done = fill(kept, sent)
    assert not done.filled.answers.keys() & out_of_sight
    assert done.settled >= out_of_sight
    assert done.settled - out_of_sight == done.filled.answered
    # Whoever sends again what was kept gets the same: nothing hidden comes back.
    assert fill(kept, done.filled.answers) == done


def test_a_circle_that_slipped_in_hides_its_fields_instead_of_hanging():
    ring = [
        field("a", FieldKind.CHECKBOX, show_if=ShowIf("b")),
        field("b", FieldKind.CHECKBOX, show_if=ShowIf("a")),
    ]
    assert conditions.hidden(ring, {"a": True, "b": True}) == {"a", "b"}
    assert UNSAID.said() == frozenset()
