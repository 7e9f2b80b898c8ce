"""Stories 4, 5, 6 and 7: one contract from a PDF in a folder to a verified signature."""

import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE, look
from .steps import fill_and_finish, sign_in

pytestmark = pytest.mark.browser


def place(page, kind, page_number, x, y):
    """Drag a kind of field from the palette to a point of a page, given as shares of its width and height."""
    page.wait_for_load_state()  # a drag before the page's own modules run is nobody's
    figure = page.locator(f"figure[data-page='{page_number}'] .page")
    figure.scroll_into_view_if_needed()
    tool = page.locator(f"#tools button[data-kind='{kind}']").bounding_box()
    box = figure.bounding_box()
    page.mouse.move(tool["x"] + tool["width"] / 2, tool["y"] + tool["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * x, min(box["y"] + box["height"] * y, 700), steps=8)
    page.mouse.up()


@pytest.fixture(scope="module")
def signed(browser, portal, tmp_path_factory):
    """The sealed contract of the sample data, as its sender downloads it."""
    envelope = portal.links["See a completed envelope"].rsplit("/", 1)[1]
    context = browser.new_context(base_url=portal.base_url)
    sign_in(context.new_page(), portal.people["marta"])
    answer = context.request.get(f"/api/v1/envelopes/{envelope}/documents/signed/content")
    assert answer.ok
    file = tmp_path_factory.mktemp("signed") / "contract.pdf"
    file.write_bytes(answer.body())
    altered = bytearray(answer.body())
    altered[len(altered) // 3] ^= 1
    file.with_name("altered.pdf").write_bytes(altered)
    context.close()
    return file


def verified(file, data):
    """Run `docvault verify` on a file."""
    command = [sys.executable, "-m", "docvault.cli", "verify", file, "--data", data]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.promise(63)
def test_one_contract_from_folder_to_sealed_pdf(open_context, portal, tmp_path):
    marta, anna = portal.people["marta"], portal.people["anna"]
    desktop = open_context(DESKTOP).new_page()
    sign_in(desktop, marta, path="/folders")
    desktop.get_by_role("link", name="Master services agreement").click()
    desktop.get_by_role("link", name="Master Services Agreement.pdf").first.click()
    desktop.get_by_role("link", name="Send for signature").click()
    _add(desktop, "Anna Lindqvist")
    _add(desktop, "Marta Kowalska")
    desktop.get_by_label("Title").fill("Agreement of the journey")
    desktop.get_by_label(re.compile("Message")).fill("Hello Anna, as discussed.")
    look(desktop, "envelope-new")
    desktop.get_by_role("button", name=re.compile("Next: place the fields")).click()
    expect(desktop).to_have_url(re.compile("/prepare"))
    for kind, y in (
        ("signature", 0.3),
        ("text", 0.42),
        ("date", 0.5),
        ("checkbox", 0.58),
        ("initials", 0.66),
    ):
        place(desktop, kind, 1, 0.35, y)
    desktop.get_by_text("Marta Kowalska").first.click()
    place(desktop, "signature", 1, 0.7, 0.3)
    expect(desktop.locator(".fld")).to_have_count(6)
    expect(desktop.locator("#save-state")).to_have_text(re.compile("Saved"))
    look(desktop, "prepare")
    desktop.get_by_role("button", name="Send", exact=True).click()
    expect(desktop.get_by_text("Waiting for 2 of 2")).to_be_visible()
    look(desktop, "envelope-sent")
    envelope = re.search(r"/envelopes/(\w+)", desktop.url)[1]

    phone = open_context(PHONE, has_touch=True, is_mobile=True, device_scale_factor=2).new_page()
    sign_in(phone, anna, path=f"/sign/{envelope}")
    expect(phone.get_by_role("heading", level=1)).to_contain_text("asks you to sign")
    look(phone, "sign-start")
    phone.get_by_label(re.compile("agree to sign electronically")).check()
    phone.get_by_role("button", name=re.compile("Agree and read")).click()
    expect(phone).to_have_url(re.compile("/review"))
    look(phone, "sign-review")
    fill_and_finish(phone)
    expect(phone.get_by_role("heading", name="Confirm it is you")).to_be_visible()
    look(phone, "sign-confirm")
    phone.get_by_label("6-digit code").fill(anna.code())
    phone.get_by_role("button", name="Sign the document").click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("You have signed")
    look(phone, "sign-done")

    desktop.goto(f"/sign/{envelope}")
    look(desktop, "sign-start")
    desktop.get_by_label(re.compile("agree to sign electronically")).check()
    desktop.get_by_role("button", name=re.compile("Agree and read")).click()
    look(desktop, "sign-review")
    fill_and_finish(desktop, typed=True)
    look(desktop, "sign-confirm")
    desktop.get_by_label("6-digit code").fill(marta.code())
    desktop.get_by_role("button", name="Sign the document").click()
    expect(desktop.get_by_role("heading", level=1)).to_contain_text("You have signed")
    link = desktop.get_by_role("link", name="Download the signed document")
    expect(link).to_be_visible(timeout=60_000)
    look(desktop, "sign-done")
    with desktop.expect_download() as download:
        link.click()
    download.value.save_as(tmp_path / "contract.pdf")
    report = verified(tmp_path / "contract.pdf", portal.data)
    assert report.returncode == 0, report.stdout + report.stderr
    desktop.goto(f"/envelopes/{envelope}")
    expect(desktop.get_by_text("Completed").first).to_be_visible()
    look(desktop, "envelope-completed")
    phone.goto(f"/envelopes/{envelope}")
    look(phone, "envelope-completed")


def _add(page, name):
    option = page.locator("#person option", has_text=name)
    page.get_by_label("Add a person").select_option(option.get_attribute("value"))
    button = page.get_by_role("button", name=re.compile("^Add"))
    if button.count():
        button.first.click()
    expect(page.locator("#recipients li", has_text=name)).to_be_visible()


@pytest.mark.promise(60)
def test_the_command_line_accepts_the_signed_pdf_and_refuses_an_altered_one(portal, signed):
    good = verified(signed, portal.data)
    assert good.returncode == 0, good.stdout + good.stderr
    assert "Anna Lindqvist" in good.stdout
    assert verified(signed.with_name("altered.pdf"), portal.data).returncode != 0


def test_a_client_who_does_not_agree_declines_with_a_reason(open_context, portal):
    tomasz = portal.people["tomasz"]
    phone = open_context(PHONE, has_touch=True, is_mobile=True).new_page()
    sign_in(phone, tomasz, path="/inbox")
    phone.get_by_role("link", name="Review and sign Solar roof maintenance").click()
    phone.get_by_role("button", name="Decline to sign").click()
    look(phone, "sign-decline")
    phone.locator("dialog[open] textarea").fill("The instalments are still the old ones.")
    phone.locator("dialog[open]").get_by_role("button", name="Decline to sign").click()
    expect(phone.get_by_text("The instalments are still the old ones.").first).to_be_visible()
    look(phone, "sign-declined")
