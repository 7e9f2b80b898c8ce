"""From a template to many envelopes: by a list that is tried and sent, and by a link that a stranger opens."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE, look
from .people import Person
from .steps import fill_and_finish, mail_to, sign_in
from .test_contract import place

pytestmark = pytest.mark.browser

LIST = """\ufeffClient name;Client email
Bea Bulk;bea@bulk.example
Ben Bulk;ben@bulk.example
Bea Bulk;BEA@bulk.example
Bob Bulk;nowhere
"""


@pytest.fixture(scope="module")
def template(browser, portal):
    """Save a draft for somebody without an account as a template; return its address."""
    context = browser.new_context(base_url=portal.base_url, viewport=DESKTOP)
    desktop = context.new_page()
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
    expect(desktop).to_have_url(re.compile(r"/templates/\w+"))
    address = "/" + desktop.url.split("/", 3)[3].split("?")[0]
    context.close()
    return address


def test_a_template_is_sent_to_each_row_of_a_list(open_context, portal, template):
    desktop = open_context(DESKTOP).new_page()
    sign_in(desktop, portal.people["marta"], path=template)
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


def test_somebody_opens_the_link_of_a_template_on_a_phone_and_signs(open_context, portal, template):
    desktop = open_context(DESKTOP).new_page()
    sign_in(desktop, portal.people["marta"], path=template)
    desktop.get_by_role("link", name="Links to sign it").click()
    desktop.get_by_label("Envelopes at most").fill("3")
    desktop.get_by_role("button", name="Make the link").click()
    link = desktop.locator("#made-link").inner_text()

    phone = open_context(PHONE, has_touch=True, is_mobile=True).new_page()
    phone.goto(link)
    phone.get_by_label("Your name").fill("Lina Link")
    phone.get_by_label("Your e-mail address").fill("lina@link.example")
    look(phone, "link-who")
    phone.get_by_role("button", name="Send me the code").click()
    expect(phone).to_have_url(re.compile("/begin/code"))
    outbox = open_context(DESKTOP).new_page()
    sign_in(outbox, portal.people["sam"], path="/outbox")
    mail = outbox.locator(".messages li").filter(has_text="lina@link.example").first
    mail.locator("summary").click()
    phone.get_by_label(re.compile("[Cc]ode")).first.fill(re.search(r"\d{4} \d{4}", mail.inner_text())[0])
    phone.get_by_role("button", name="Continue").click()
    phone.get_by_role("button", name="Use an authenticator app").click()
    phone.get_by_text("I cannot scan it").click()
    lina = Person("lina@link.example", "", re.sub(r"\s", "", phone.locator("#secret").inner_text()))
    lina.data = portal.data
    phone.get_by_label("6-digit code").fill(lina.code())
    phone.get_by_role("button", name="Confirm").click()
    phone.get_by_role("link", name=re.compile("now read and sign")).click()
    phone.get_by_label(re.compile("agree to sign electronically")).check()
    phone.get_by_role("button", name=re.compile("Agree and read")).click()
    fill_and_finish(phone, typed=True)
    phone.get_by_label("6-digit code").fill(lina.code())
    phone.get_by_role("button", name="Sign the document").click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("You have signed")
    expect(phone.get_by_role("link", name="Download the signed document")).to_be_visible(timeout=60_000)
    envelope = re.search(r"/sign/(\w+)", phone.url)[1]

    desktop.reload()
    expect(desktop.get_by_text("1 of 3 used")).to_be_visible()
    look(desktop, "link-used")
    desktop.goto(f"/envelopes/{envelope}")
    expect(desktop.get_by_text("Lina Link").first).to_be_visible()
    expect(desktop.get_by_text("Completed").first).to_be_visible()
