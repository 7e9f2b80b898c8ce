"""Writes that another site made a browser send are refused, on every unsafe route (promise 84)."""

import pytest

from .matrix import MATRIX

UNSAFE = [row for row in MATRIX if row.method not in {"GET", "HEAD"}]
FOREIGN = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "https://evil.example"},
    {"origin": "https://vault.example.com.evil.example"},
    {"origin": "null"},
    {"sec-fetch-site": "same-origin", "origin": "https://evil.example"},
]


@pytest.mark.promise(84)
@pytest.mark.asvs("3.5.1")
@pytest.mark.parametrize("row", UNSAFE, ids=lambda row: f"{row.method} {row.path}")
def test_a_request_from_elsewhere_is_refused(house, row):
    name = "enrolling" if "enrol" in row.path else "administrator"
    browser = house.visitor("guest" if row.is_of_a_visit else name)
    for headers in FOREIGN:
        answer = browser.request(
            row.method, house.fill(row.path, house.ids), headers=headers, follow_redirects=False
        )
        assert answer.status_code == 403, headers
        assert "own pages" in answer.text


SESSION_NEEDED = [
    row
    for row in UNSAFE
    if not row.answers.startswith(("in", "--")) and "/login" not in row.path and not row.is_of_a_visit
]


@pytest.mark.promise(84)
@pytest.mark.parametrize("row", SESSION_NEEDED, ids=lambda row: f"{row.method} {row.path}")
def test_without_the_sessions_own_token_nothing_is_written(house, row):
    name = "enrolling" if "/enrol" in row.path else "manager"
    other = house.visitor("client").headers["x-csrf-token"]
    for token in (None, "", other):
        browser = house.visitor(name)
        del browser.headers["x-csrf-token"]
        if token is not None:
            browser.headers["x-csrf-token"] = token
        answer = browser.request(row.method, house.fill(row.path, house.ids), follow_redirects=False)
        assert answer.status_code in {401, 403}
        assert answer.status_code == 403 or "/session" in row.path


@pytest.mark.promise(84)
def test_a_form_of_our_own_page_is_taken(house):
    browser = house.visitor("administrator")
    token = browser.headers.pop("x-csrf-token")
    sent = {"sec-fetch-site": "same-origin", "origin": "null"}  # what `no-referrer` makes of a form's origin
    answer = browser.post(
        "/organisations", data={"name": "Hooli", "csrf": token}, headers=sent, follow_redirects=False
    )
    assert answer.headers["location"] == "/people?notice=added"


@pytest.mark.promise(84)
def test_a_method_that_is_not_declared_is_refused(house):
    browser = house.visitor("administrator")
    for row in MATRIX:
        declared = {other.method for other in MATRIX if other.path == row.path}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - declared:
            answer = browser.request(method, house.fill(row.path, house.ids), follow_redirects=False)
            assert answer.status_code in {404, 405}, (method, row.path)
