"""One's own account: sessions ended from afar, a new password and address, and a stranger who is stopped."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE, look
from .people import Person
from .steps import invite_client, join, mail_to, sign_in

pytestmark = pytest.mark.browser

PASSWORD = "violet-harbour-kettle-42"
NEW_PASSWORD = "nine-copper-lanterns-afloat"


@pytest.fixture(scope="module")
def nadia(portal):
    """Somebody of this story alone: her account is frozen in the end."""
    return Person("nadia@nordlicht.example", PASSWORD, totp_secret="", name="Nadia Falk", data=portal.data)


@pytest.mark.promise(19)
@pytest.mark.asvs("7.5.2")
def test_one_browser_ends_the_session_of_another(open_context, portal):
    tomasz = portal.people["tomasz"]
    phone = open_context(PHONE, has_touch=True, is_mobile=True).new_page()
    sign_in(phone, tomasz, path="/inbox")
    desktop = open_context(DESKTOP).new_page()
    sign_in(desktop, tomasz, path="/account")
    desktop.get_by_role("link", name="Sessions").click()
    expect(desktop.get_by_role("heading", level=1)).to_have_text("Your sessions")
    expect(desktop.locator(".badge", has_text="This one")).to_have_count(2)  # the session and the browser
    look(desktop, "sessions")
    desktop.get_by_role("link", name=re.compile("End the session of")).first.click()
    look(desktop, "session-end")
    desktop.get_by_label(re.compile("6-digit code")).fill(tomasz.code())
    desktop.get_by_role("button", name="End the session").click()
    expect(desktop.get_by_role("status").first).to_contain_text("That session has ended")
    phone.goto("/folders")
    expect(phone).to_have_url(re.compile("/login"))
    expect(phone.get_by_role("status").first).to_contain_text("Your session here has ended")
    look(phone, "session-ended")
    sign_in(phone, tomasz, path="/account/sessions")
    look(phone, "sessions")


@pytest.mark.promise(16)
@pytest.mark.asvs("6.2.2", "6.3.5", "6.3.7")
def test_nadia_changes_what_lets_her_in_and_stops_a_stranger(open_context, portal, nadia):
    office = open_context(DESKTOP).new_page()
    sign_in(office, portal.people["sam"], path="/people")
    link = invite_client(office, nadia.name, nadia.email)
    phone = open_context(PHONE, has_touch=True, is_mobile=True).new_page()
    join(phone, link, nadia)

    phone.goto("/account")
    look(phone, "account")
    phone.get_by_role("link", name="Change your password").click()
    look(phone, "account-password")
    phone.get_by_label("Current password").fill(PASSWORD)
    phone.get_by_label("New password").fill(NEW_PASSWORD)
    phone.get_by_label("Show what I type").check()
    expect(phone.get_by_label("New password")).to_have_attribute("type", "text")
    phone.get_by_label(re.compile("6-digit code")).fill(nadia.code())
    phone.get_by_role("button", name="Change the password").click()
    expect(phone.get_by_role("status").first).to_contain_text("Your password is changed")
    nadia.password = NEW_PASSWORD

    phone.get_by_role("link", name="Change your email address").click()
    look(phone, "account-email")
    phone.get_by_label("New email address").fill("nadia.falk@nordlicht.example")
    phone.get_by_role("button", name="Continue").click()
    look(phone, "account-email-confirm")
    phone.get_by_label("Your password").fill(NEW_PASSWORD)
    phone.get_by_label(re.compile("6-digit code")).fill(nadia.code())
    phone.get_by_role("button", name="Send the link").click()
    expect(phone.get_by_role("status").first).to_contain_text("Look at the mail of your new address")
    confirm = mail_to(office, "nadia.falk@nordlicht.example")
    phone.goto(confirm)
    look(phone, "confirm-email")
    phone.get_by_role("button", name="Confirm my new address").click()
    expect(phone.get_by_role("heading", name="Your address is confirmed")).to_be_visible()
    nadia.email = "nadia.falk@nordlicht.example"

    stranger = open_context(DESKTOP).new_page()
    sign_in(stranger, nadia, path="/inbox")
    notice = mail_to(office, nadia.email, "new device")
    assert f"{portal.base_url}/not-me#" in notice
    phone.goto(notice)
    look(phone, "not-me")
    phone.get_by_role("button", name="Close my account").click()
    expect(phone.get_by_role("heading", name="Your account is closed")).to_be_visible()
    look(phone, "not-me-done")
    stranger.goto("/folders")
    expect(stranger).to_have_url(re.compile("/login"))
    expect(stranger.get_by_role("status").first).to_contain_text("Your session here has ended")
    office.goto("/people")
    row = office.locator("tr", has_text=nadia.email)
    expect(row).to_contain_text("Frozen")
    look(office, "people-frozen")
    row.get_by_role("button", name="Enable").click()
    expect(office.locator("tr", has_text=nadia.email)).to_contain_text("Active")


@pytest.mark.promise(16)
def test_an_enabled_account_still_wants_a_new_password(open_context, nadia, watch):
    watch.allow("401")
    phone = open_context(PHONE, has_touch=True, is_mobile=True).new_page()
    phone.goto("/login")
    phone.get_by_label("Email").fill(nadia.email)
    phone.get_by_label("Password").fill(nadia.password)
    phone.get_by_role("button", name="Continue", exact=True).click()
    expect(phone.get_by_role("alert")).to_contain_text("The e-mail address or the password is not right")
