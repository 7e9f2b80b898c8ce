"""Signing in behind the door: nothing opens with one factor, and everything with both."""

import re
from datetime import timedelta

import pyotp
import pytest

from docvault.actions import factors, people
from docvault.database.sessions import Source
from docvault.policy.vocabulary import Role
from docvault.web.cookies import CHALLENGE, SESSION, read

from .matrix import MATRIX

PASSWORD = "violet harbour seventeen lamps"
STEP = timedelta(seconds=30)


@pytest.fixture
def member(site):
    """A client who joined by invitation; returns address, seed and recovery codes."""
    portal = site.portal
    now = portal.clock()
    invited = people.invite_person(
        portal.db,
        portal.vault.records,
        acting=site.world.administrator,
        email="jo@example.com",
        name="Jo Client",
        role=Role.CLIENT,
        organisation_id=site.world.acme,
        now=now,
    )
    session = people.accept_invitation(
        portal.db,
        portal.hasher,
        token=invited.token,
        password=PASSWORD,
        source=Source("203.0.113.9", "tests"),
        now=now,
    )
    begun = factors.begin_enrolment(portal.db, portal.vault.records, acting=session.acting, now=now)
    code = pyotp.TOTP(begun.secret).at(now - STEP)
    codes, _ = factors.confirm_enrolment(
        portal.db, portal.vault.records, acting=session.acting, code=code, now=now
    )
    return "jo@example.com", begun.secret, codes


def challenged(site, email):
    """Give the right password over the API; return the browser."""
    browser = site.visit()
    answer = browser.post("/api/v1/session/password", json={"email": email, "password": PASSWORD})
    assert answer.json() == {"next": "factor", "factors": ["totp", "recovery"]}
    return browser


def rows(site):
    return {name: site.count(name) for name in ("sessions", "folders", "messages", "step_ups", "people")}


COMING_IN = re.compile(  # by a password, by a link to sign, or with the device of a host
    r".*/login|/asked|/begin|(/api/v1)?/in-person/(codes?|back)|/api/v1/(mail-codes|template-link)"
)


@pytest.mark.promise(1)
@pytest.mark.asvs("6.3.3")
def test_a_challenge_opens_nothing_but_the_factors_own_routes(site, member):
    email, _, _ = member
    challenge = challenged(site, email).cookies[CHALLENGE]
    before = rows(site)
    carried = [
        {"cookie": f"{CHALLENGE}={challenge}"},
        {"cookie": f"{SESSION}={challenge}"},
        {"cookie": f"{SESSION}={challenge}.{challenge}"},
        {"authorization": f"Bearer {challenge}"},
        {"authorization": "Basic am9AZXhhbXBsZS5jb206eA=="},
    ]
    closed = [row for row in MATRIX if row.answers.startswith("out") and not COMING_IN.match(row.path)]
    for row in closed:
        if row.path.startswith("/api/v1/session/"):
            continue
        for headers in carried:
            browser = site.visit()
            path = (
                row.path.replace(":str}", "}")
                .replace(":int}", "}")
                .replace("{page}", "1")
                .replace("{number}", "1")
            )
            answer = browser.request(row.method, path, headers=headers, follow_redirects=False)
            away = answer.headers.get("location", "")
            assert answer.status_code == 401 or away.startswith(("/login", "/r/over")), (
                row.method,
                row.path,
                headers,
            )
    assert rows(site) == before


def test_password_and_code_open_a_session(site, member):
    email, secret, _ = member
    browser = challenged(site, email)
    answer = browser.post("/api/v1/session/totp", json={"code": pyotp.TOTP(secret).at(site.portal.clock())})
    assert answer.status_code == 204
    assert read(answer.headers["set-cookie"].split(";")[0], SESSION)
    mine = browser.get("/api/v1/me").json()
    assert (mine["email"], mine["session_kind"], mine["factors"]) == (email, "full", "password+totp")
    assert browser.delete("/api/v1/session", headers={"x-csrf-token": mine["csrf"]}).status_code == 204
    assert browser.get("/api/v1/me").status_code == 401


