"""Files that never have to start again: a folder is chosen, an upload pauses, the page closes, and it goes on."""

import hashlib
import os

import pytest
from playwright.sync_api import expect

from docvault.vault.files import SEGMENT

from .conftest import look
from .steps import sign_in

pytestmark = pytest.mark.browser


def choose(page, files, *, into="#pick"):
    """Choose files once the page's script has shown where to."""
    expect(page.locator("#drop")).to_be_visible()
    page.set_input_files(into, files)


def rows(page):
    return page.locator("#upload-rows li")


# Presses the button of the last row as soon as more than its first segment is on the way.
PAUSE_PAST_THE_MIDDLE = """() => {
  const rows = document.querySelector("#upload-rows");
  const watch = new MutationObserver(() => {
    const bar = rows.querySelector("li:last-child progress");
    if (bar.value <= 0.5 || bar.value === 1) return;
    watch.disconnect();
    rows.querySelector("li:last-child [data-pause]").click();
  });
  watch.observe(rows, { subtree: true, childList: true, attributes: true, characterData: true });
}"""


def slow(page, speed):
    """Let the line take this many bytes a second upwards; -1: all it can."""
    wire = page.context.new_cdp_session(page)
    line = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": speed}
    wire.send("Network.emulateNetworkConditions", line)


def test_an_upload_pauses_survives_a_closed_page_and_goes_on(desktop, portal, tmp_path):
    papers = tmp_path / "Papers"
    (papers / "annexes").mkdir(parents=True)
    (papers / "terms.txt").write_text("terms")
    (papers / "annexes" / "empty.txt").write_bytes(b"")
    large = tmp_path / "plans.bin"
    large.write_bytes(os.urandom(2 * SEGMENT + 5))
    sign_in(desktop, portal.people["marta"], path="/folders")
    desktop.get_by_role("link", name="Warehouse tender").click()

    # A folder becomes a folder, with the one in it.
    choose(desktop, papers, into="#pick-folder")
    for name in ("Papers / terms.txt", "Papers / annexes / empty.txt"):
        row = rows(desktop).filter(has_text=name)
        expect(row).to_contain_text("the same as on your device")
    digest = hashlib.sha256(b"terms").hexdigest()
    expect(rows(desktop).filter(has_text="terms.txt")).to_contain_text(digest[:16])

    # On a slow line, it is paused in the middle of the second part.
    slow(desktop, 2_000_000)
    desktop.evaluate(PAUSE_PAST_THE_MIDDLE)
    choose(desktop, large)
    row = rows(desktop).filter(has_text="plans.bin")
    expect(row).to_contain_text("Paused at", timeout=60_000)
    look(desktop, "upload-paused")

    # The page is opened anew: the server knows what is unfinished, and the same file goes on there.
    desktop.reload()
    unfinished = desktop.locator("#unfinished")
    expect(unfinished).to_contain_text("plans.bin")
    expect(unfinished).to_contain_text("of 17 MB arrived")
    kept = desktop.evaluate("localStorage.getItem('docvault-uploads')")
    assert "plans" not in kept
    look(desktop, "upload-unfinished")
    slow(desktop, -1)
    offsets = []
    desktop.on(
        "request",
        lambda request: (
            offsets.append(request.headers["upload-offset"]) if request.method == "PATCH" else None
        ),
    )
    choose(desktop, large)
    row = rows(desktop).filter(has_text="plans.bin")
    expect(row).to_contain_text(hashlib.sha256(large.read_bytes()).hexdigest()[:16])
    assert int(offsets[0]) >= SEGMENT  # what had arrived was not sent again
    expect(unfinished).to_be_hidden()

    # A name that is taken is asked about.
    choose(desktop, large)
    desktop.get_by_role("button", name="Send it as a new version").click()
    expect(rows(desktop)).to_have_count(2)
    expect(rows(desktop).last).to_contain_text("the same as on your device")
    desktop.reload()
    expect(desktop.get_by_role("link", name="Papers")).to_be_visible()
    expect(desktop.get_by_role("row").filter(has_text="plans.bin")).to_contain_text("2 versions")


def test_a_guest_sends_files_by_a_request_and_keeps_a_receipt(desktop, phone, portal, tmp_path):
    paper = tmp_path / "payslip.txt"
    paper.write_text("paid")
    sign_in(desktop, portal.people["marta"], path="/folders")
    desktop.get_by_role("link", name="Warehouse tender").click()
    desktop.get_by_role("link", name="Ask guests for files").click()
    desktop.get_by_label("What do you ask for?").fill("Tax papers of 2025")
    desktop.get_by_role("button", name="Make the link").click()
    link = desktop.locator("#made-link").inner_text().strip()
    look(desktop, "request-made")

    phone.goto(link)
    look(phone, "guest-start")
    phone.get_by_label("Your name").fill("Gina Guest")
    phone.get_by_label("Your e-mail address").fill("gina@example.com")
    phone.get_by_role("button", name="Continue").click()
    expect(phone.get_by_role("heading", name="Tax papers of 2025")).to_be_visible()
    assert "#" not in phone.url
    choose(phone, paper)
    digest = hashlib.sha256(b"paid").hexdigest()
    expect(phone.locator("#sent")).to_contain_text(digest)
    expect(phone.locator("#thanks")).to_contain_text(
        "Thank you. 1 file arrived at Harbour & Pine Consulting."
    )
    look(phone, "guest-sent")
    phone.get_by_role("button", name="Leave").click()
    expect(phone.get_by_role("heading", name="Your visit is over")).to_be_visible()

    desktop.goto("/folders")
    desktop.get_by_role("link", name="Warehouse tender").click()
    row = desktop.get_by_role("row").filter(has_text="payslip.txt")
    expect(row).to_contain_text("Gina Guest (guest, through the request “Tax papers of 2025”)")
