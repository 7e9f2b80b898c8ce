"""Single sign-on at the HTTP door: cookies, what a GET may do, and words for people when it does not work."""

import html
import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from actions.members import Member
from actions.world import NOW
from docvault.credentials import totp
from docvault.database import factors, identities
from docvault.identity.provider import Provider
from docvault.web.cookies import CHALLENGE, SESSION, SIGN_ON
from identity.liar import CLIENT, SECRET, Answer, Liar, standing

from .portal import BASE, Site, app_for

DESCRIPTION = "/.well-known/openid-configuration"


@pytest.fixture
def liar():
    with standing() as made:
        yield made


@pytest.fixture
def wired(site, liar):
    """The same portal, with a provider."""
    return with_provider(site, liar)


def with_provider(site, liar):
    provider = Provider(
        issuer=liar.issuer,
        client_id=CLIENT,
        client_secret=SECRET,
        return_address=f"{BASE}/login/sso/return",
        hosts=(),
    )
    liar.clock = lambda: site.portal.clock().timestamp()
    portal = replace(site.portal, provider=provider)
    return Site(site.made, portal, app_for(portal), site.loop)


@pytest.fixture
def owner(wired, liar):
    """The manager, with an authenticator app, connected with the provider."""
    acting, records = wired.world.manager, wired.portal.vault.records
    with wired.world.db.transaction() as tx:
        seed = factors.propose(tx, records, acting.person_id, NOW)
        factors.confirm(tx, records, acting.person_id, totp.code_at(seed, totp.step_at(NOW)), NOW)
        identities.connect(tx, liar.issuer, "u-1", acting.person_id, NOW)
    member = Member(wired.world, acting.email, seed, [], acting, NOW)
    member.later()
    wired.portal.clock.now = member.now
    return member


def address_of(page):
    return html.unescape(re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.text)[1])


def fields_of(page):
    return {
        name: html.unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page.text)
    }


def leave(browser, **form):
    page = browser.post("/login/sso", data={"next": "/folders", **form})
    assert page.status_code == 200, page.text
    browser.headers["cookie"] = f"{SIGN_ON}={page.cookies[SIGN_ON]}"
    return page


def come_back(browser, liar, page, **more):
    back = liar.authorize(address_of(page)) | more
    return browser.get(f"/login/sso/return?{urlencode(back)}")


def test_without_a_provider_there_is_no_such_way_in(site):
    browser = site.visit()
    assert "single sign-on" not in browser.get("/login").text
    assert browser.post("/login/sso").status_code == 404


@pytest.mark.promise(2)
def test_a_person_signs_on_and_gives_our_code(wired, liar, owner):
    browser = wired.visit()
    assert "Continue with single sign-on" in browser.get("/login").text
    shown = come_back(browser, liar, leave(browser))
    entered = browser.post("/login/sso/return", data=fields_of(shown), follow_redirects=False)
    assert (entered.status_code, entered.headers["location"]) == (303, "/login/code?next=/folders")
    assert SESSION not in entered.cookies
    browser.headers["cookie"] = f"{CHALLENGE}={entered.cookies[CHALLENGE]}"
    assert browser.get("/folders", follow_redirects=False).status_code == 303
    inside = browser.post(
        "/login/code", data={"code": owner.code(), "next": "/folders"}, follow_redirects=False
    )
    assert inside.headers["location"] == "/folders"
    browser.headers["cookie"] = f"{SESSION}={inside.cookies[SESSION]}"
    assert "Single sign-on" in browser.get("/account").text


@pytest.mark.promise(38)
@pytest.mark.asvs("7.6.2")
def test_what_the_provider_sends_back_by_get_changes_nothing(wired, liar, owner):
    browser = wired.visit()
    left = leave(browser)
    asked = list(liar.asked)
    tables = ("sessions", "challenges", "single_sign_ons", "audit_entries")
    before = [wired.count(table) for table in tables]
    for _ in range(3):
        shown = come_back(browser, liar, left, session_state="abc", scope="openid")
        assert "set-cookie" not in shown.headers
    assert liar.asked == asked
    assert [wired.count(table) for table in tables] == before
    assert browser.post("/login/sso/return", data=fields_of(shown)).status_code == 200


@pytest.mark.promise(84)
@pytest.mark.asvs("7.6.2")
def test_another_sites_page_neither_begins_nor_ends_a_sign_on(wired, liar, owner):
    browser = wired.visit()
    abroad = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert browser.post("/login/sso", headers=abroad).status_code == 403
    shown = come_back(browser, liar, leave(browser))
    assert browser.post("/login/sso/return", data=fields_of(shown), headers=abroad).status_code == 403


