"""Where fields may lie."""

import math
from dataclasses import replace

import pytest

from docvault.rules.fields import (
    FieldKind,
    FieldRefused,
    PlacedField,
    SignatureFieldMissing,
    check_fields,
    require_signature_fields,
)

SIZES = [(595.0, 842.0), (842.0, 595.0)]
FIELD = PlacedField("f", "r", FieldKind.SIGNATURE, 1, 10, 10, 170, 44, required=True)
PEOPLE = frozenset({"r"})


def test_a_field_inside_its_page_is_kept_as_it_is():
    assert check_fields([FIELD], PEOPLE, SIZES, 500) == (FIELD,)


def test_a_field_may_touch_every_edge():
    corner = replace(FIELD, page=2, x=842 - 170, y=595 - 44)
    assert check_fields([replace(FIELD, x=0, y=0), replace(corner, id="g")], PEOPLE, SIZES, 500)


WRONG = [
    ("beyond the right edge", {"x": 430}),
    ("beyond the bottom", {"y": 800}),
    ("left of the page", {"x": -1}),
    ("above the page", {"y": -1}),
    ("on page zero", {"page": 0}),
    ("on a page that is not there", {"page": 3}),
    ("inside the other page only", {"x": 600}),
    ("too narrow", {"w": 10}),
    ("too low", {"h": 3}),
    ("negative", {"w": -170}),
    ("not a number", {"x": math.nan}),
    ("endless", {"w": math.inf}),
    ("for a stranger", {"recipient_id": "x"}),
    ("with an endless label", {"label": "x" * 101}),
]


@pytest.mark.parametrize("change", [row[1] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_field_is_refused(change):
    with pytest.raises(FieldRefused):
        check_fields([replace(FIELD, **change)], PEOPLE, SIZES, 500)


def test_two_fields_never_share_an_id_and_there_is_a_limit():
    with pytest.raises(FieldRefused):
        check_fields([FIELD, FIELD], PEOPLE, SIZES, 500)
    with pytest.raises(FieldRefused):
        check_fields([replace(FIELD, id=str(number)) for number in range(501)], PEOPLE, SIZES, 500)


def test_everybody_needs_a_required_signature_field():
    names = {"r": "Anna", "s": "Ben", "t": "Chloe"}
    with pytest.raises(SignatureFieldMissing, match="for Ben and Chloe first"):
        require_signature_fields([FIELD], names)
    with pytest.raises(SignatureFieldMissing, match="for Anna first"):
        require_signature_fields([replace(FIELD, required=False)], {"r": "Anna"})
    require_signature_fields([FIELD], {"r": "Anna"})
