"""Story 2: signing in takes a password and a code, always both."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import look
from .steps import sign_in, sign_out

pytestmark = pytest.mark.browser


@pytest.mark.promise(1)
def test_a_client_signs_in_with_both_factors_and_out_again(phone, portal, watch):
    watch.allow("401")
    tomasz = portal.people["tomasz"]
    phone.goto("/inbox")
    expect(phone).to_have_url(re.compile("/login"))
    look(phone, "login")
    phone.get_by_label("Email").fill(tomasz.email)
    phone.get_by_label("Password").fill("not-the-password-at-all")
    phone.get_by_role("button", name="Continue").click()
    expect(phone.get_by_role("alert")).to_be_visible()
    phone.get_by_label("Email").fill(tomasz.email)
    phone.get_by_label("Password").fill(tomasz.password)
    phone.get_by_role("button", name="Continue").click()
    expect(phone.get_by_label("6-digit code")).to_be_visible()
    look(phone, "code")
    phone.goto("/inbox")
    expect(phone).to_have_url(re.compile("/login"))
    sign_in(phone, tomasz, path="/inbox")
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Tomasz")
    look(phone, "inbox")
    sign_out(phone)
    phone.goto("/inbox")
    expect(phone).to_have_url(re.compile("/login"))


@pytest.mark.promise(3)
def test_a_code_that_was_used_is_refused_in_plain_words(desktop, portal, watch):
    watch.allow("401|400|403|429")
    tomasz = portal.people["tomasz"]
    sign_in(desktop, tomasz)
    sign_out(desktop)
    used = tomasz.last_step
    import pyotp

    desktop.get_by_label("Email").fill(tomasz.email)
    desktop.get_by_label("Password").fill(tomasz.password)
    desktop.get_by_role("button", name="Continue").click()
    desktop.get_by_label("6-digit code").fill(pyotp.TOTP(tomasz.totp_secret).at(used * 30))
    desktop.get_by_role("button", name="Sign in").click()
    expect(desktop.locator(".err")).to_be_visible()
    expect(desktop).to_have_url(re.compile("/login"))
