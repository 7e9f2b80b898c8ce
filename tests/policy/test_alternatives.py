import itertools

from hypothesis import given
from hypothesis import strategies as st

from docvault.policy.residuals import (
    ALWAYS,
    NEVER,
    Compare,
    Constant,
    Every,
    Holds,
    Not,
    OneOf,
    Some,
    alternatives,
)

VALUES = ("a", "b", "c")
LEAVES = st.one_of(
    st.builds(Compare, st.just("organisation"), st.just("=="), st.sampled_from(VALUES)),
    st.builds(OneOf, st.just("organisation"), st.frozensets(st.sampled_from(VALUES), min_size=1)),
    st.builds(Holds, st.just("members"), st.sampled_from(VALUES)),
    st.sampled_from([ALWAYS, NEVER]),
)
RESIDUALS = st.recursive(
    LEAVES,
    lambda part: st.one_of(
        st.builds(Not, part),
        st.lists(part, min_size=1, max_size=3).map(lambda parts: Every(tuple(parts))),
        st.lists(part, min_size=1, max_size=3).map(lambda parts: Some(tuple(parts))),
    ),
    max_leaves=8,
)
WORLD = [
    (organisation, frozenset(members))
    for organisation in VALUES
    for size in range(3)
    for members in itertools.combinations(VALUES, size)
]


def holds(residual, organisation, members):
    if isinstance(residual, Constant):
        return residual.holds
    if isinstance(residual, Compare):
        return organisation == residual.value
    if isinstance(residual, OneOf):
        return organisation in residual.values
    if isinstance(residual, Holds):
        return residual.value in members
    if isinstance(residual, Not):
        return not holds(residual.part, organisation, members)
    parts = [holds(part, organisation, members) for part in residual.parts]
    return all(parts) if isinstance(residual, Every) else any(parts)


@given(RESIDUALS, st.integers(1, 12))
def test_the_ways_together_say_what_the_whole_says(residual, most):
    ways = alternatives(residual, most)
    assert 0 < len(ways) <= most
    for organisation, members in WORLD:
        whole = holds(residual, organisation, members)
        assert whole is any(holds(way, organisation, members) for way in ways)


def test_a_client_list_is_asked_for_organisation_and_sharing_apart():
    residual = Some((OneOf("organisation", frozenset({"a", "b"})), Holds("members", "me")))
    ways = [Compare("organisation", "==", "a"), Compare("organisation", "==", "b"), Holds("members", "me")]
    assert list(alternatives(residual, 10)) == ways
    assert list(alternatives(residual, 2)) == [residual]
    assert list(alternatives(residual, 1)) == [residual]
