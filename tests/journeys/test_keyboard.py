"""The whole ceremony without a pointer: sign in, agree, read, fill in, type the signature, confirm."""

import re

import pytest
from playwright.sync_api import expect

from .keyboard import press, press_tab_until, type_into

pytestmark = pytest.mark.browser

TITLE = "Master services agreement, extension"


def answer_dialog(page):
    """Fill in the dialog that the button opened: type the signature, or the text that is asked for."""
    if page.locator("#dlg-sign[open]").count():
        press_tab_until(page, "Draw")
        page.keyboard.press("ArrowRight")
        expect(page.locator("#fullname")).to_be_visible()
        press(page, "Adopt and sign")
    else:
        page.keyboard.type("Head of Operations")
        page.keyboard.press("Enter")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator(".fld:focus")).to_have_attribute(
        "data-done", ""
    )  # filled in a moment after the dialog


def fill_in(page):
    """Let the one button lead to each field and page; fill in what has the focus."""
    for _ in range(60):
        press(page, page.locator("#nexttext").inner_text())
        page.wait_for_timeout(450)  # a page counts as read when it was shown for a moment
        page.wait_for_load_state()
        if page.url.endswith("/confirm"):
            return
        if page.evaluate("document.activeElement.matches('.fld:not([data-done])')"):
            page.keyboard.press("Enter")
            expect(page.locator("dialog[open], .fld:focus[data-done]").first).to_be_attached()
        if page.locator("dialog[open]").count():
            answer_dialog(page)
    raise AssertionError("the button never led to the end")


def test_a_client_signs_with_the_keyboard_alone(desktop, portal):
    anna = portal.people["anna"]
    desktop.goto("/inbox")
    type_into(desktop, "Email", anna.email)
    type_into(desktop, "Password", anna.password)
    desktop.keyboard.press("Enter")
    expect(desktop).to_have_url(re.compile("/login/code"))
    type_into(desktop, "6-digit code", anna.code())
    desktop.keyboard.press("Enter")
    expect(desktop).to_have_url(re.compile("/inbox"))
    press(desktop, f"Review and sign {TITLE}")
    expect(desktop.get_by_role("heading", level=1)).to_contain_text("asks you to sign")
    press(desktop, "agree to sign electronically", "Space")
    press(desktop, "Agree and read")
    expect(desktop).to_have_url(re.compile("/review"))
    fill_in(desktop)
    assert desktop.evaluate("document.activeElement.id") == "code"
    desktop.keyboard.type(anna.code())
    desktop.keyboard.press("Enter")
    expect(desktop.get_by_role("heading", level=1)).to_contain_text("You have signed")
    kept = desktop.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('ceremony:'))")
    assert kept == []
