"""Passkeys in a real browser: added, signed in with, signed a contract and exported the trail with, removed.

Chromium's own authenticator (the protocol's WebAuthn domain) holds the keys; it was written by others than us.
"""

import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import DESKTOP, PHONE, look
from .steps import begin_with, fill_and_finish, sign_in, sign_out
from .test_lost_phone import invite

pytestmark = pytest.mark.browser

CODES = re.compile(r"^(?:[a-z2-7]{4}-){5}[a-z2-7]{4}$")


@pytest.fixture
def open_page(open_context, portal):
    """Give a function that opens a page whose browser has an authenticator of its own.

    The portal's address is a name here: no passkey is made for a number.
    """

    def make(viewport: dict, **options) -> Page:
        context = open_context(
            viewport, base_url=portal.base_url.replace("127.0.0.1", "localhost"), **options
        )
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return page

    return make


def add_passkey(page: Page, name: str) -> None:
    page.goto("/account")
    page.get_by_role("link", name="Passkeys and codes").click()
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_label("Name", exact=True).fill(name)
    look(page, "passkey-new")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("status").filter(has_text="The passkey is added")).to_be_visible()
    expect(page.locator(".keys li", has_text=name)).to_be_visible()


def sign_in_with_passkey(page: Page, path: str = "/login") -> None:
    page.goto(path)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).not_to_have_url(re.compile("/login"))


def remove_passkey(page: Page, name: str) -> None:
    """Remove a passkey, confirmed with itself."""
    page.goto("/account/factors")
    page.get_by_role("button", name=f"Remove {name}").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("button", name="Confirm with a passkey").click()
    expect(page.get_by_role("status").filter(has_text="The passkey is removed")).to_be_visible()
    expect(page.locator(".keys")).to_have_count(0)


@pytest.mark.promise(2)
@pytest.mark.promise(17)
@pytest.mark.asvs("6.3.3")
def test_a_client_signs_in_and_signs_a_contract_with_a_passkey_on_the_phone(open_page, portal):
    page = open_page(PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)
    sign_in(page, portal.people["tomasz"], path="/inbox")
    add_passkey(page, "My phone")
    look(page, "factors")
    sign_out(page)
    look(page, "login-passkey")
    sign_in_with_passkey(page, "/login?next=/inbox")
    expect(page).to_have_url(re.compile("/inbox"))
    page.get_by_role("link", name=re.compile("Solar roof agreement")).first.click()
    page.get_by_label(re.compile("agree to sign electronically")).check()
    page.get_by_role("button", name=re.compile("Agree and read")).click()
    fill_and_finish(page, typed=True)
    expect(page.get_by_role("button", name="Sign with a passkey")).to_be_visible()
    look(page, "sign-confirm-passkey")
    page.get_by_role("button", name="Sign with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("You have signed")
    remove_passkey(page, "My phone")


@pytest.mark.promise(2)
@pytest.mark.promise(12)
@pytest.mark.asvs("6.5.6")
def test_an_officer_gives_a_passkey_after_the_password_and_before_an_export(open_page, portal):
    ines = portal.people["ines"]
    page = open_page(DESKTOP)
    sign_in(page, ines, path="/audit")
    add_passkey(page, "Security key")
    look(page, "factors")
    page.get_by_role("button", name="Rename Security key").click()
    page.locator("dialog[open]").get_by_label("Name").fill("Blue key")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".keys li", has_text="Blue key")).to_be_visible()
    sign_out(page)
    page.get_by_label("Email").fill(ines.email)
    page.get_by_label("Password").fill(ines.password)
    page.get_by_role("button", name="Continue", exact=True).click()
    expect(page.get_by_label("6-digit code")).to_be_visible()
    look(page, "factor-passkey")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).not_to_have_url(re.compile("/login"))

    page.goto("/audit")
    page.get_by_role("button", name="Export", exact=True).first.click()
    look(page, "export-passkey")
    with page.expect_download() as download:
        page.get_by_role("button", name="Confirm with a passkey").click()
    assert download.value.suggested_filename.endswith(".zip")

    page.goto("/account/tokens")
    page.get_by_label("Name", exact=True).fill("Nightly export")
    page.locator("input[type=checkbox]").first.check()
    page.get_by_role("button", name="Confirm with a passkey").click()
    expect(page.get_by_role("heading", name="Copy your new token now")).to_be_visible()
    page.get_by_role("button", name="Revoke Nightly export").click()

    page.goto("/account/factors")
    page.get_by_role("button", name="Make new codes").click()
    look(page, "recovery-renew")
    page.locator("dialog[open]").get_by_role("button", name="Confirm with a passkey").click()
    expect(page.get_by_role("heading", name="Keep your recovery codes")).to_be_visible()
    codes = page.locator("#codes li").all_inner_texts()
    assert len(codes) == 10
    assert all(CODES.match(code) for code in codes)
    page.get_by_role("link", name="I have kept them").click()
    remove_passkey(page, "Blue key")


@pytest.mark.promise(2)
@pytest.mark.promise(5)
def test_somebody_invited_begins_with_a_passkey_in_place_of_an_app(open_page, open_context, portal, watch):
    watch.allow("409")  # the last factor, kept
    desktop = open_context(DESKTOP).new_page()
    sign_in(desktop, portal.people["sam"], path="/people")
    link = invite(desktop, "ilse@nordlicht.example")
    page = open_page(PHONE, has_touch=True, is_mobile=True)
    begin_with(page, link.replace("127.0.0.1", "localhost"))
    page.get_by_label(re.compile("password")).first.fill("violet-harbour-kettle-42")
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("Use a passkey instead").click()
    look(page, "enrol-passkey")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Keep your recovery codes")).to_be_visible()
    assert page.locator("#codes li").count() == 10
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ole")
    page.goto("/account/factors")
    expect(page.get_by_text("Not set up.")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Remove")).click()
    page.locator("dialog[open]").get_by_role("button", name="Confirm with a passkey").click()
    expect(page.get_by_role("alert").filter(has_text="You could not sign in without it")).to_be_visible()
    look(page, "factors-last")
    sign_out(page)
    sign_in_with_passkey(page)


@pytest.mark.promise(1)
def test_a_passkey_that_is_not_verified_or_not_there_lets_nobody_in(open_page, portal, watch):
    watch.allow("401")
    page = open_page(DESKTOP)
    page.goto("/login")
    page.get_by_role("button", name="Sign in with a passkey").click()
    problem = page.locator("#passkey-problem")
    expect(problem).to_be_visible()
    expect(problem).to_contain_text("No passkey was used")
    page.goto("/inbox")
    expect(page).to_have_url(re.compile("/login"))


def test_a_browser_without_passkeys_is_told_so(desktop, portal):
    """At an address that is a number there are none; everything else works as before."""
    sign_in(desktop, portal.people["tomasz"], path="/account/factors")
    expect(desktop.get_by_text("Passkeys do not work in this browser")).to_be_visible()
    expect(desktop.get_by_role("button", name="Add a passkey")).to_have_count(0)
    sign_out(desktop)
    expect(desktop.get_by_role("button", name="Sign in with a passkey")).to_have_count(0)