def test_the_pages_lead_through_and_on_to_where_one_wanted_to_go(site, member):
    email, secret, _ = member
    browser = site.visit()
    asked = browser.get("/folders?kind=rfp", follow_redirects=False)
    assert asked.headers["location"] == "/login?next=/folders%3Fkind%3Drfp"
    form = {"email": email, "password": PASSWORD, "next": "/folders?kind=rfp"}
    first = browser.post("/login", data=form, follow_redirects=False)
    assert first.headers["location"] == "/login/code?next=/folders%3Fkind%3Drfp"
    given = {"code": pyotp.TOTP(secret).at(site.portal.clock()), "next": "/folders?kind=rfp"}
    second = browser.post("/login/code", data=given, follow_redirects=False)
    assert second.headers["location"] == "/folders?kind=rfp"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", "/a\nb"]
)
def test_no_redirect_leads_to_another_site(site, elsewhere):
    page = site.visit().get("/login", params={"next": elsewhere})
    assert "evil" not in page.text
    assert 'name="next"' not in page.text


@pytest.mark.promise(3)
def test_a_code_works_once_and_a_wrong_one_not_at_all(site, member):
    email, secret, _ = member
    code = pyotp.TOTP(secret).at(site.portal.clock())
    first, second = challenged(site, email), challenged(site, email)
    assert first.post("/api/v1/session/totp", json={"code": "000000"}).status_code == 401
    assert first.post("/api/v1/session/totp", json={"code": code}).status_code == 204
    again = second.post("/api/v1/session/totp", json={"code": code})
    assert (again.status_code, again.json()["type"]) == (401, "/api/docs#problem-code-refused")


@pytest.mark.promise(12)
def test_a_recovery_code_only_lets_one_enrol_a_new_factor(site, member):
    email, _, codes = member
    browser = challenged(site, email)
    assert browser.post("/api/v1/session/recovery", json={"code": codes[0]}).status_code == 204
    mine = browser.get("/api/v1/me").json()
    assert mine["session_kind"] == "enrol"
    assert browser.get("/api/v1/folders").json()["type"] == "/api/docs#problem-factor-needed"
    assert browser.get("/inbox", follow_redirects=False).headers["location"] == "/enrol"
    browser.headers["x-csrf-token"] = mine["csrf"]
    secret = browser.post("/api/v1/enrolment").json()["secret"]
    code = pyotp.TOTP(secret).at(site.portal.clock())
    done = browser.post("/api/v1/enrolment/confirmation", json={"code": code})
    assert len(done.json()["recovery_codes"]) == 10
    assert browser.get("/api/v1/folders").status_code == 200


def test_a_tampered_cookie_is_nobody(site, member):
    browser = site.sign_in(site.world.client)
    token, csrf = browser.headers["cookie"].removeprefix(f"{SESSION}=").split(".")
    flipped = ("A" if token[0] != "A" else "B") + token[1:]
    for cookie in (f"{flipped}.{csrf}", f"{token}.{csrf[::-1]}", token, f".{csrf}", f"{token}.", "x" * 5000):
        assert site.visit().get("/api/v1/me", headers={"cookie": f"{SESSION}={cookie}"}).status_code == 401
    twice = f"{SESSION}={token}.{csrf}; {SESSION}={token}.{csrf}"
    assert site.visit().get("/api/v1/me", headers={"cookie": twice}).status_code == 401


@pytest.mark.promise(18)
def test_a_step_up_gives_the_session_a_new_secret(site, member):
    email, secret, _ = member
    browser = challenged(site, email)
    browser.post("/api/v1/session/totp", json={"code": pyotp.TOTP(secret).at(site.portal.clock())})
    old = browser.cookies[SESSION]
    csrf = browser.get("/api/v1/me").json()["csrf"]
    site.portal.clock.now += STEP
    body = {
        "purpose": "envelope:sign",
        "digest": "0" * 64,
        "code": pyotp.TOTP(secret).at(site.portal.clock()),
    }
    assert browser.post("/api/v1/step-ups", json=body, headers={"x-csrf-token": csrf}).status_code == 201
    assert browser.cookies[SESSION] != old
    assert browser.get("/api/v1/me").json()["csrf"] == csrf
    assert site.visit().get("/api/v1/me", headers={"cookie": f"{SESSION}={old}"}).status_code == 401
