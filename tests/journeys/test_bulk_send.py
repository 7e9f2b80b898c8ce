"""From a template to many envelopes: tried with a list, sent with one button, followed to the end."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE, look
from .steps import mail_to, sign_in
from .test_contract import place

pytestmark = pytest.mark.browser

LIST = """\ufeffClient name;Client email
Bea Bulk;bea@bulk.example
Ben Bulk;ben@bulk.example
Bea Bulk;BEA@bulk.example
Bob Bulk;nowhere
"""


def test_a_template_is_sent_to_each_row_of_a_list(open_context, portal):
    desktop = open_context(DESKTOP).new_page()
    sign_in(desktop, portal.people["marta"], path="/folders")
    desktop.get_by_role("link", name="Master services agreement").click()
    desktop.get_by_role("link", name="Master Services Agreement.pdf").first.click()
    desktop.get_by_role("link", name="Send for signature").click()
    desktop.get_by_text("Somebody without an account").click()
    desktop.get_by_label("Name", exact=True).fill("Olga Outside")
    desktop.get_by_label("E-mail address").fill("olga@bulk.example")
    desktop.locator("#add-outside").click()
    desktop.get_by_label("Title").fill("Terms for many")
    desktop.get_by_role("button", name=re.compile("Next: place the fields")).click()
    place(desktop, "signature", 1, 0.35, 0.3)
    expect(desktop.locator("#save-state")).to_have_text(re.compile("Saved"))
    desktop.get_by_role("link", name="Save as a template").click()
    desktop.get_by_label(re.compile("In place of")).fill("Client")
    desktop.get_by_role("button", name="Save the template").click()
    desktop.get_by_role("link", name="Send it to many").click()
    look(desktop, "bulk-new")
    listed = {"name": "clients.csv", "mimeType": "text/csv", "buffer": LIST.encode()}
    desktop.get_by_label("CSV file").set_input_files(listed)
    desktop.get_by_role("button", name="Check the list").click()
    expect(desktop.get_by_role("heading", name="2 envelopes can be sent")).to_be_visible()
    expect(desktop.get_by_text("It says the same as row 2.")).to_be_visible()
    look(desktop, "bulk-checked")

    phone = open_context(PHONE, has_touch=True, is_mobile=True).new_page()
    sign_in(phone, portal.people["marta"], path="/bulk-sends")
    phone.get_by_role("link", name=re.compile("Terms for many")).click()
    look(phone, "bulk-checked-phone")
    phone.get_by_role("button", name="Send 2 envelopes").click()
    expect(phone.get_by_role("heading", name="2 of 2 sent")).to_be_visible(timeout=30_000)
    expect(phone.get_by_text("Done", exact=True)).to_be_visible(timeout=30_000)
    look(phone, "bulk-done-phone")
    phone.get_by_role("link", name="Ben Bulk").click()
    expect(phone.get_by_text("Waiting for 1 of 1")).to_be_visible()
    outbox = open_context(DESKTOP).new_page()
    sign_in(outbox, portal.people["sam"])
    assert mail_to(outbox, "ben@bulk.example") != mail_to(outbox, "bea@bulk.example")
