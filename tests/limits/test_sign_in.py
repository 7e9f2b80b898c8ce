"""Codes that are wrong, used or late, and cookies that somebody changed: one plain answer, nobody is let in."""

import pytest

from docvault.audit.kinds import Kind
from docvault.web.cookies import CHALLENGE, SESSION

from .portal import AUDIT, PASSWORD, confirm, done, refused

REFUSED = ("throttles", "challenges", *AUDIT)  # what a wrong code changes: counters and entries, nothing else
# But once an hour a mail to its owner, with a "not me" link, and the job that sends it.
NOTICE = frozenset({"messages", "invitations", "workflow_input", "workflow_status"})


@pytest.fixture
def person(portal, server):
    return portal.client_member()


@pytest.fixture
def browser(portal, person):
    """A browser that gave the right password and owes the code."""
    browser = portal.browser()
    done(browser.post("/api/v1/session/password", {"email": person.email, "password": PASSWORD}))
    assert browser.challenge
    return browser


def give(browser, code):
    return browser.post("/api/v1/session/totp", {"code": code})


@pytest.mark.promise(3)
@pytest.mark.promise(6)
@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(-2, id="late"),
        pytest.param(-20, id="very late"),
        pytest.param(1, id="early"),
        pytest.param(7, id="wrong"),
    ],
)
def test_a_code_of_another_moment_is_refused(portal, browser, person, steps):
    with portal.only(*REFUSED, maybe=NOTICE):
        refused(give(browser, person.code_of(steps)), 401, "not accepted", "wait for the next one")
    assert not browser.cookie
    refused(browser.get("/api/v1/me"), 401, "sign in")
    done(give(browser, person.code()))
    assert done(browser.get("/api/v1/me")).json()["name"] == person.name


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 34 5x", "0" * 5000])
def test_what_is_no_code_is_refused(portal, browser, code):
    with portal.only(*REFUSED, maybe=NOTICE):
        refused(give(browser, code), 401, "not accepted")


@pytest.mark.promise(3)
def test_a_code_works_once_for_signing_in_and_for_confirming(portal, browser, person):
    code = person.code()
    done(give(browser, code))
    again = portal.browser()
    done(again.post("/api/v1/session/password", {"email": person.email, "password": PASSWORD}))
    with portal.only(*REFUSED, maybe=NOTICE):
        refused(give(again, code), 401, "works once")
    wanted = {"purpose": "envelope:sign", "digest": "0" * 64, "code": code}
    with portal.only("throttles", *AUDIT):
        refused(browser.post("/api/v1/step-ups", wanted), 401, "works once")
    confirm(browser, person, "0" * 64)
    done(browser.get("/api/v1/me"))


def test_too_many_wrong_codes_end_the_challenge_and_slow_the_next(portal, browser, person):
    words = [refused(give(browser, person.code_of(9)), 401) for _ in range(5)]
    assert len(set(words)) == 1
    refused(give(browser, person.code()), 401, "sign in again with your password")
    done(browser.post("/api/v1/session/password", {"email": person.email, "password": PASSWORD}))
    answers = [give(browser, person.code_of(9)) for _ in range(4)]  # each refusal makes the wait longer
    slowed = next(one for one in answers if one.status_code == 429)
    refused(slowed, 429, "too many tries", "wait")
    assert int(slowed.headers["retry-after"]) >= 1
    assert portal.kinds(person.acting.person_id).count(Kind.SIGN_IN_REFUSED) >= 5


def test_the_page_says_it_in_the_same_words(portal, browser, person):
    form = {"code": person.code_of(5), "next": ""}
    answer = browser.request("POST", "/login/code", data=form)
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/html")
    assert (
        "That code was not accepted. A code works once; wait for the next one and try again." in answer.text
    )


# --- cookies ------------------------------------------------------------------------------------------------------


def flipped(text, at):
    """Change one letter of base64url for another."""
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def tampered(own, other):
    token, _, csrf = own.partition(".")
    strange, _, strange_csrf = other.partition(".")
    return {
        "one letter of the token": f"{flipped(token, 0)}.{csrf}",
        "one letter in the middle": f"{flipped(token, len(token) // 2)}.{csrf}",
        "one letter of the second half": f"{token}.{flipped(csrf, 3)}",
        "somebody else's second half": f"{token}.{strange_csrf}",
        "halves swapped": f"{csrf}.{token}",
        "only the token": token,
        "an empty half": f"{token}.",
        "cut": own[:-1],
        "longer": f"{own}A",
        "upper case": own.upper(),
        "not ASCII": f"{token}.\xe9{csrf}",
        "very long": "A" * 6000,
        "twice": f"{own}; {SESSION}={other}",
        "a quote": f"{token}' OR '1'='1.{csrf}",
        "somebody's token with this half": f"{strange}.{csrf}",
    }


@pytest.fixture(scope="module")
def insider(portal, server):
    return portal.client_member()


NAMES = sorted(tampered("aaaa.bbbb", "cccc.dddd"))


@pytest.mark.promise(18)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.asvs("7.2.1")
def test_a_tampered_cookie_is_no_session(portal, insider, manager, folder_id, name):
    browser = portal.browser(insider)
    done(browser.get("/api/v1/me"))
    value = tampered(browser.cookie, manager.cookie)[name]
    headers = {"cookie": f"{SESSION}={value}".encode("latin-1"), "x-csrf-token": browser.csrf}
    with portal.unchanged():
        for method, path in (
            ("GET", "/api/v1/me"),
            ("GET", f"/api/v1/folders/{folder_id}"),
            ("POST", "/api/v1/folders"),
        ):
            answer = browser.http.request(
                method, path, headers=headers, json={} if method == "POST" else None
            )
            refused(answer, 401, "sign in")
        page = browser.http.get("/inbox", headers=headers)
        assert page.status_code == 303
        assert page.headers["location"].removesuffix("&notice=ended") == "/login?next=/inbox"
    done(browser.get("/api/v1/me"))  # the true one still counts


@pytest.mark.promise(1)
def test_a_challenge_is_no_session(portal, browser, person):
    for cookies in (
        f"{SESSION}={browser.challenge}.x",
        f"{SESSION}={browser.challenge}",
        f"{CHALLENGE}={browser.challenge}",
    ):
        refused(browser.http.get("/api/v1/me", headers={"cookie": cookies}), 401, "sign in")
    browser.challenge = flipped(browser.challenge, 5)
    with portal.only(*AUDIT):
        refused(give(browser, person.code()), 401, "sign in again with your password")


@pytest.mark.promise(19)
def test_a_cookie_ends_with_signing_out(portal, person):
    browser = portal.browser(person)
    kept = browser.cookie
    done(browser.request("DELETE", "/api/v1/session"))
    browser.cookie = kept
    with portal.unchanged():
        refused(browser.get("/api/v1/me"), 401, "sign in")
