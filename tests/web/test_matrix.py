"""Every route has a row for every visitor, and answers as its row says (promises 20, 21)."""

import json

import pytest
from litestar.testing import TestClient

from .house import House
from .matrix import MATRIX
from .rows import ADMINISTRATORS, NOTHING_TO_OFFICERS, OFFICERS, VISITORS, Row

ELSEWHERE = ("/login", "/enrol", "/r/over")


def send(house: House, browser: TestClient, row: Row, ids: dict[str, str]):
    """Send a row's request about the things `ids` names."""
    body: dict[str, object] = {}
    if row.json is not None:
        body = {"json": json.loads(house.fill(json.dumps(row.json), ids))}
    elif row.form is not None:
        body = {"data": {name: house.fill(value, ids) for name, value in row.form.items()}}
    elif row.raw is not None:
        body = {"content": row.raw}
    if row.form is not None and "x-csrf-token" in browser.headers:
        body["data"]["csrf"] = browser.headers["x-csrf-token"]
    headers = {name: house.fill(value, ids) for name, value in row.headers.items()}
    return browser.request(
        row.method, house.fill(row.path + row.query, ids), headers=headers, follow_redirects=False, **body
    )


def word(answer) -> str:
    """Say an answer in the matrix's words."""
    away = answer.headers.get("location", "").partition("?")[0]
    if answer.status_code in {401, 429} or (answer.status_code == 303 and away in ELSEWHERE):
        return "out"
    return {403: "no", 404: "--"}.get(answer.status_code, "in")


def test_every_route_is_in_the_matrix(house):
    routes = {
        (method, route.path)
        for route in house.site.app.routes
        for method in route.methods
        if method != "OPTIONS"
    }
    assert {(row.method, row.path) for row in MATRIX} == routes
    assert len(MATRIX) == len(routes)
    assert {len(row.answers.split()) for row in MATRIX} == {len(VISITORS)}


@pytest.mark.promise(20)
@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row.method} {row.path}")
@pytest.mark.asvs("8.2.1")
@pytest.mark.asvs("8.3.1")
def test_each_visitor_gets_what_the_matrix_says(house, row):
    got = {}
    for name in VISITORS:
        answer = send(house, house.visitor(name), row, house.ids | {"visitor": name})
        assert answer.status_code < 500, answer.text
        got[name] = word(answer)
    assert " ".join(got.values()) == " ".join(row.answers.split())


REFUSING = {ADMINISTRATORS, OFFICERS, NOTHING_TO_OFFICERS}  # others than these are refused whatever the id
# A guest's uploads are tested in test_guests.py: no visitor of the matrix has a visit.
OBJECTS = [row for row in MATRIX if "_id" in row.path and not row.is_of_a_visit]


@pytest.mark.promise(21)
@pytest.mark.parametrize("row", OBJECTS, ids=lambda row: f"{row.method} {row.path}")
@pytest.mark.asvs("8.2.2")
def test_what_is_somebody_elses_and_what_is_not_there_answer_the_same_bytes(house, row):
    for name in ("client", "manager", "administrator", "outsider"):
        if "person_id" in row.path and "folder_id" not in row.path:
            continue  # people are an administrator's own; the others are refused whoever is named
        if "proposal_id" in row.path:
            continue  # proposals are the whole portal's; who may not see them is refused whichever is named
        if "anchor_id" in row.path:
            continue  # and so is the trust list
        if "organisation_id" in row.path and name == "administrator":
            continue  # every organisation is theirs
        browser = house.visitor(name)
        foreign = send(house, browser, row, house.foreign)
        absent = send(house, browser, row, house.random())
        assert (foreign.status_code, foreign.content) == (absent.status_code, absent.content), name
        assert dict(foreign.headers) == dict(absent.headers)
        if name == "outsider":
            assert foreign.status_code in {403, 404}  # most routes are closed to them, whatever is named
        else:
            assert foreign.status_code == (403 if row.answers in REFUSING else 404)
