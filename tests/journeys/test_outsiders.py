"""Somebody without an account: named by the sender, and done on a phone in a few steps, also the next time."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE, look
from .people import Person
from .steps import fill_and_finish, mail_to, sign_in
from .test_contract import place

pytestmark = pytest.mark.browser

OLGA = "olga@outside.example"


def mailed_code(outbox, page):
    """Press the button on the page of a link and return the code that comes by mail."""
    page.get_by_role("button", name="Send me the code").click()
    expect(page.get_by_label("Code from the mail")).to_be_visible()
    outbox.goto("/outbox")
    newest = outbox.locator(".messages li").filter(has_text=OLGA).filter(has_text="Your code").first
    newest.locator("summary").click()
    return re.search(r"\d{4} \d{4}", newest.inner_text())[0]


@pytest.mark.promise(2)
def test_somebody_without_an_account_signs_on_a_phone(open_context, portal, watch):
    desktop = open_context(DESKTOP).new_page()
    sign_in(desktop, portal.people["marta"], path="/folders")
    desktop.get_by_role("link", name="Master services agreement").click()
    desktop.get_by_role("link", name="Master Services Agreement.pdf").first.click()
    desktop.get_by_role("link", name="Send for signature").click()
    desktop.get_by_text("Somebody without an account").click()
    desktop.get_by_label("Name", exact=True).fill("Olga Outside")
    desktop.get_by_label("E-mail address").fill(OLGA)
    desktop.get_by_label(re.compile("access code that I tell them")).check()
    look(desktop, "envelope-new-outside")
    desktop.locator("#add-outside").click()
    told = desktop.locator("#recipients [data-code] b").inner_text()
    look(desktop, "envelope-new-access-code")
    desktop.get_by_label("Title").fill("Agreement with Olga")
    desktop.get_by_role("button", name=re.compile("Next: place the fields")).click()
    expect(desktop).to_have_url(re.compile("/prepare"))
    place(desktop, "signature", 1, 0.35, 0.3)
    expect(desktop.locator("#save-state")).to_have_text(re.compile("Saved"))
    desktop.get_by_role("button", name="Send", exact=True).click()
    expect(desktop.get_by_text("Waiting for 1 of 1")).to_be_visible()

    outbox = open_context(DESKTOP).new_page()
    sign_in(outbox, portal.people["sam"])
    link = mail_to(outbox, OLGA)
    phone = open_context(PHONE, has_touch=True, is_mobile=True, device_scale_factor=2).new_page()
    phone.goto(link)
    look(phone, "asked")
    code = mailed_code(outbox, phone)
    phone.get_by_label("Code from the mail").fill(code)
    phone.get_by_label("Access code you were told").fill(told)
    look(phone, "asked-code")
    phone.get_by_role("button", name="Continue").click()
    look(phone, "asked-factor")
    phone.get_by_role("button", name="Use an authenticator app").click()
    look(phone, "asked-seed")
    phone.get_by_text("I cannot scan it").click()
    seed = re.sub(r"\s", "", phone.locator("#secret").inner_text())
    olga = Person(OLGA, "", seed, data=portal.data)
    phone.get_by_label("6-digit code").fill(olga.code())
    phone.get_by_role("button", name="Confirm").click()
    look(phone, "asked-recovery")
    phone.get_by_role("link", name=re.compile("now read and sign")).click()
    expect(phone).to_have_url(re.compile("/sign/"))
    look(phone, "asked-start")
    phone.get_by_label(re.compile("agree to sign electronically")).check()
    phone.get_by_role("button", name=re.compile("Agree and read")).click()
    fill_and_finish(phone, typed=True)
    phone.get_by_label("6-digit code").fill(olga.code())
    phone.get_by_role("button", name="Sign the document").click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("You have signed")
    watch.allow("403")  # what is not for them
    phone.goto("/folders")
    expect(phone.get_by_text("Only what you are asked to sign is open to you here.")).to_be_visible()
    look(phone, "asked-closed")

    again = open_context(PHONE, has_touch=True, is_mobile=True).new_page()
    again.goto(link)
    code = mailed_code(outbox, again)
    again.get_by_label("Code from the mail").fill(code)
    again.get_by_role("button", name="Continue").click()
    again.get_by_label("6-digit code").fill(olga.code())
    again.get_by_role("button", name="Sign in").click()
    told = re.compile("You have signed|This document is completed")
    expect(again.get_by_text(told).first).to_be_visible()
