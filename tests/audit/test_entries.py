import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docvault.audit import entries
from docvault.audit.entries import Details, Entry, Subject
from docvault.audit.errors import EntryInvalid

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
SCALARS = TEXT | st.integers(-entries.INTEGER_MOST, entries.INTEGER_MOST) | st.booleans() | st.none()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)


def entry(**changed):
    fields = {
        "actor": "p" * 26,
        "at": "2026-01-31T09:30:00.000000Z",
        "facts": {"pages": 7, "hidden": False},
        "kind": "envelope:sent",
        "object": Subject(id="k" * 26, type="envelope"),
        "organisation": None,
        "private": None,
    }
    return Entry(**{**fields, **changed})


def test_the_leaf_is_the_one_that_the_format_shows():
    assert entries.write(entry()) == (
        b'{"actor":"pppppppppppppppppppppppppp","at":"2026-01-31T09:30:00.000000Z","facts":{"hidden":false,"pages":7},'
        b'"kind":"envelope:sent","object":{"id":"kkkkkkkkkkkkkkkkkkkkkkkkkk","type":"envelope"},"organisation":null,'
        b'"private":null,"v":1}'
    )


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_canonical_json_is_what_another_encoder_makes_of_the_rules(value):
    other = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    assert entries.canonical(value) == other


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_every_leaf_that_was_written_is_read_again(facts):
    assert entries.read(entries.write(entry(facts=facts))) == entry(facts=facts)


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        2**53,
        -(2**53),
        b"bytes",
        {1: "a"},
        {"ä": 1},
        {"a": {1, 2}},
        "\ud800",
        datetime(2026, 11, 22, tzinfo=UTC),
    ],
    ids=str,
)
def test_a_value_that_not_every_reader_keeps_exactly_is_refused(value):
    with pytest.raises(EntryInvalid):
        entries.canonical({"value": value})


@pytest.mark.parametrize("name", ["", "Upper", "a-b", "1a", "a b", "a\n"])
def test_a_fact_has_a_plain_name(name):
    with pytest.raises(EntryInvalid, match="name of a fact"):
        entries.write(entry(facts={name: 1}))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda leaf: leaf.replace(b'"v":1', b'"v":2'),
        lambda leaf: leaf.replace(b'"v":1', b'"v": 1'),
        lambda leaf: leaf.replace(b'"v":1', b'"v":1,"w":1'),
        lambda leaf: leaf.replace(b'"organisation":null,', b""),
        lambda leaf: leaf.replace(b"09:30:00.000000Z", b"09:30:00Z"),
        lambda leaf: leaf.replace(b"envelope:sent", b"Envelope sent"),
        lambda leaf: leaf.replace(b'"private":null', b'"private":"c2hvcnQ="'),
        lambda leaf: leaf.replace(b'"private":null', b'"private":"***"'),
        lambda leaf: leaf.replace(b"pages", b"p\\u0061ges"),
        lambda leaf: leaf.replace(b'"hidden":false,"pages":7', b'"pages":7,"hidden":false'),
        lambda leaf: leaf[:-1],
        lambda leaf: b"\xff" + leaf,
        lambda leaf: leaf + b"\n",
    ],
)
def test_only_the_canonical_spelling_of_a_leaf_is_read(spoil):
    leaf = entries.write(entry())
    assert spoil(leaf) != leaf
    with pytest.raises(EntryInvalid):
        entries.read(spoil(leaf))


def test_a_moment_is_written_in_utc_with_six_digits():
    summer = datetime(2026, 7, 1, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert entries.moment(summer) == "2026-07-01T10:00:00.000005Z"


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(EntryInvalid):
        entries.moment(datetime(2026, 7, 1))  # noqa: DTZ001 - the mistake that is refused


@pytest.mark.promise(81)
def test_details_open_their_own_commitment_and_no_other():
    kept, again = entries.details({"name": "Anna"}), entries.details({"name": "Anna"})
    assert kept.opens(kept.commitment())
    assert kept.commitment() != again.commitment()  # the salt hides that they are equal
    assert not kept.opens(again.commitment())
    assert not kept.opens(None)
    assert len(kept.salt) == 32
    assert (
        kept.commitment() == entries.base64.b64encode(hashlib.sha256(kept.salt + kept.body).digest()).decode()
    )
    assert kept.values() == {"name": "Anna"}


def test_nothing_personal_makes_no_details():
    assert entries.details({}) is None


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff"])
def test_details_that_are_no_object_are_refused(body):
    with pytest.raises(EntryInvalid):
        Details(b"s" * 32, body).values()


def test_a_subject_may_have_no_id():
    leaf = entries.write(entry(object=Subject(id=None, type="folder")))
    assert entries.read(leaf).object == Subject(id=None, type="folder")
    assert msgspec.json.decode(leaf)["object"] == {"id": None, "type": "folder"}
