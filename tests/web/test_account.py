"""One's own account behind the door: sessions are seen and ended, links in mail ask first."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from actions import members
from docvault.actions import own_sessions
from docvault.database import devices, messages, notices, people, tables
from docvault.database.sessions import Source
from docvault.rules.notices import Notice
from docvault.web.cookies import SESSION
from docvault.web.static_files import FOLDER

NEW_PASSWORD = "seven lanterns over a quiet pond"


@pytest.fixture
def clara(site):
    return site.world.client


def link(site, person):
    """Cause a notice and return the token of its link."""
    with site.world.db.transaction() as tx:
        row = people.by_id(tx, person.person_id)
        notices.tell(tx, site.world.vault.records, row, Notice.NEW_DEVICE, site.portal.clock())
    with site.world.db.reading() as tx:
        found = messages.newest(tx, site.world.vault.records).items
    return found[0].values["path"].removeprefix("/not-me#")


def state(site, person):
    with site.world.db.reading() as tx:
        return people.by_id(tx, person.person_id).state.value


@pytest.mark.asvs("7.5.2")
def test_the_api_lists_my_sessions_and_marks_the_one_that_asks(site, clara):
    first, second = site.sign_in(clara), site.sign_in(clara)
    items = second.get("/api/v1/sessions").json()["items"]
    assert [item["current"] for item in items] == [True, False, False]
    assert set(items[0]) == {
        "id",
        "browser",
        "address",
        "network",
        "factors",
        "unfinished",
        "created_at",
        "seen_at",
        "expires_at",
        "current",
    }
    assert first.get("/api/v1/sessions").json()["items"][0]["id"] != items[0]["id"]


@pytest.mark.promise(17)
@pytest.mark.asvs("7.5.2", "7.5.3")
def test_a_session_does_not_end_without_a_proof(site, clara):
    other, mine = site.sign_in(clara), site.sign_in(clara)
    ids = [item["id"] for item in mine.get("/api/v1/sessions").json()["items"] if not item["current"]]
    for session_id in ids:
        refused = mine.delete(f"/api/v1/sessions/{session_id}?step_up=none")
        assert (refused.status_code, refused.json()["type"]) == (403, "/api/docs#problem-step-up-invalid")
        assert mine.delete(f"/api/v1/sessions/{session_id}").status_code == 400
    assert mine.delete("/api/v1/sessions?step_up=none").status_code == 403
    assert other.get("/api/v1/me").status_code == 200


@pytest.mark.promise(19)
@pytest.mark.asvs("7.4.1")
def test_an_ended_session_lands_on_the_sign_in_page_with_clear_words(site, clara):
    browser = site.sign_in(clara)
    with site.world.db.transaction() as tx:
        tx.connection.execute(
            tables.sessions.update()
            .where(tables.sessions.c.person_id == clara.person_id)
            .values(ended_at=site.portal.clock())
        )
    away = browser.get("/inbox", follow_redirects=False)
    assert away.headers["location"] == "/login?next=/inbox&notice=ended"
    assert f"{SESSION}=" in away.headers["set-cookie"]
    assert "Max-Age=0" in away.headers["set-cookie"]
    assert "Your session here has ended" in site.visit().get(away.headers["location"]).text
    assert site.visit().get("/inbox", follow_redirects=False).headers["location"] == "/login?next=/inbox"


@pytest.mark.promise(39)
@pytest.mark.promise(38)
@pytest.mark.asvs("7.6.2")
@pytest.mark.parametrize("path", ["/not-me", "/confirm-email", "/welcome", "/reset", "/reproof"])
def test_the_page_of_a_mailed_link_is_the_same_for_every_link_and_changes_nothing(site, clara, path):
    link(site, clara)
    before = site.count("audit_entries"), state(site, clara)
    for method in ("GET", "HEAD"):
        answers = {site.visit().request(method, path).content for _ in range(3)}
        assert len(answers) == 1
    assert (site.count("audit_entries"), state(site, clara)) == before


@pytest.mark.promise(16)
def test_the_button_of_the_not_me_page_freezes_the_account(site, clara):
    token, browser = link(site, clara), site.sign_in(clara)
    assert site.visit().post("/api/v1/freezes", json={"token": token}).status_code == 204
    assert state(site, clara) == "frozen"
    assert browser.get("/api/v1/me").status_code == 401
    again = [site.visit().post("/api/v1/freezes", json={"token": text}) for text in (token, "x" * 43, "")]
    assert {(answer.status_code, answer.content) for answer in again} == {(404, again[0].content)}
    assert site.sign_in(site.world.administrator).get("/people").status_code == 200


def test_a_device_is_forgotten_over_the_api(site, clara):
    with site.world.db.transaction() as tx:
        devices.add(tx, clara.person_id, Source("203.0.113.9", "Firefox/140"), site.portal.clock())
    browser = site.sign_in(clara)
    (device,) = browser.get("/api/v1/devices").json()["items"]
    assert device["browser"] == "Firefox"
    assert browser.delete(f"/api/v1/devices/{device['id']}").status_code == 204
    assert browser.get("/api/v1/devices").json()["items"] == []


@pytest.mark.asvs("7.4.4")
def test_every_page_of_the_account_leads_to_signing_out(site, clara):
    browser = site.sign_in(clara)
    for page in ("/account", "/account/sessions"):
        assert 'action="/logout"' in browser.get(page).text
    for page in ("/inbox", "/folders", "/envelopes", "/verify", "/account/sessions/others"):
        assert 'href="/account"' in browser.get(page).text


def test_ending_one_over_the_page_takes_a_code(site):
    made = members.join(site.world, "jo@example.com")
    site.portal.clock.now = made.now
    first, browser = site.carry(made.sign_in()), site.sign_in(made.acting)
    site.portal.clock.now = made.later()
    ids = own_sessions.list_sessions(site.world.db, acting=made.acting, now=made.now)
    target = next(each.id for each in ids if each.id == made.acting.session_id)
    page = f"/account/sessions/{target}"
    assert "End this session?" in browser.get(page).text
    form = {"csrf": browser.headers["x-csrf-token"], "code": made.wrong_code()}
    refused = browser.post(page, data=form, follow_redirects=False)
    assert (refused.status_code, "not accepted" in refused.text) == (401, True)
    assert first.get("/api/v1/me").status_code == 200
    form["code"] = made.code()
    done = browser.post(page, data=form, follow_redirects=False)
    assert done.headers["location"] == "/account/sessions?notice=ended"
    assert first.get("/api/v1/me").status_code == 401
    assert browser.get("/api/v1/me").status_code == 401  # its secret has changed with the proof
    with site.world.db.reading() as tx:
        chosen = select(tables.sessions.c.ended_at).where(tables.sessions.c.id == target)
        assert tx.connection.execute(chosen).scalar_one() <= made.now + timedelta(seconds=1)


# --- changing it ---


@pytest.fixture
def jo(site):
    """Somebody with a real password and authenticator app, and a browser of theirs."""
    made = members.join(site.world, "jo@example.com")
    made.browser = site.carry(made.sign_in())
    with site.world.db.transaction() as tx:  # the portal has a pepper of its own
        people.set_password(tx, made.acting.person_id, site.portal.hasher.hash(members.PASSWORD))
    site.portal.clock.now = made.later()
    return made


def csrf(browser):
    return browser.headers["x-csrf-token"]


def follow(browser, answer):
    """Take over the session's new secret, as a browser does; return where it is led."""
    for cookie in answer.headers.get_list("set-cookie"):
        if cookie.startswith(f"{SESSION}="):
            browser.headers["cookie"] = cookie.partition(";")[0]
    return answer.headers.get("location")


