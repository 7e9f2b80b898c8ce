"""After sending: the sender gives more time with one click, and the person who was asked hands it to a colleague."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE, look
from .steps import sign_in

pytestmark = pytest.mark.browser


def test_more_time_with_one_click_and_a_colleague_who_signs_instead(open_context, portal):
    desktop = open_context(DESKTOP).new_page()
    sign_in(desktop, portal.people["marta"], path="/folders")
    envelope = _send(desktop)
    before = desktop.get_by_text(re.compile("Expires")).inner_text()
    desktop.get_by_role("button", name="Extend").click()
    expect(desktop.get_by_text("There is more time now.")).to_be_visible()
    assert desktop.get_by_text(re.compile("Expires")).inner_text() != before
    look(desktop, "life-extended")

    phone = open_context(PHONE, has_touch=True, is_mobile=True, device_scale_factor=2).new_page()
    sign_in(phone, portal.people["anna"], path=f"/sign/{envelope}")
    expect(phone.get_by_text("Between us: see page 2.")).to_be_visible()
    phone.get_by_role("link", name="Hand it to a colleague").click()
    look(phone, "life-delegate")
    phone.get_by_label("Who instead?").select_option(index=1)
    phone.get_by_label("Why?").fill("On leave until June")
    phone.get_by_role("button", name="Hand it over").click()
    expect(phone.get_by_text("Your colleague has been asked")).to_be_visible()
    desktop.reload()
    expect(
        desktop.get_by_text(re.compile("Acts for Anna Lindqvist since .*On leave until June"))
    ).to_be_visible()
    look(desktop, "life-delegated")


def _send(page):
    """Make an envelope with a day, a private message and one field, send it, and return its id."""
    page.get_by_role("link", name="Master services agreement").click()
    page.get_by_role("link", name="Master Services Agreement.pdf").first.click()
    page.get_by_role("link", name="Send for signature").click()
    option = page.locator("#person option", has_text="Anna Lindqvist")
    page.get_by_label("Add a person").select_option(option.get_attribute("value"))
    page.get_by_role("button", name=re.compile("^Add")).first.click()
    page.get_by_text("Only for this person").click()
    page.get_by_label("A message that nobody else reads").fill("Between us: see page 2.")
    page.get_by_label("Title").fill("More time")
    page.get_by_label(re.compile("Can be signed until")).fill("2099-04-30")
    look(page, "life-new")
    page.get_by_role("button", name=re.compile("Next: place the fields")).click()
    page.wait_for_url(re.compile("/prepare"))
    page.locator("#tools button[data-kind='signature']").press("Enter")
    expect(page.locator("#save-state")).to_have_text("Saved")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page).to_have_url(re.compile("notice=sent"))
    return re.search(r"/envelopes/(\w+)", page.url)[1]
