"""Fields that ask for exactly what is needed: placed and ruled by the sender, begun on a phone, finished elsewhere."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE, look
from .steps import fill_and_finish, sign_in

pytestmark = pytest.mark.browser


def field(page, name):
    return page.locator(f".fld[aria-label^='{name}']")


def add(page, kind, label=""):
    """Place a field with the keyboard in the middle of the page in view, and name it."""
    page.locator(f"#tools button[data-kind='{kind}']").press("Enter")
    if label:
        page.locator("#f-label").fill(label)


def test_a_sender_asks_for_exactly_what_is_needed_and_a_signer_finishes_elsewhere(
    open_context, portal, watch
):
    watch.allow("400")  # the number that does not fit
    desktop = open_context(DESKTOP).new_page()
    sign_in(desktop, portal.people["marta"], path="/folders")
    desktop.get_by_role("link", name="Master services agreement").click()
    desktop.get_by_role("link", name="Master Services Agreement.pdf").first.click()
    desktop.get_by_role("link", name="Send for signature").click()
    option = desktop.locator("#person option", has_text="Anna Lindqvist")
    desktop.get_by_label("Add a person").select_option(option.get_attribute("value"))
    desktop.get_by_role("button", name=re.compile("^Add")).first.click()
    desktop.get_by_label("Title").fill("Exactly what is needed")
    desktop.get_by_role("button", name=re.compile("Next: place the fields")).click()
    envelope = _prepare(desktop)
    desktop.get_by_role("button", name="Send", exact=True).click()
    expect(desktop).to_have_url(re.compile("notice=sent"))

    phone = open_context(PHONE, has_touch=True, is_mobile=True, device_scale_factor=2).new_page()
    sign_in(phone, portal.people["anna"], path=f"/sign/{envelope}")
    phone.get_by_label(re.compile("agree to sign electronically")).check()
    phone.get_by_role("button", name=re.compile("Agree and read")).click()
    _begin(phone)
    elsewhere = open_context(DESKTOP, storage_state=phone.context.storage_state()).new_page()
    elsewhere.goto(f"/sign/{envelope}/review")
    expect(field(elsewhere, "Amount")).to_have_text("12.50")
    expect(field(elsewhere, "Licence")).to_have_text("licence.png")
    expect(field(elsewhere, "Order number")).to_be_visible()
    field(elsewhere, "Order number").click()
    elsewhere.locator("#txt").fill("PO 7")
    elsewhere.get_by_role("button", name="Save").click()
    expect(elsewhere.locator("dialog[open]")).to_have_count(0)  # the portal has looked at it
    fill_and_finish(elsewhere, typed=True)
    expect(elsewhere.locator("#filled")).to_contain_text("Number: 1")
    expect(elsewhere.locator("#filled")).to_contain_text("List: 1")


def _prepare(page):
    """Place fields with the keyboard, let one depend on another, and set several in line; return the envelope."""
    page.wait_for_url(
        re.compile("/prepare")
    )  # and for the script, which is there before the page counts as loaded
    add(page, "signature")
    add(page, "number", "Amount")
    page.locator("#f-least").fill("10")
    page.locator("#f-decimals").fill("2")
    add(page, "dropdown", "Payment")
    page.locator("#f-choices").fill("by card\nby invoice")
    add(page, "text", "Order number")
    page.locator("#f-if").select_option(label="Only if “Payment” (page 1) is …")
    page.locator("#f-if-value").fill("by invoice")
    add(page, "attachment", "Licence")
    for name, presses in (("Amount", 6), ("Payment", 12), ("Order number", 18), ("Licence", 24)):
        for _ in range(presses):
            field(page, name).press("Shift+ArrowDown")
    field(page, "Payment").click()
    field(page, "Amount").click(modifiers=["Shift"])
    page.get_by_role("button", name="Align left edges").click()
    assert field(page, "Amount").bounding_box()["x"] == pytest.approx(
        field(page, "Payment").bounding_box()["x"], abs=1
    )
    expect(page.locator("#save-state")).to_have_text("Saved")
    look(page, "fields-prepare")
    return re.search(r"/envelopes/(\w+)", page.url)[1]


def _begin(phone):
    """Fill in a part on the phone: a number that does not fit, then one that does, and a choice."""
    expect(field(phone, "Order number")).to_be_hidden()
    field(phone, "Amount").click()
    phone.locator("#txt").fill("7")
    phone.get_by_role("button", name="Save").click()
    expect(phone.locator("#txt-err")).to_contain_text("at least 10")
    look(phone, "fields-refused")
    phone.locator("#txt").fill("12,5")
    phone.get_by_role("button", name="Save").click()
    field(phone, "Licence").click()
    phone.locator("#handin").set_input_files(
        {"name": "licence.png", "mimeType": "image/png", "buffer": b"a picture"}
    )
    look(phone, "fields-file")
    phone.get_by_role("button", name="Hand in", exact=True).click()
    expect(field(phone, "Licence")).to_have_text("licence.png")
    field(phone, "Payment").click()
    phone.locator("#pick").select_option("by invoice")
    with phone.expect_response(lambda answer: answer.url.endswith("/ceremony/answers")):
        phone.get_by_role("button", name="Save").click()
    expect(field(phone, "Order number")).to_be_visible()
    expect(phone.locator("dialog[open]")).to_have_count(0)
