"""What a browser is told and shown: cookies, other origins, reports, and readings that change nothing."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient
from sqlalchemy import select
from structlog.testing import capture_logs

from docvault.credentials.tokens import new_token
from docvault.database import tables
from docvault.web import cookies
from docvault.web.api.reports import LARGEST, MOST, PATH
from docvault.web.pages.sign_in import inside

from .matrix import MATRIX
from .portal import BASE
from .rows import VISITORS
from .test_matrix import send, word

REPORTS = f"/api/v1{PATH}"


# --- cookies ------------------------------------------------------------------------------------------------------


def every_cookie() -> list:
    tokens = [new_token() for _ in range(50)]
    return [
        cookies.session_cookie(tokens[0], tokens[1]),
        cookies.challenge_cookie(tokens[0]),
        cookies.device_cookie(tokens),
        *(cookies.ended(name) for name in (cookies.SESSION, cookies.CHALLENGE, cookies.DEVICE)),
    ]


@pytest.mark.promise(83)
@pytest.mark.asvs("3.3.1")
@pytest.mark.asvs("3.3.2")
@pytest.mark.asvs("3.3.3")
@pytest.mark.asvs("3.3.4")
def test_every_cookie_is_bound_to_this_host_and_kept_from_scripts_and_other_sites(house):
    set_by_routes = [
        line
        for row in MATRIX
        for name in ("nobody", "client", "enrolling", "administrator")
        for line in send(house, house.visitor(name), row, house.ids | {"visitor": name}).headers.get_list(
            "set-cookie"
        )
    ]
    made = [cookie.to_header(header="").strip(": ") for cookie in every_cookie()]
    assert set_by_routes
    for line in [*set_by_routes, *made]:
        name, *said = [part.strip() for part in line.split(";")]
        attributes = {part.lower() for part in said}
        assert name.startswith("__Host-"), line
        assert {"secure", "httponly", "path=/"} <= attributes, line
        assert {"samesite=lax", "samesite=strict"} & attributes, line
        assert not any(part.startswith("domain") for part in attributes), line


@pytest.mark.asvs("3.3.5")
@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyz-_", min_size=43, max_size=43), max_size=200))
def test_no_cookie_is_larger_than_a_browser_keeps(tokens):
    kept = cookies.device_cookie(tokens)
    for cookie in (kept, *every_cookie()):
        assert len(cookie.key) + len(cookie.value or "") <= 4096


@pytest.mark.asvs("3.3.4")
@pytest.mark.asvs("7.2.2")
def test_no_page_and_no_answer_holds_the_sessions_secret(house):
    """The csrf half is for pages; the token that opens everything is in the cookie alone."""
    browser = house.visitor("manager")
    token = browser.headers["cookie"].partition("=")[2].partition(".")[0]
    for row in MATRIX:
        if row.method == "GET":
            answer = browser.get(house.fill(row.path + row.query, house.ids), follow_redirects=False)
            assert token not in answer.text
            assert token not in str(answer.headers)


# --- other origins ------------------------------------------------------------------------------------------------

EVIL = [
    "https://evil.example",
    "null",
    "https://vault.example.com.evil.example",
    "https://evilvault.example.com",
    "https://vaultXexample.com",
    "HTTPS://VAULT.EXAMPLE.COM",
    "http://vault.example.com",
    "https://sub.vault.example.com",
    "https://vault.example.com:8443",
    "file://",
]


@pytest.mark.asvs("3.4.2")
@pytest.mark.promise(83)
def test_no_other_origin_is_ever_allowed_to_read(house):
    browser = house.visitor("manager")
    asks = [row for row in MATRIX if row.method == "GET"]
    for row in asks:
        for origin in EVIL if row.path in {"/api/v1/me", "/folders", "/api/openapi.json"} else EVIL[:2]:
            path = house.fill(row.path + row.query, house.ids)
            for method in ("GET", "OPTIONS"):
                sent = {"origin": origin, "access-control-request-method": "POST"}
                answer = browser.request(method, path, headers=sent, follow_redirects=False)
                allowed = [name for name in answer.headers if name.lower().startswith("access-control-")]
                assert allowed == [], (method, path, origin)


EMBEDDED = [
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": dest}
    for dest in ("image", "script", "style", "embed", "object", "video", "font", "empty")
] + [
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
    {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"},
]
PRIVATE = [
    row
    for row in MATRIX
    if row.method == "GET"
    and row.answers.startswith("out")
    and not row.path.startswith(("/login", "/asked", "/begin", "/in-person/code"))  # where people come in
    and row.path != "/"
]


@pytest.mark.asvs("3.5.8")
@pytest.mark.asvs("3.2.1")
@pytest.mark.promise(84)
@pytest.mark.parametrize("row", PRIVATE, ids=lambda row: row.path)
def test_nothing_private_is_shown_inside_another_site(house, row):
    name = next(
        (name for name, told in zip(VISITORS, row.answers.split(), strict=True) if told == "in"), "client"
    )
    browser = house.visitor("guest" if row.is_of_a_visit else name)
    path = house.fill(row.path + row.query, house.ids)
    for headers in EMBEDDED:
        answer = browser.get(path, headers=headers, follow_redirects=False)
        assert answer.status_code == 403, (headers, answer.status_code)
        assert "own pages" in answer.text
    opened = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    from_mail = browser.get(path, headers=opened, follow_redirects=False)
    own = browser.get(path, headers=opened | {"sec-fetch-site": "same-origin"}, follow_redirects=False)
    expected = "no" if path.startswith("/api/") else word(own)
    assert word(from_mail) == expected


@pytest.mark.asvs("3.5.7")
def test_scripts_are_the_same_bytes_for_everybody(house):
    static = house.site.app.state.static
    paths = [static.url(name) for name in static.files if name.endswith(".js")]
    assert paths
    for path in paths:
        bodies = {house.visitor(name).get(path).content for name in ("nobody", "client", "administrator")}
        assert len(bodies) == 1


# --- readings -----------------------------------------------------------------------------------------------------

# What a reading notes (promise 74), and nothing else may move: lines are added to the log and to who opened which
# version, a session was last seen, and the first look of somebody who is asked to sign has its moment, once.
ADDED = ("audit_entries", "audit_details", "audit_tiles", "audit_checkpoints", "viewings")
COUNTED = ("audit_state",)  # where the log ends
NOTED = {"sessions": "seen_at", "recipients": "viewed_at"}
FIRST_LOOKS = "/sign/{envelope_id:str}", "/api/v1/envelopes/{envelope_id:str}/"  # reading it in any way


def rows_of(tx, table, without=""):
    chosen = select(*(column for column in table.columns if column.name != without))
    return sorted(map(repr, tx.connection.execute(chosen).all()))


def everything(house) -> dict[str, list[str]]:
    """Return every row, without what a reading may note."""
    with house.site.world.db.reading() as tx:
        return {
            table.name: rows_of(tx, table, NOTED.get(table.name, ""))
            for table in tables.METADATA.sorted_tables
            if table.name not in ADDED + COUNTED
        }


def added_to(house) -> dict[str, set[str]]:
    with house.site.world.db.reading() as tx:
        return {name: set(rows_of(tx, tables.METADATA.tables[name])) for name in ADDED}


def first_looks(house) -> set[tuple[str, object]]:
    chosen = select(tables.recipients.c.id, tables.recipients.c.viewed_at)
    with house.site.world.db.reading() as tx:
        rows = tx.connection.execute(chosen.where(tables.recipients.c.viewed_at.is_not(None))).all()
    return {(row.id, row.viewed_at) for row in rows}


def look(house, browser, row, method):
    path = house.fill(row.path + row.query, house.ids)
    answer = browser.request(method, path, headers=row.headers, follow_redirects=False)
    assert answer.status_code < 500
    started = [line for line in answer.headers.get_list("set-cookie") if "Max-Age=0" not in line]
    assert started == [], "no session begins by looking"


@pytest.mark.asvs("3.5.3")
@pytest.mark.asvs("7.6.2")
@pytest.mark.promise(38)
def test_reading_changes_no_row(house):
    """Everybody looks wherever there is something to look at, and one of them in all other ways everywhere."""
    visitors = [house.visitor(name) for name in VISITORS]
    before, lines, looks = everything(house), added_to(house), first_looks(house)
    declared = {(row.method, row.path) for row in MATRIX}
    others_first = sorted(MATRIX, key=lambda row: row.method == "GET")
    for row in {row.path: row for row in others_first}.values():
        ways = [method for method in ("GET", "HEAD") if (method, row.path) in declared]
        for method, browser in itertools.product(ways, visitors):
            look(house, browser, row, method)
        for method in {"GET", "HEAD", "OPTIONS"}.difference(ways):
            look(house, visitors[VISITORS.index("manager")], row, method)
        if not ways:
            continue  # such a row is answered before any code of ours, and the next look at all rows sees it too
        after, looked = everything(house), first_looks(house)
        changed = {name for name in before if before[name] != after[name]}
        assert changed == set(), row.path
        assert looks <= looked, "a first look stays the first"
        assert looks == looked or row.path.startswith(FIRST_LOOKS), row.path
        looks = looked
    assert everything(house) == before
    kept = added_to(house)
    assert [name for name in ADDED if not lines[name] <= kept[name]] == []


# --- redirects ----------------------------------------------------------------------------------------------------

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%5cevil.example",
    "/%2f%2fevil.example/../..",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/a\nb",
    "/\t/evil.example",
    " //evil.example",
    "evil.example",
    "@evil.example",
    "/folders/..//evil.example",
    "/.evil.example",
]


@pytest.mark.asvs("3.7.2")
@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_no_way_on_leads_to_another_host(wanted):
    onward = inside(wanted)
    assert onward == "" or (onward.startswith("/") and onward[1:2] not in {"/", "\\"})
    assert not any(ord(letter) < 0x20 or letter == "\\" for letter in onward)


# --- reports ------------------------------------------------------------------------------------------------------

OLD = {
    "csp-report": {
        "document-uri": "https://v/sign/1?x=SECRET#TOKEN",
        "blocked-uri": "inline",
        "violated-directive": "script-src",
    }
}
NEW = [
    {
        "type": "csp-violation",
        "body": {
            "documentURL": "https://v/a#TOKEN",
            "blockedURL": "https://e/x?SECRET",
            "effectiveDirective": "img-src",
        },
    }
]


def report(browser: TestClient, body: object, media_type="application/reports+json"):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return browser.post(REPORTS, content=content, headers={"content-type": media_type})


@pytest.fixture
def listening(house):
    house.site.app.state.browser_reports.__init__()
    with capture_logs() as lines:
        yield lines


@pytest.mark.asvs("3.4.7")
def test_what_a_browser_stopped_is_a_line_of_the_log_without_secrets(house, listening):
    page = house.visitor("nobody").get("/login")
    assert f"report-uri {REPORTS}; report-to browser" in page.headers["content-security-policy"]
    assert page.headers["reporting-endpoints"] == f'browser="{REPORTS}"'
    signed_in = house.visitor("client")
    del signed_in.headers["x-csrf-token"]  # the browser itself sends reports: it knows no token
    signed_in.headers["sec-fetch-site"] = "same-origin"
    assert report(signed_in, OLD, "application/csp-report").status_code == 204
    assert report(house.visitor("nobody"), NEW).status_code == 204
    told = [line for line in listening if line["event"] == "web.policy_violation"]
    assert [(line["page"], line["blocked"], line["rule"]) for line in told] == [
        ("https://v/sign/1", "inline", "script-src"),
        ("https://v/a", "https://e/x", "img-src"),
    ]
    assert "SECRET" not in str(listening)
    assert "TOKEN" not in str(listening)


@pytest.mark.asvs("3.4.7")
def test_reports_are_small_and_seldom_and_change_nothing(house, listening):
    before = everything(house)
    browser = house.visitor("nobody")
    assert report(browser, b"x" * (LARGEST + 1)).status_code == 413
    for junk in (b"", b"[", b"[" * 5000, b"null", b'"x"', b"[1]", b'{"csp-report": 1}', b"\xff"):
        assert report(browser, junk).status_code == 204
    assert listening == []
    for _ in range(3):
        assert report(browser, NEW * MOST).status_code == 204
    assert len(listening) == MOST
    assert report(browser, [{"body": {"documentURL": "x" * 5000}}]).status_code == 204
    assert report(browser, NEW, "text/plain").status_code == 204
    assert len(listening) == MOST
    assert everything(house) == before
    foreign = {"content-type": "application/reports+json", "origin": "https://evil.example"}
    assert browser.post(REPORTS, content=b"[]", headers=foreign).status_code == 403


def test_the_address_of_reports_is_this_portals_own():
    assert REPORTS.startswith("/")
    assert BASE.startswith("https://")
