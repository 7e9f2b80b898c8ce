"""What is read from tags, and what is suggested of what was found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docvault.rules.field_details import check_details
from docvault.rules.fields import FieldKind, PlacedField, check_fields
from docvault.rules.found import FoundField, Tag, suggest, tag_at, without_taken

SIZES = [(595.0, 842.0), (842.0, 595.0)]
KINDS = [kind.value for kind in FieldKind]

TAGS = [
    ("{{signature:1}}", Tag(FieldKind.SIGNATURE, 1, "", True, ())),
    ("{{ date : 2 }} and more", Tag(FieldKind.DATE, 2, "", True, ())),
    ("{{text:2:Job title}}", Tag(FieldKind.TEXT, 2, "Job title", True, ())),
    ("{{text?:2:Middle name}}", Tag(FieldKind.TEXT, 2, "Middle name", False, ())),
    (
        "{{list:1:Payment:by card| by mail}}",
        Tag(FieldKind.DROPDOWN, 1, "Payment", True, ("by card", "by mail")),
    ),
    ("{{number:1:Price}}", Tag(FieldKind.NUMBER, 1, "Price", True, ())),
    ("{{signature}}", None),
    ("{{signature:0}}", None),
    ("{{cheque:1}}", None),
    ("{{radio:1}}", None),
    ("{{list:1:Payment}}", None),
    ("{{text:1:a:b}}", None),
    ("see {{signature:1}}", None),
    ("{{signature:1", None),
]


@pytest.mark.parametrize(("text", "tag"), TAGS)
def test_a_tag_says_kind_person_and_label(text, tag):
    read = tag_at(text)
    assert (read and read[0]) == tag
    if read:
        assert text[: read[1]].endswith("}}")


def found(kind="text", page=1, x=60.0, y=60.0, w=100.0, h=20.0, **more):
    return FoundField(kind, page, x, y, w, h, **more)


def test_a_number_names_who_signs_in_the_order_of_the_editor():
    one, two, nobody = suggest([found(number=1), found(number=2), found()], 3, SIZES, ["ann", "bob"])
    assert (one.recipient_id, two.recipient_id, nobody.recipient_id) == ("ann", "bob", "")
    assert one.page == 3
    assert suggest([found(number=3)], 1, SIZES, ["ann", "bob"]) == []


def test_a_question_of_one_answer_is_not_suggested():
    answers = [
        found("radio", group="Pay", label="by card"),
        found("radio", group="Pay", label="by mail", y=90.0),
    ]
    assert len(suggest(answers, 1, SIZES, [])) == 2
    assert suggest(answers[:1], 1, SIZES, []) == []


def test_what_is_taken_is_not_suggested_again():
    suggested = suggest([found(), found(y=200.0)], 1, SIZES, ["ann"])
    taken = PlacedField("f", "ann", FieldKind.TEXT, 1, 70, 70, 20, 20, required=True)
    assert without_taken(suggested, [taken]) == suggested[1:]
    assert (
        without_taken(suggested, [PlacedField("f", "ann", FieldKind.TEXT, 2, 70, 70, 20, 20, True)])
        == suggested
    )


MEASURE = st.floats(-2000, 2000, allow_nan=False, width=32)
FOUND = st.builds(
    FoundField,
    kind=st.sampled_from(KINDS),
    page=st.integers(0, 3),
    x=MEASURE,
    y=MEASURE,
    w=st.floats(0, 3000, width=32),
    h=st.floats(0, 3000, width=32),
    label=st.text(max_size=120),
    number=st.none() | st.integers(1, 3),
    required=st.just(True),
    choices=st.lists(st.text(max_size=120), max_size=4),
    group=st.sampled_from(["", "Pay", "Ship\x00"]),
    longest=st.none() | st.integers(1, 500),
)


@given(st.lists(FOUND, max_size=4))
def test_whatever_a_document_holds_what_is_suggested_can_be_placed(fields):
    suggested = suggest(fields, 1, SIZES, ["ann", "bob"])
    owned = [one if one.recipient_id else _of(one, "ann") for one in suggested]
    radios = [one for one in owned if one.kind is FieldKind.RADIO]
    assert check_fields(owned, frozenset({"ann", "bob"}), SIZES, 500)[:0] == ()
    # Radio buttons of one question could be given to two people only by tags, which know none.
    check_details([one for one in owned if one not in radios], 500)


def _of(field, person):
    from dataclasses import replace

    return replace(field, recipient_id=person)