@pytest.mark.asvs("6.2.6", "6.2.7")
def test_password_fields_hide_what_is_typed_and_help_password_managers(site, jo):
    page = jo.browser.get("/account/password").text
    fields = re.findall(r"<input[^>]*password[^>]*>", page)
    kept = [field for field in fields if "autocomplete=" in field and 'name="' in field]
    assert ['type="password"' in field for field in kept] == [True, True]
    assert 'autocomplete="current-password"' in kept[0]
    assert 'autocomplete="new-password"' in kept[1]
    scripts = "".join(path.read_text() for path in (FOLDER / "js").glob("*.js"))
    assert "onpaste" not in page
    assert '"paste"' not in scripts


@pytest.mark.asvs("6.2.2", "6.2.3")
def test_a_password_changes_over_the_page_and_a_slip_does_not_cost_another_code(site, jo):
    other = site.sign_in(jo.acting)
    form = {"csrf": csrf(jo.browser), "password": "a slip", "new_password": NEW_PASSWORD, "code": jo.code()}
    slipped = jo.browser.post("/account/password", data=form, follow_redirects=False)
    assert (slipped.status_code, "not your current password" in slipped.text) == (401, True)
    follow(jo.browser, slipped)
    proof = re.search(r'name="step_up" value="(\w+)"', slipped.text)[1]
    form |= {"password": members.PASSWORD, "code": "", "step_up": proof}
    done = jo.browser.post("/account/password", data=form, follow_redirects=False)
    assert follow(jo.browser, done) == "/account?notice=password"
    assert "Your password is changed" in jo.browser.get("/account?notice=password").text
    assert other.get("/api/v1/me").status_code == 401


