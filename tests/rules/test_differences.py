"""Which words went and which came: nothing is lost on either side, and equal texts have no difference."""

from hypothesis import given
from hypothesis import strategies as st

from docvault.rules.differences import words

TEXTS = st.lists(st.sampled_from(["the", "fee", "is", "due", "9", "12"]), max_size=12).map(" ".join)


def side(pieces, other):
    return " ".join(piece.text for piece in pieces if piece.kind != other).split()


@given(TEXTS, TEXTS)
def test_each_text_is_what_both_have_and_what_it_alone_has(first, second):
    found = words(first, second)
    assert bool(found) is (first.split() != second.split())
    if found:
        assert side(found, "new") == first.split()
        assert side(found, "gone") == second.split()


def test_a_change_is_shown_with_what_stands_around_it():
    text = " ".join(str(number) for number in range(100))
    found = words(text, text.replace(" 50 ", " fifty "))
    assert [(one.kind, one.text) for one in found] == [
        ("same", "… 44 45 46 47 48 49"),
        ("gone", "50"),
        ("new", "fifty"),
        ("same", "51 52 53 54 55 56 …"),
    ]
