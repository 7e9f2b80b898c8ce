"""Somebody who would rather sign on paper: prints, signs by hand, photographs; the sender looks at it and accepts it."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE, look
from .steps import sign_in

pytestmark = pytest.mark.browser


def test_a_contract_signed_on_paper_photographed_sent_back_once_and_accepted(open_context, portal):
    desktop = open_context(DESKTOP).new_page()
    sign_in(desktop, portal.people["marta"], path="/folders")
    envelope = _send(desktop)

    phone = open_context(PHONE, has_touch=True, is_mobile=True, device_scale_factor=2).new_page()
    anna = portal.people["anna"]
    sign_in(phone, anna, path=f"/sign/{envelope}")
    phone.get_by_role("link", name="Print it, sign by hand and hand in a scan").click()
    look(phone, "paper-begin")
    _add(phone, "page 1.jpg")
    _add(phone, "twice.jpg")
    phone.get_by_role("button", name="Take twice.jpg away").click()
    expect(phone.get_by_text("Pages added: 1.")).to_be_visible()
    _hand_in(phone, anna)

    desktop.reload()
    expect(desktop.get_by_role("heading", name="Is this signed?")).to_be_visible()
    look(desktop, "paper-check")
    desktop.get_by_role("button", name="Send it back").click()
    desktop.get_by_label("What is missing?").fill("Page 2, with your signature")
    desktop.locator("dialog[open]").get_by_role("button", name="Send it back").click()
    expect(desktop.get_by_text("We have written to its signer.")).to_be_visible()

    phone.goto(f"/sign/{envelope}/paper")
    expect(phone.get_by_text("Page 2, with your signature")).to_be_visible()
    _add(phone, "page 1.jpg")
    _add(phone, "page 2.jpg")
    look(phone, "paper-added")
    _hand_in(phone, anna)
    look(phone, "paper-handed-in")

    desktop.reload()
    desktop.get_by_role("button", name="Accept the scan").click()
    expect(desktop.get_by_text("It counts as signed.")).to_be_visible()
    expect(desktop.get_by_text("Signed on paper", exact=True)).to_be_visible()
    look(desktop, "paper-accepted")


def _send(page):
    """Make an envelope that may be signed on paper, with one field, send it, and return its id."""
    page.get_by_role("link", name="Master services agreement").click()
    page.get_by_role("link", name="Master Services Agreement.pdf").first.click()
    page.get_by_role("link", name="Send for signature").click()
    option = page.locator("#person option", has_text="Anna Lindqvist")
    page.get_by_label("Add a person").select_option(option.get_attribute("value"))
    page.get_by_role("button", name=re.compile("^Add")).first.click()
    page.get_by_label("Title").fill("On paper")
    page.get_by_label(re.compile("People may sign on paper")).check()
    page.get_by_role("button", name=re.compile("Next: place the fields")).click()
    page.wait_for_url(re.compile("/prepare"))
    page.locator("#tools button[data-kind='signature']").press("Enter")
    expect(page.locator("#save-state")).to_have_text("Saved")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page).to_have_url(re.compile("notice=sent"))
    return re.search(r"/envelopes/(\w+)", page.url)[1]


def _add(page, name):
    packed = io.BytesIO()
    Image.linear_gradient("L").resize((300, 420)).save(packed, "JPEG")
    files = {"name": name, "mimeType": "image/jpeg", "buffer": packed.getvalue()}
    page.locator("#files").set_input_files(files)
    expect(page.get_by_text(name, exact=True)).to_be_visible()
    expect(page.locator("#files")).to_be_enabled()


def _hand_in(page, person):
    page.get_by_label("6-digit code").fill(person.code())
    page.get_by_role("button", name="Hand in the scan").click()
    expect(page.get_by_role("heading", name="Marta Kowalska looks at your scan")).to_be_visible()
