"""A phone is lost: a recovery code opens the way to a new authenticator, and the old one is worth nothing."""

import re
import time

import pyotp
import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE, look
from .people import STEP, Person
from .steps import begin_with, sign_in, sign_out

pytestmark = pytest.mark.browser

PASSWORD = "violet-harbour-kettle-42"
EMAIL = "ole@nordlicht.example"


def invite(page, email):
    """Invite a client as the administrator, and return the link of the mail in the outbox."""
    page.get_by_role("button", name="Invite a person").click()
    dialog = page.locator("#invite")
    dialog.get_by_label("Name").fill("Ole Brandt")
    dialog.get_by_label("Email").fill(email)
    dialog.get_by_label("Role").select_option("client")
    dialog.get_by_label("Organisation").select_option(label="Nordlicht Logistics GmbH")
    dialog.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_role("status").filter(has_text=re.compile("invit", re.IGNORECASE))).to_be_visible()
    page.goto("/outbox")
    message = page.locator(".messages li", has_text=email).first
    message.locator("summary").click()
    return message.get_by_role("link").get_attribute("href")


def enrol(page):
    """Set up an authenticator; return its secret and the recovery codes that are shown once."""
    page.get_by_role("button", name="Show the QR code").click()
    page.get_by_text("I cannot scan it").click()
    secret = re.sub(r"\s", "", page.locator("#secret").inner_text())
    page.get_by_label("6-digit code").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Keep your recovery codes")).to_be_visible()
    codes = page.locator("#codes li").all_inner_texts()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ole")
    return secret, codes


def begin(page):
    page.goto("/login")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("6-digit code")).to_be_visible()


@pytest.mark.promise(5)
def test_a_recovery_code_leads_to_a_new_phone(open_context, portal, watch):
    watch.allow("401")  # the old authenticator's code, refused
    desktop = open_context(DESKTOP).new_page()
    sign_in(desktop, portal.people["sam"], path="/people")
    link = invite(desktop, EMAIL)
    phone = open_context(PHONE, has_touch=True, is_mobile=True).new_page()
    begin_with(phone, link)
    phone.get_by_label(re.compile("password")).first.fill(PASSWORD)
    phone.get_by_role("button", name="Continue").click()
    lost, codes = enrol(phone)
    sign_out(phone)

    begin(phone)
    phone.get_by_role("link", name="Use a recovery code").click()
    look(phone, "recovery")
    phone.get_by_label("Recovery code").fill(codes[0])
    phone.get_by_role("button", name="Continue").click()
    expect(phone).to_have_url(re.compile("/enrol"))
    secret, renewed = enrol(phone)
    enrolled = int(time.time()) // STEP  # that step's code is used up
    assert secret != lost
    assert not set(renewed) & set(codes)
    sign_out(phone)

    begin(phone)
    phone.get_by_label("6-digit code").fill(pyotp.TOTP(lost).now())
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.locator(".err")).to_be_visible()
    sign_in(phone, Person(EMAIL, PASSWORD, secret, last_step=enrolled, data=portal.data))
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Ole")