@pytest.mark.promise(9)
def test_an_address_changes_in_two_steps_and_the_page_never_says_whose_it_is(site, jo):
    pages = []
    for email in (site.world.client.email, "new.jo@example.com"):
        asked = jo.browser.post("/account/email", data={"csrf": csrf(jo.browser), "email": email})
        assert email in asked.text
        form = {
            "csrf": csrf(jo.browser),
            "email": email,
            "password": members.PASSWORD,
            "code": jo.code(),
        }
        done = jo.browser.post("/account/email/confirm", data=form, follow_redirects=False)
        pages.append((done.status_code, follow(jo.browser, done)))
        site.portal.clock.now = jo.later()
    assert pages == [(303, "/account?notice=email")] * 2
    with site.world.db.reading() as tx:
        sent = messages.newest(tx, site.world.vault.records).items
    token = next(each for each in sent if each.template == "email_change").values["path"].partition("#")[2]
    assert site.visit().get("/confirm-email").status_code == 200
    assert jo.browser.get("/api/v1/account").json()["email"] == "jo@example.com"
    answer = site.visit().post("/api/v1/email-changes/confirmation", json={"token": token})
    assert answer.status_code == 204
    assert jo.browser.get("/api/v1/account").json()["email"] == "new.jo@example.com"


def test_name_and_language_change_over_pages_and_api(site, jo):
    token = {"csrf": csrf(jo.browser)}
    done = jo.browser.post("/account/name", data=token | {"name": "Jo Later"}, follow_redirects=False)
    assert done.headers["location"] == "/account?notice=name"
    assert "Jo Later" in jo.browser.get("/account").text
    refused = jo.browser.post("/account/name", data=token | {"name": " "})
    assert (refused.status_code, "1 to 200 characters" in refused.text) == (400, True)
    jo.browser.post("/account/language", data=token | {"language": "ja"})
    assert jo.browser.get("/api/v1/account").json()["language"] == "ja"
    refused = jo.browser.post("/account/language", data=token | {"language": "xx"})
    assert (refused.status_code, "日本語" in refused.text) == (400, True)
    assert jo.browser.put("/api/v1/account/language", json={"language": "pl"}).status_code == 204
    assert jo.browser.put("/api/v1/account/name", json={"name": "Jo Again"}).status_code == 204
    mine = jo.browser.get("/api/v1/account").json()
    assert mine == {
        "name": "Jo Again",
        "email": "jo@example.com",
        "language": "pl",
        "time_zone": None,
        "has_password": True,
    }


def test_the_welcome_page_offers_the_browsers_language(site):
    page = site.visit().get("/welcome", headers={"accept-language": "fi-FI,fi;q=0.9,en;q=0.5"}).text
    assert re.search(r'<option value="fi"[^>]* selected>', page)


@pytest.mark.asvs("7.6.2")
def test_following_a_mailed_link_signs_nobody_in(site, clara):
    token = link(site, clara)
    for path in ("/not-me", "/confirm-email", "/welcome", "/reset"):
        browser = site.visit()
        browser.get(f"{path}#{token}")
        browser.get(path, params={"token": token})
        assert SESSION not in browser.cookies
        assert browser.get("/api/v1/me").status_code == 401
