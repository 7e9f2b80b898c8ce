import pytest
from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table, create_engine, insert, select

from docvault.database import residuals as sql
from docvault.policy.residuals import (
    ALWAYS,
    NEVER,
    SELF,
    Compare,
    Every,
    Holds,
    Not,
    OneOf,
    ResidualUnknown,
    Some,
    every,
    negate,
    read,
    some,
)

RESOURCE = {"unknown": [{"Value": "resource"}]}
NAME = {".": {"left": RESOURCE, "attr": "name"}}
TYPE = "DocVault::Folder"


def entity(entity_id):
    return {"Value": {"__entity": {"type": "DocVault::Person", "id": entity_id}}}


def one(body, effect="permit", kind="when"):
    return read({"p": {"effect": effect, "conditions": [{"kind": kind, "body": body}]}}, TYPE)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"Value": True}, ALWAYS),
        ({"Value": False}, NEVER),
        ({"is": {"left": RESOURCE, "entity_type": TYPE}}, ALWAYS),
        ({"is": {"left": RESOURCE, "entity_type": "DocVault::Document"}}, NEVER),
        ({"==": {"left": NAME, "right": {"Value": "a"}}}, Compare("name", "==", "a")),
        ({"==": {"left": {"Value": "a"}, "right": NAME}}, Compare("name", "==", "a")),
        ({"!=": {"left": NAME, "right": {"Value": "a"}}}, Not(Compare("name", "==", "a"))),
        ({"<": {"left": {"Value": 3}, "right": NAME}}, Compare("name", ">", 3)),
        ({">=": {"left": NAME, "right": {"Value": 3}}}, Compare("name", ">=", 3)),
        ({"==": {"left": RESOURCE, "right": entity("f")}}, Compare(SELF, "==", "f")),
        (NAME, Compare("name", "==", True)),
        ({"!": {"arg": NAME}}, Not(Compare("name", "==", True))),
        ({"!": {"arg": {"!": {"arg": NAME}}}}, Compare("name", "==", True)),
        ({"contains": {"left": NAME, "right": entity("p")}}, Holds("name", "p")),
        (
            {"contains": {"left": {"Set": [entity("a"), entity("b")]}, "right": NAME}},
            OneOf("name", frozenset("ab")),
        ),
        ({"contains": {"left": {"Value": ["a"]}, "right": RESOURCE}}, OneOf(SELF, frozenset("a"))),
        ({"contains": {"left": {"Set": []}, "right": NAME}}, NEVER),
        ({"&&": {"left": {"Value": True}, "right": NAME}}, Compare("name", "==", True)),
        ({"||": {"left": {"Value": True}, "right": NAME}}, ALWAYS),
    ],
)
def test_an_expression_is_read_as_what_it_says(body, expected):
    assert one(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        {"like": {"left": NAME, "pattern": []}},
        {"has": {"left": RESOURCE, "attr": "name"}},
        {"is": {"left": NAME, "entity_type": TYPE}},
        {"Value": "text"},
        RESOURCE,
        {"==": {"left": {"Value": 1}, "right": {"Value": 2}}},
        {"==": {"left": NAME, "right": {"Set": []}}},
        {"==": {"left": NAME, "right": NAME}},
        {"==": {"left": NAME, "right": {"Value": [1]}}},
        {"contains": {"left": {"Value": "a"}, "right": NAME}},
        {"contains": {"left": {"Set": []}, "right": {"Value": "a"}}},
        {"in": {"left": RESOURCE, "right": entity("f")}},
        {"if-then-else": {"if": NAME, "then": NAME, "else": NAME}},
        {"unknown": [{"Value": "principal"}]},
    ],
)
def test_an_expression_that_lists_cannot_follow_is_refused(body):
    with pytest.raises(ResidualUnknown):
        one(body)


def test_forbids_take_away_and_unless_turns_around():
    permit = {"effect": "permit", "conditions": []}
    forbid = {"effect": "forbid", "conditions": [{"kind": "unless", "body": NAME}]}
    assert read({"a": permit, "b": forbid}, TYPE) == Compare("name", "==", True)
    assert read({"b": forbid}, TYPE) == NEVER
    assert read({}, TYPE) == NEVER
    assert one(NAME, kind="unless") == Not(Compare("name", "==", True))


def test_nothing_is_all_and_none_is_one():
    part = Holds("a", "b")
    assert every([]) == ALWAYS
    assert some([]) == NEVER
    assert every([part, ALWAYS]) == part
    assert every([part, part]) == Every((part, part))
    assert some([part, part]) == Some((part, part))
    assert every([part, NEVER]) == NEVER
    assert negate(negate(part)) == part


METADATA = MetaData()
THINGS = Table(
    "things", METADATA, Column("id", String, primary_key=True), Column("n", Integer), Column("flag", Boolean)
)
MAPPING = sql.Columns(
    {SELF: THINGS.c.id, "n": THINGS.c.n, "flag": THINGS.c.flag}, {"big": lambda _: THINGS.c.n > 5}
)


@pytest.mark.parametrize(
    ("residual", "expected"),
    [
        (ALWAYS, "abc"),
        (NEVER, ""),
        (Compare("n", "<", 5), "a"),
        (Compare("n", "<=", 7), "ab"),
        (Compare("n", ">", 1), "b"),
        (Compare("n", ">=", 1), "ab"),
        (Compare(SELF, "==", "c"), "c"),
        (Not(Compare("n", "==", 1)), "bc"),
        (Not(Not(Compare("n", "==", 1))), "a"),
        (Compare("flag", "==", True), "b"),
        (OneOf("n", frozenset({1, 7})), "ab"),
        (Holds("big", "x"), "b"),
        (Every((Compare("n", ">", 0), Compare("flag", "==", True))), "b"),
        (Some((Compare("n", "==", 1), Compare(SELF, "==", "c"))), "ac"),
    ],
)
def test_a_residual_becomes_the_condition_it_says(residual, expected):
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    with engine.connect() as connection:
        rows = [
            {"id": "a", "n": 1, "flag": False},
            {"id": "b", "n": 7, "flag": True},
            {"id": "c", "n": None, "flag": None},
        ]
        connection.execute(insert(THINGS), rows)
        found = connection.execute(
            select(THINGS.c.id).where(sql.where(residual, MAPPING)).order_by(THINGS.c.id)
        )
        assert "".join(found.scalars()) == expected


@pytest.mark.parametrize("residual", [Compare("x", "==", 1), OneOf("x", frozenset({1})), Holds("x", "y")])
def test_an_attribute_without_a_column_is_refused(residual):
    with pytest.raises(ResidualUnknown, match="'x'"):
        sql.where(residual, MAPPING)


def test_a_residual_does_not_depend_on_the_order_of_the_answer():
    policies = {
        name: {
            "effect": "permit",
            "conditions": [{"kind": "when", "body": {"==": {"left": NAME, "right": {"Value": name}}}}],
        }
        for name in "abcd"
    }
    assert read(policies, TYPE) == read(dict(reversed(policies.items())), TYPE)
