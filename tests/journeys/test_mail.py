"""A draft is sent, and the mail leads the client to the signature."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE, look
from .steps import fill_and_finish, sign_in

pytestmark = pytest.mark.browser

TITLE = "Data processing addendum"


def test_the_link_in_the_mail_leads_to_the_signature(open_context, portal):
    marta, anna, sam = (portal.people[name] for name in ("marta", "anna", "sam"))
    desktop = open_context(DESKTOP).new_page()
    sign_in(desktop, marta, path="/envelopes")
    desktop.get_by_role("link", name=TITLE).click()
    desktop.get_by_role("link", name="Place the fields").click()
    expect(desktop.locator(".fld").first).to_be_visible()
    desktop.get_by_role("button", name="Send", exact=True).click()
    expect(desktop.get_by_text("Waiting for 1 of 1")).to_be_visible()

    office = open_context(DESKTOP).new_page()
    sign_in(office, sam, path="/outbox")
    message = office.locator(".messages li", has_text=anna.email).first
    message.locator("summary").click()
    expect(message.locator("pre")).to_contain_text(TITLE)
    look(office, "outbox-message")
    link = message.get_by_role("link", name="Open the link in it").get_attribute("href")
    assert link.startswith(f"{portal.base_url}/sign/")

    phone = open_context(PHONE, has_touch=True, is_mobile=True, device_scale_factor=2).new_page()
    sign_in(phone, anna, path=link)
    expect(phone.get_by_role("heading", level=2, name=TITLE)).to_be_visible()
    phone.get_by_label(re.compile("agree to sign electronically")).check()
    phone.get_by_role("button", name=re.compile("Agree and read")).click()
    fill_and_finish(phone, typed=True)
    phone.get_by_label("6-digit code").fill(anna.code())
    phone.get_by_role("button", name="Sign the document").click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("You have signed")
    expect(phone.get_by_role("link", name="Download the signed document")).to_be_visible(timeout=60_000)
