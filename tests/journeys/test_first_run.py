"""Stories 1 and 2: from an empty folder to the first administrator, who invites a client."""

import re

import pyotp
import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE, free_port, look, started
from .steps import begin_with

pytestmark = pytest.mark.browser
PASSWORD = "violet-harbour-kettle-42"


def enrol(page, name):
    """Set up an authenticator from the key that the page shows; return it."""
    page.get_by_role("button", name="Show the QR code").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    look(page, f"enrol-{name}")
    page.get_by_text("I cannot scan it").click()
    secret = re.sub(r"\s", "", page.locator("#secret").inner_text())
    page.get_by_label("6-digit code").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Keep your recovery codes")).to_be_visible()
    assert page.locator("#codes li").count() == 10
    look(page, f"recovery-codes-{name}")
    page.get_by_role("link", name="I have kept them").click()
    return secret


@pytest.mark.promise(5)
@pytest.mark.promise(39)
def test_an_empty_folder_becomes_a_portal_with_a_client_in_it(tmp_path, open_context, watch):
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    log = tmp_path / "log"
    with started(["serve", "--data", str(tmp_path / "data"), "--port", str(port)], log, base_url):
        link = re.search(r"http://\S+/welcome#\S+", log.read_text())[0]
        desktop = open_context(DESKTOP, base_url=base_url).new_page()
        sent = []
        desktop.on("request", lambda request: sent.append(request.method))
        desktop.goto(link)
        look(desktop, "welcome")
        assert set(sent) == {"GET"}  # nothing of the link leaves the browser before the button (promise 39)
        desktop.get_by_role("button", name="Begin").click()
        expect(desktop.get_by_label("Your name")).to_be_focused()
        look(desktop, "welcome-first")
        desktop.get_by_label("Your name").fill("Robin Vale")
        desktop.get_by_label("Email").fill("robin@operator.example")
        desktop.get_by_label(re.compile("password")).first.fill(PASSWORD)
        desktop.get_by_role("button", name="Continue").click()
        enrol(desktop, "administrator")
        expect(desktop.get_by_role("heading", name="People")).to_be_visible()
        desktop.get_by_role("button", name="Add organisation").click()
        desktop.locator("#organisation").get_by_label("Name").fill("Quay Street Bakery")
        desktop.locator("#organisation").get_by_role("button", name="Add").click()
        desktop.get_by_role("button", name="Invite a person").click()
        dialog = desktop.locator("#invite")
        dialog.get_by_label("Name").fill("Noor Haddad")
        dialog.get_by_label("Email").fill("noor@bakery.example")
        dialog.get_by_label("Role").select_option("client")
        dialog.get_by_label("Organisation").select_option(label="Quay Street Bakery")
        look(desktop, "people-invite")
        dialog.get_by_role("button", name="Send invitation").click()
        expect(desktop.get_by_text("noor@bakery.example").first).to_be_visible()
        look(desktop, "people")
        desktop.goto("/outbox")
        look(desktop, "outbox")
        message = desktop.locator(".messages li", has_text="noor@bakery.example").first
        message.locator("summary").click()
        invitation = re.search(r"http://\S+/welcome#[\w-]+", message.locator("pre").inner_text())
        assert invitation, message.inner_text()
        phone = open_context(PHONE, base_url=base_url, has_touch=True, is_mobile=True).new_page()
        begin_with(phone, invitation[0])
        expect(phone.get_by_text("Noor Haddad")).to_be_visible()
        phone.get_by_label(re.compile("password")).first.fill(PASSWORD)
        phone.get_by_role("button", name="Continue").click()
        enrol(phone, "client")
        expect(phone.get_by_role("heading", level=1)).to_contain_text("Noor")
        look(phone, "inbox-empty")
