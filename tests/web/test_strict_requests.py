"""Requests say each thing once, in its own type, and nothing that the route does not know (promises 23, 24)."""

import json
import re

import anyio
import msgspec
import pytest

from .matrix import MATRIX
from .rows import Row
from .test_matrix import send

NAMED = re.compile(r"{(\w+):")
# What rows of the database have and no caller may ever set.
READ_ONLY = ("id", "created_at", "created_by", "state", "signed_at", "is_administrator", "person_role")


def visitor_of(house, row: Row):
    """Return a browser of somebody the row lets in, so that what is wrong with the request is what is told."""
    if row.is_of_a_visit:
        return house.visitor("guest")
    told = row.answers.split()
    if "/enrol" in row.path:
        return house.visitor("enrolling")
    for name, place in (("manager", 4), ("administrator", 2), ("officer", 3)):
        if told[place] == "in":
            return house.visitor(name)
    return house.visitor("manager")


def handlers(house):
    """Return every route with the struct of its body, or None."""
    found = {}
    for route in house.site.app.routes:
        for method, (handler, model) in getattr(route, "route_handler_map", {}).items():
            data = handler.parsed_fn_signature.parameters.get("data")
            found[method, route.path] = (handler, model, data.annotation if data else None)
    return found


def refused(answer, *words: str):
    assert answer.status_code == 400, answer.text[:300]
    for word in words if answer.request.method != "HEAD" else ():
        assert word in answer.text, (word, answer.text[-1200:])


# A session that is gone or was never there is told before anything else about the request.
ASKED = [row for row in MATRIX if not row.path.startswith("/static")]


@pytest.mark.promise(24)
@pytest.mark.asvs("15.3.7")
@pytest.mark.parametrize("row", ASKED, ids=lambda row: f"{row.method} {row.path}")
def test_an_address_says_nothing_twice_and_nothing_unknown(house, row):
    handler, model, _ = handlers(house)[row.method, row.path]
    browser = visitor_of(house, row)
    path = house.fill(row.path + row.query, house.ids)
    joined = "&" if row.query else "?"

    def ask(query: str):
        return browser.request(row.method, f"{path}{joined}{query}", follow_redirects=False)

    if handler.opt.get("query") != "any":
        refused(ask("utm_source=mail"), "utm_source")
    known = {one.field_alias for one in model.expected_query_params if not one.is_sequence}
    for name in known | set(handler.opt.get("query", ()) if handler.opt.get("query") != "any" else {"code"}):
        refused(ask(f"{name}=1&{name}=2"), name, "once")


@pytest.mark.promise(24)
@pytest.mark.parametrize(
    "name", ["content-type", "x-csrf-token", "authorization", "cookie", "origin", "sec-fetch-site", "host"]
)
def test_a_header_that_decides_something_is_sent_once(house, name):
    browser = house.visitor("manager")
    own = {"x-csrf-token": browser.headers["x-csrf-token"], "cookie": browser.headers["cookie"]}
    own |= {"content-type": "application/json", "host": "vault.example.com"}
    own |= {"sec-fetch-site": "same-origin", "origin": "https://vault.example.com"}
    folders = house.site.count("folders")
    for second in (own.get(name, "x"), "elsewhere"):
        lines = [*own.items(), *([] if name in own else [(name, "x")]), (name, second)]
        status, text = anyio.run(_post, house.site.app, "/api/v1/folders", lines)
        assert status == 400, text
        assert name in text.lower()  # a cookie and an Authorization header at once are refused as well
    assert house.site.count("folders") == folders


async def _post(app, path: str, lines: list[tuple[str, str]]) -> tuple[int, str]:
    """Send what no client of ours sends: header lines as they are, one kind twice."""
    said = []

    async def receive():
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message):
        said.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in lines],
        "client": ("203.0.113.7", 1),
        "server": ("vault.example.com", 443),
    }
    await app(scope, receive, send)
    return said[0]["status"], said[1]["body"].decode()


