"""In person: Marta hosts Olga at one phone; each proves themselves, and neither can do the other's part."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE, look
from .steps import fill_and_finish, sign_in
from .test_contract import place

pytestmark = pytest.mark.browser

HOLLY = "holly@outside.example"


def newest_code(outbox):
    outbox.goto("/outbox")
    newest = outbox.locator(".messages li").filter(has_text=HOLLY).filter(has_text="Your code").first
    newest.locator("summary").click()
    return re.search(r"\d{4} \d{4}", newest.inner_text())[0]


def test_a_host_vouches_and_the_signer_confirms_by_their_own_mail(open_context, portal, watch):
    marta = portal.people["marta"]
    desktop = open_context(DESKTOP).new_page()
    sign_in(desktop, marta, path="/folders")
    desktop.get_by_role("link", name="Master services agreement").click()
    desktop.get_by_role("link", name="Master Services Agreement.pdf").first.click()
    desktop.get_by_role("link", name="Send for signature").click()
    desktop.get_by_text("Somebody without an account").click()
    desktop.get_by_label("Name", exact=True).fill("Holly Host")
    desktop.get_by_label("E-mail address").fill(HOLLY)
    desktop.get_by_label("How do they sign?").select_option(label="In person, beside you")
    look(desktop, "envelope-new-in-person")
    desktop.locator("#add-outside").click()
    expect(desktop.locator("#recipients")).to_contain_text("in person beside Marta")
    desktop.get_by_label("Title").fill("Agreement in person")
    desktop.get_by_role("button", name=re.compile("Next: place the fields")).click()
    expect(desktop).to_have_url(re.compile("/prepare"))
    place(desktop, "signature", 1, 0.35, 0.3)
    expect(desktop.locator("#save-state")).to_have_text(re.compile("Saved"))
    desktop.get_by_role("button", name="Send", exact=True).click()
    desktop.get_by_role("link", name="Hand over the device").click()
    look(desktop, "in-person-host")

    outbox = open_context(DESKTOP).new_page()
    sign_in(outbox, portal.people["sam"])
    phone = open_context(PHONE, has_touch=True, is_mobile=True, device_scale_factor=2).new_page()
    sign_in(phone, marta, path="/inbox")
    phone.get_by_role("link", name=re.compile("Begin with Holly")).click()
    phone.get_by_label("I have seen their passport").check()
    phone.get_by_label("6-digit code").fill(marta.code())
    look(phone, "in-person-vouch")
    phone.get_by_role("button", name="Confirm and hand over").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Holly Host, this device is yours now")
    look(phone, "in-person-hand-over")
    phone.get_by_label("Code from the mail").fill(newest_code(outbox))
    phone.get_by_role("button", name="Continue").click()
    expect(phone.get_by_text("Marta Kowalska has vouched for you")).to_be_visible()
    look(phone, "in-person-start")
    phone.get_by_label(re.compile("agree to sign electronically")).check()
    phone.get_by_role("button", name=re.compile("Agree and read")).click()
    fill_and_finish(phone, typed=True)
    phone.get_by_role("button", name="Mail me the code").click()
    expect(phone.get_by_label("Code from the mail")).to_be_focused()
    phone.get_by_label("Code from the mail").fill(newest_code(outbox))
    look(phone, "in-person-confirm")
    phone.get_by_role("button", name="Sign the document").click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("You have signed")
    expect(phone.locator("#finishing")).to_have_count(0, timeout=60_000)  # sealed, and no longer asked about
    look(phone, "in-person-done")
    phone.locator("main").get_by_role("button", name="Give the device back").click()
    phone.get_by_label("6-digit code").fill(marta.code())
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Hello, Marta")
