"""Story 3: an account manager puts a PDF into a client's folder and reads it."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import look
from .steps import sign_in

pytestmark = pytest.mark.browser


def drop(page, files):
    """Drop files onto the page's drop zone, as from a file manager."""
    page.wait_for_load_state("load")  # its scripts are there by then, and take what is dropped
    transfer = page.evaluate_handle(
        """(files) => { const t = new DataTransfer();
           for (const [name, text, type] of files) t.items.add(new File([Uint8Array.from(atob(text), c => c.charCodeAt(0))], name, {type}));
           return t; }""",
        files,
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("#drop", event, {"dataTransfer": transfer})


def test_files_dropped_on_a_folder_arrive_whole_and_can_be_read(desktop, portal):
    import base64
    import hashlib

    marta = portal.people["marta"]
    sign_in(desktop, marta, path="/folders")
    look(desktop, "folders")
    desktop.get_by_role("link", name="Warehouse tender").click()
    expect(desktop.get_by_role("heading", name="Who can see it")).to_be_visible()
    expect(desktop.get_by_text("Anna Lindqvist", exact=True)).to_be_visible()
    look(desktop, "folder")
    desktop.get_by_role("link", name="Request for Proposals.pdf").click()
    with desktop.expect_download() as download:
        desktop.get_by_role("link", name="Download").click()
    original = download.value.path().read_bytes()
    assert original.startswith(b"%PDF-")
    desktop.go_back()
    encoded = base64.b64encode(original).decode()
    notes = base64.b64encode("Zażółć gęślą jaźń".encode()).decode()
    drop(
        desktop,
        [["Tender, second round.pdf", encoded, "application/pdf"], ["notes.txt", notes, "text/plain"]],
    )
    expect(desktop.get_by_text(re.compile(hashlib.sha256(original).hexdigest()[:8]))).to_be_visible()
    desktop.reload()
    desktop.get_by_role("link", name="Tender, second round.pdf").click()
    expect(desktop.locator("figure[data-page='1'] img")).to_be_visible()
    look(desktop, "document")
    selected = desktop.evaluate(
        """() => { const layer = document.querySelector('.textlayer'); getSelection().selectAllChildren(layer); return getSelection().toString(); }"""
    )
    assert "Proposals" in selected
    desktop.get_by_role("link", name="Text").click()
    expect(desktop.locator("main")).to_contain_text("Proposals")
    look(desktop, "document-text")


def test_the_same_folder_works_on_a_phone(phone, portal):
    sign_in(phone, portal.people["anna"], path="/folders")
    look(phone, "folders")
    phone.get_by_role("link", name="Warehouse tender").click()
    look(phone, "folder")
    phone.get_by_role("link", name="Request for Proposals.pdf").click()
    expect(phone.locator("figure[data-page='1'] img")).to_be_visible()
    look(phone, "document")
    phone.get_by_role("link", name="Text").click()
    look(phone, "document-text")