@pytest.mark.promise(24)
def test_no_name_stands_in_two_places_of_a_request(house):
    """What cannot be said twice cannot contradict itself: an id in the path is in no body and no query."""
    for (method, path), (handler, model, body) in handlers(house).items():
        in_path = set(NAMED.findall(path))
        in_query = {one.field_alias for one in model.expected_query_params}
        in_body = {one.encode_name for one in msgspec.structs.fields(body)} if body else set()
        if body is not None:
            assert body.__struct_config__.forbid_unknown_fields, (method, path)
        places = len(in_path) + len(in_query) + len(in_body)
        assert len(in_path | in_query | in_body) == places, (method, path, handler)


def bodies(house):
    """Return a row, a browser and the body that is sent, for every route that takes JSON."""
    for row in MATRIX:
        _, _, struct = handlers(house)[row.method, row.path]
        if struct is not None:
            yield row, struct


def post(house, row: Row, text: bytes):
    headers = {"content-type": "application/json"}
    return visitor_of(house, row).request(
        row.method, house.fill(row.path, house.ids), content=text, headers=headers
    )


def filled(house, row: Row) -> dict:
    return json.loads(house.fill(json.dumps(row.json), house.ids | {"visitor": "manager"}))


@pytest.mark.promise(23)
@pytest.mark.asvs("8.2.3", "15.3.3")
def test_no_body_may_name_a_field_the_route_does_not_take(house):
    for row, struct in bodies(house):
        own = {one.encode_name for one in msgspec.structs.fields(struct)}
        for name in {*READ_ONLY, "acting", "__proto__"} - own:
            refused(post(house, row, json.dumps(filled(house, row) | {name: "x"}).encode()), name)


@pytest.mark.promise(24)
@pytest.mark.asvs("15.3.7")
def test_no_body_says_a_field_twice(house):
    for row, struct in bodies(house):
        given = filled(house, row)
        for name in given:
            text = json.dumps(given)[:-1] + f", {json.dumps(name)}: {json.dumps(given[name])}}}"
            refused(post(house, row, text.encode()), name, "once")
        assert struct.__struct_config__.forbid_unknown_fields


WRONG = {
    str: [1, True, None, []],
    bool: ["true", "false", 1, 0, "on"],
    int: ["1", 1.5, True, None],
    float: ["1"],
}


def kinds_of(one) -> list:
    """Return the plain types a field may have, through Annotated, literals and alternatives."""
    shape = msgspec.inspect.type_info(one.type)
    shapes = shape.types if isinstance(shape, msgspec.inspect.UnionType) else [shape]
    names = {
        msgspec.inspect.StrType: str,
        msgspec.inspect.BoolType: bool,
        msgspec.inspect.IntType: int,
        msgspec.inspect.FloatType: float,
    }
    found = [names.get(type(each)) for each in shapes]
    return [] if None in found else found


@pytest.mark.promise(23)
@pytest.mark.asvs("15.3.5")
def test_texts_numbers_and_yes_or_no_are_never_taken_for_each_other(house):
    tried = 0
    for row, struct in bodies(house):
        for one in msgspec.structs.fields(struct):
            kinds = kinds_of(one)
            for value in WRONG[kinds[0]] if len(kinds) == 1 else []:
                if kinds == [float] and isinstance(value, int):
                    continue
                told = post(house, row, json.dumps(filled(house, row) | {one.encode_name: value}).encode())
                refused(told, one.encode_name)
                tried += 1
    assert tried > 50


@pytest.mark.asvs("3.5.2")
@pytest.mark.promise(84)
@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_json_is_only_taken_as_json(house, media_type):
    """Those are what a page elsewhere can send without asking first."""
    for row, _struct in bodies(house):
        headers = {"content-type": media_type} if media_type else {}
        browser = visitor_of(house, row)
        content = json.dumps(filled(house, row)).encode()
        answer = browser.request(
            row.method, house.fill(row.path, house.ids), content=content, headers=headers
        )
        assert answer.status_code == 415, (row.path, answer.text)


def test_the_rows_of_the_matrix_are_themselves_clear(house):
    """What the matrix sends is not refused for its form, or its answers would say nothing about rights."""
    for row in MATRIX:
        if row.json is not None or row.query:
            answer = send(house, visitor_of(house, row), row, house.random() | {"visitor": "nobody"})
            assert "means nothing" not in answer.text
            assert "unknown field" not in answer.text