@pytest.mark.asvs("10.2.1")
def test_the_answer_of_another_browsers_journey_is_refused(wired, liar, owner):
    theirs, mine = wired.visit(), wired.visit()
    shown = come_back(theirs, liar, leave(theirs))
    leave(mine)
    refused = mine.post("/login/sso/return", data=fields_of(shown))
    assert refused.status_code == 401
    assert "start again" in refused.text
    assert CHALLENGE not in refused.cookies


@pytest.mark.promise(83)
def test_the_cookie_of_a_journey_is_strict_and_ends(wired, liar, owner):
    browser = wired.visit()
    page = leave(browser)
    cookie = page.headers["set-cookie"].lower()
    assert cookie.startswith("__host-docvault-sign-on=")
    for attribute in ("secure", "httponly", "samesite=strict", "path=/", "max-age=600"):
        assert attribute in cookie
    entered = browser.post(
        "/login/sso/return", data=fields_of(come_back(browser, liar, page)), follow_redirects=False
    )
    assert any("sign-on=" in each and "Max-Age=0" in each for each in entered.headers.get_list("set-cookie"))


def test_no_address_of_the_answer_leads_outside(wired, liar, owner):
    browser = wired.visit()
    shown = come_back(browser, liar, leave(browser, next="https://evil.example/"))
    entered = browser.post("/login/sso/return", data=fields_of(shown), follow_redirects=False)
    assert entered.headers["location"] == "/login/code"


def test_what_the_provider_sends_back_is_never_markup(wired, liar):
    page = wired.visit().get("/login/sso/return?state=%22%3E%3Cscript%3Ex&error=%3Cb%3E")
    assert "<script>x" not in page.text
    assert "<b>" not in page.text


@pytest.mark.promise(85)
def test_a_provider_that_is_away_is_said_in_words_and_the_password_form_is_there(site, owner):
    gone = Liar()
    gone.close()
    page = with_provider(site, gone).visit().post("/login/sso", data={"next": "/"})
    assert page.status_code == 503
    assert "Signing in with your password works" in page.text
    assert 'name="password"' in page.text


@pytest.mark.promise(85)
def test_a_provider_that_lies_is_not_quoted(wired, liar, owner):
    liar.lies["/token"] = Answer(b"<html>secret of the provider</html>")
    browser = wired.visit()
    refused = browser.post("/login/sso/return", data=fields_of(come_back(browser, liar, leave(browser))))
    assert refused.status_code == 503
    assert "secret of the provider" not in refused.text


def test_an_account_is_connected_and_disconnected_on_its_page(wired, liar):
    acting = wired.world.client
    liar.person = {**liar.person, "email": acting.email}
    browser = wired.sign_in(acting)
    session, csrf = browser.headers["cookie"], browser.headers.pop("x-csrf-token")
    assert "Not connected" in browser.get("/account/sso").text
    page = browser.post("/account/sso/connect", data={"csrf": csrf})
    browser.headers["cookie"] = f"{session}; {SIGN_ON}={page.cookies[SIGN_ON]}"
    shown = come_back(browser, liar, page)
    done = browser.post("/login/sso/return", data=fields_of(shown), follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/account/sso")
    browser.headers["cookie"] = session
    assert "Connected with" in browser.get("/account/sso").text
    browser.post("/account/sso/disconnect", data={"csrf": csrf})
    assert "Not connected" in browser.get("/account/sso").text


def test_an_account_of_another_address_is_refused_on_its_page(wired, liar):
    browser = wired.sign_in(wired.world.client)
    session, csrf = browser.headers["cookie"], browser.headers.pop("x-csrf-token")
    page = browser.post("/account/sso/connect", data={"csrf": csrf})
    browser.headers["cookie"] = f"{session}; {SIGN_ON}={page.cookies[SIGN_ON]}"
    refused = browser.post("/login/sso/return", data=fields_of(come_back(browser, liar, page)))
    assert refused.status_code == 401
    assert "another e-mail address" in refused.text
    assert wired.count("identities") == 0


@pytest.mark.asvs("7.6.1")
def test_signing_out_here_offers_to_sign_out_there(wired, liar, owner):
    browser = wired.visit()
    entered = browser.post(
        "/login/sso/return",
        data=fields_of(come_back(browser, liar, leave(browser))),
        follow_redirects=False,
    )
    browser.headers["cookie"] = f"{CHALLENGE}={entered.cookies[CHALLENGE]}"
    inside = browser.post("/login/code", data={"code": owner.code()}, follow_redirects=False)
    value = inside.cookies[SESSION]
    browser.headers["cookie"] = f"{SESSION}={value}"
    out = browser.post("/logout", data={"csrf": value.split(".")[1]}, follow_redirects=False)
    assert out.headers["location"] == "/login/sso/signed-out"
    assert browser.get("/folders", follow_redirects=False).status_code == 303
    assert f"{liar.issuer}/logout?client_id={CLIENT}" in html.unescape(
        wired.visit().get("/login/sso/signed-out").text
    )
