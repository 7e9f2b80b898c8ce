"""Somebody signs on a phone in Persian, from right to left: every word of the way is in their language."""

import re

import pytest
from playwright.sync_api import TimeoutError as NotInTime
from playwright.sync_api import expect

from docvault.web.words import in_language

from .conftest import look
from .steps import draw_signature, sign_in

pytestmark = pytest.mark.browser

TITLE = "Solar roof inspection"
t = in_language("fa")


def fill_in(page):
    """Follow the one button; it speaks Persian, so it is known by its place."""
    for _ in range(60):
        page.wait_for_load_state()
        if page.url.endswith("/confirm"):
            return
        dialog = page.locator("dialog[open]")
        if dialog.locator("#pad").count():
            draw_signature(page)
            dialog.get_by_role("button", name=t("Adopt and sign")).click()
            expect(dialog).to_have_count(0)
        elif dialog.count():
            dialog.locator("#txt").fill("مدیر عملیات")
            dialog.get_by_role("button", name=t("Save")).click()
            expect(dialog).to_have_count(0)
        else:
            follow(page)
    raise AssertionError("the button never led to the end")


def follow(page):
    """Press the one button, unless it has led to the next page meanwhile."""
    try:
        page.locator("#next").click(timeout=2_000)
        page.wait_for_timeout(80)
    except NotInTime:
        page.wait_for_load_state()


def test_a_client_signs_on_a_phone_in_persian(phone, portal):
    tomasz = portal.people["tomasz"]
    sign_in(phone, tomasz, path="/account")
    phone.locator('select[name="language"]').select_option("fa")
    phone.locator('form[action="/account/language"] button[type="submit"]').click()
    phone.goto("/inbox")
    phone.get_by_role("link", name=re.compile(f"Review and sign.*{TITLE}", re.DOTALL)).click()
    expect(phone.locator("html")).to_have_attribute("dir", "rtl")
    look(phone, "persian-start")
    phone.get_by_label(t("I have read this and agree to sign electronically.")).check()
    phone.get_by_role("button", name=t("Agree and read the document")).click()
    expect(phone).to_have_url(re.compile("/review"))
    look(phone, "persian-review")
    fill_in(phone)
    expect(phone.get_by_role("heading", level=1)).to_have_text(t("Confirm it is you"))
    look(phone, "persian-confirm")
    phone.get_by_label(t("6-digit code from your authenticator app")).fill(tomasz.code())
    phone.locator("#sign").click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text(
        t("Thank you, {name}. You have signed.", name="Tomasz")
    )
    look(phone, "persian-done")
