"""Answers hold exactly what the description of the API says, for every visitor of every route (promise 23)."""

import copy
import re

import pytest
from jsonschema import Draft202012Validator

from .matrix import MATRIX
from .rows import VISITORS
from .test_matrix import send

PROBLEM = {"type", "title", "status", "detail"}


def closed(schema):
    """Return the description with every object shut: a field it does not name is an error."""
    schema = copy.deepcopy(schema)

    def shut(part):
        if isinstance(part, dict):
            if "properties" in part:
                part.setdefault("additionalProperties", False)
            for inner in part.values():
                shut(inner)
        elif isinstance(part, list):
            for inner in part:
                shut(inner)

    shut(schema)
    return schema


@pytest.fixture(scope="module")
def described(house):
    return closed(house.visitor("nobody").get("/api/openapi.json").json())


def schema_of(described, row, status):
    """Return the schema of an answer, or None where the description gives none."""
    path = re.sub(r"{(\w+):\w+}", r"{\1}", row.path)
    operation = described["paths"].get(path, {}).get(row.method.lower())
    answer = operation and operation["responses"].get(str(status))
    return answer and answer.get("content", {}).get("application/json", {}).get("schema")


API = [row for row in MATRIX if row.path.startswith(("/api/v1/", "/health/"))]


@pytest.mark.promise(23)
@pytest.mark.asvs("8.2.3", "15.3.1")
@pytest.mark.parametrize("row", API, ids=lambda row: f"{row.method} {row.path}")
def test_every_answer_has_exactly_the_fields_that_are_described(house, described, row):
    for name in VISITORS:
        answer = send(house, house.visitor(name), row, house.ids | {"visitor": name})
        if answer.status_code >= 400:
            if answer.content:
                assert answer.headers["content-type"] == "application/problem+json"
                assert set(answer.json()) == PROBLEM
            continue
        if not answer.content or not answer.headers.get("content-type", "").startswith("application/json"):
            continue
        schema = schema_of(described, row, answer.status_code)
        assert schema, f"{row.method} {row.path} {answer.status_code} is not described"
        Draft202012Validator(schema | {"components": described["components"]}).validate(answer.json())


def test_a_field_too_many_would_be_seen(described):
    row = next(row for row in MATRIX if row.path == "/api/v1/me")
    validator = Draft202012Validator(schema_of(described, row, 200) | {"components": described["components"]})
    me = dict.fromkeys(
        ("id", "name", "email", "role", "organisation_id", "session_kind", "factors", "csrf"), "x"
    )
    assert {"password_hash"} <= {
        word
        for error in validator.iter_errors(me | {"password_hash": "x"})
        for word in re.findall(r"\w+", error.message)
    }
