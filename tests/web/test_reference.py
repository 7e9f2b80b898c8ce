"""The API's description is valid, complete and ours; bodies are read to the letter."""

import re

import pytest
from openapi_spec_validator import validate

from .matrix import MATRIX


@pytest.fixture(scope="module")
def described(house):
    return house.visitor("nobody").get("/api/openapi.json").json()


def test_the_description_is_valid(described):
    validate(described)


@pytest.mark.asvs("8.1.2")
def test_every_api_route_is_described(described):
    wanted = {
        (row.method.lower(), re.sub(r":\w+}", "}", row.path))
        for row in MATRIX
        if row.path.startswith("/api/v1/")
    }
    said = {(method, path) for path, methods in described["paths"].items() for method in methods}
    assert wanted <= said


def test_the_reference_shows_every_operation_and_loads_nothing_from_elsewhere(house, described):
    page = house.visitor("nobody").get("/api/docs").text
    for path in described["paths"]:
        assert path in page
    assert not re.findall(r'(?:src|href)="https?://', page)


@pytest.mark.promise(23)
@pytest.mark.parametrize(
    "body",
    [
        b'{"email": "a@example.com", "password": "x", "admin": true}',
        b'{"email": 1, "password": "x"}',
        b'{"email": "a@example.com"}',
        b'["a"]',
        b"{",
        b"",
        b"\xff",
    ],
)
def test_a_body_that_does_not_fit_exactly_is_refused(house, body):
    answer = house.visitor("nobody").post(
        "/api/v1/session/password", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/api/docs#problem-invalid-request"


@pytest.mark.promise(23)
def test_text_is_no_number_and_no_boolean(house):
    field = {"recipient_id": "x", "kind": "text", "page": "1", "x": 1, "y": 1, "w": 1, "h": 1}
    path = house.fill("/api/v1/envelopes/{envelope_id}/fields", house.ids)
    answer = house.visitor("manager").put(path, json={"fields": [field]})
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "The body does not fit: Expected `int`, got `str` - at `$.fields[0].page`.",
    )


def test_only_json_is_json(house):
    body = b'{"email": "a@example.com", "password": "x"}'
    browser = house.visitor("nobody")
    assert (
        browser.post(
            "/api/v1/session/password", content=body, headers={"content-type": "text/plain"}
        ).status_code
        == 415
    )


def test_a_form_with_an_unknown_or_doubled_field_is_refused(house):
    browser = house.visitor("administrator")
    token = browser.headers["x-csrf-token"]
    unknown = browser.post("/organisations", data={"name": "A", "kind": "operator", "csrf": token})
    doubled = browser.post(
        "/organisations",
        content=f"name=A&name=B&csrf={token}",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert (unknown.status_code, doubled.status_code) == (400, 400)
