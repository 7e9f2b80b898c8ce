"""Files that never have to start again: a folder is chosen, an upload pauses, the page closes, and it goes on."""

import hashlib
import os
import re

import pytest
from playwright.sync_api import expect

from docvault.vault.files import SEGMENT

from .conftest import look
from .steps import sign_in

pytestmark = pytest.mark.browser


def rows(page):
    return page.locator("#upload-rows li")


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
    desktop.set_input_files("#pick-folder", papers)
    for name in ("Papers / terms.txt", "Papers / annexes / empty.txt"):
        row = rows(desktop).filter(has_text=name)
        expect(row).to_contain_text("the same as on your device")
    digest = hashlib.sha256(b"terms").hexdigest()
    expect(rows(desktop).filter(has_text="terms.txt")).to_contain_text(digest[:16])

    # On a slow line, it is paused in the middle of the second part.
    slow(desktop, 2_000_000)
    desktop.set_input_files("#pick", large)
    row = rows(desktop).filter(has_text="plans.bin")
    expect(row).to_contain_text(re.compile(r"\b[5-8]\d %"), timeout=60_000)
    row.get_by_role("button", name="Pause plans.bin").click()
    expect(row).to_contain_text("Paused at")
    look(desktop, "upload-paused")

    # The page is opened anew: the server knows what is unfinished, and the same file goes on there.
    desktop.reload()
    unfinished = desktop.locator("#unfinished")
    expect(unfinished).to_contain_text("plans.bin")
    expect(unfinished).to_contain_text("8.4 MB of 17 MB arrived")
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
    desktop.set_input_files("#pick", large)
    row = rows(desktop).filter(has_text="plans.bin")
    expect(row).to_contain_text(hashlib.sha256(large.read_bytes()).hexdigest()[:16])
    assert offsets == [str(SEGMENT), str(2 * SEGMENT)]  # what had arrived was not sent again
    expect(unfinished).to_be_hidden()

    # A name that is taken is asked about.
    desktop.set_input_files("#pick", large)
    desktop.get_by_role("button", name="Send it as a new version").click()
    expect(rows(desktop)).to_have_count(2)
    expect(rows(desktop).last).to_contain_text("the same as on your device")
    desktop.reload()
    expect(desktop.get_by_role("link", name="Papers")).to_be_visible()
    expect(desktop.get_by_role("row").filter(has_text="plans.bin")).to_contain_text("2 versions")
