"""Values left open in words: found, asked for and put in, each exactly once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docvault.rules.merging import MOST, MergeRefused, canonical, check_values, merge, names_in

NAMES = st.text("abcÄß1_", min_size=1, max_size=8)
PLAIN = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=10)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(PLAIN, NAMES), max_size=6), PLAIN, st.data())
def test_words_come_out_as_if_written_with_the_values(parts, end, data):
    text = "".join(f"{plain}{{{{ {name} }}}}" for plain, name in parts) + end
    names = names_in([text])
    assert set(names) == {canonical(name) for _, name in parts}
    values = {name: data.draw(st.text(min_size=1, max_size=9)) for name in names}
    assert merge(text, values) == "".join(plain + values[canonical(name)] for plain, name in parts) + end


def test_names_count_once_whatever_their_case_and_space():
    assert names_in(["{{Client  Number}} and {{client number}}", "{{ CLIENT NUMBER }}{{b}}"]) == (
        "client number",
        "b",
    )


@pytest.mark.parametrize("name", ["", " ", "=1+1", "a\nb!", "x" * 41, "a  -  b"])
def test_a_name_that_nobody_could_say_is_refused(name):
    with pytest.raises(MergeRefused, match="cannot name a value"):
        names_in([f"{{{{{name}}}}}"])


def test_too_many_names_are_refused():
    with pytest.raises(MergeRefused, match=f"At most {MOST}"):
        names_in([f"{{{{a{number}}}}}" for number in range(MOST + 1)])


def test_values_are_trimmed_and_none_may_be_missing():
    assert check_values(["a"], {"a": " x ", "other": "y"}) == {"a": "x"}
    with pytest.raises(MergeRefused, match="“a” is missing"):
        check_values(["a"], {"a": " "})
