"""A contract is compared, brought back, renamed, moved by ticking, binned and restored: by links and forms."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import look
from .steps import sign_in
from .test_folder import drop

pytestmark = pytest.mark.browser


def test_a_document_lives_through_versions_moves_and_the_bin(desktop, portal):
    import base64

    page = desktop
    sign_in(page, portal.people["marta"], path="/folders")
    page.get_by_role("link", name="Warehouse tender").click()
    folder = page.url
    page.get_by_role("link", name="Request for Proposals.pdf").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    tender = base64.b64encode(download.value.path().read_bytes()).decode()
    page.goto(folder)
    drop(page, [["Terms.pdf", tender, "application/pdf"]])
    expect(page.locator("#upload-rows")).to_contain_text(re.compile("[0-9a-f]{8}"))
    page.reload()
    page.get_by_role("link", name="Terms.pdf").click()
    page.get_by_role("button", name="Details and versions").click()
    drop(page, [["Terms.pdf", tender, "application/pdf"]])
    expect(page.locator("#upload-rows")).to_contain_text(re.compile("[0-9a-f]{8}"))
    page.goto(page.url)
    page.get_by_role("link", name="2 versions").first.click()
    look(page, "versions")
    page.get_by_role("link", name="What changed").click()
    expect(page.get_by_text("look the same and have the same words")).to_be_visible()
    look(page, "compare")
    page.go_back()
    page.get_by_role("button", name="Bring back version 1").click()
    expect(page.get_by_text("Version 1, brought back")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Final terms.pdf")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", name="Final terms.pdf")).to_be_visible()
    page.goto(folder)
    page.get_by_role("checkbox", name="Final terms.pdf").check()
    page.get_by_role("button", name="Move").click()
    look(page, "move")
    page.get_by_role("link", name="All folders").click()
    page.get_by_role("link", name="Whitepapers").click()
    page.get_by_role("button", name="Move here").click()
    page.get_by_role("checkbox", name="Final terms.pdf").check()
    page.get_by_role("button", name="Put into the bin").first.click()
    page.get_by_role("link", name="Open the bin").click()
    look(page, "bin")
    page.get_by_role("button", name="Bring back Final terms.pdf").click()
    expect(page.get_by_role("link", name="Final terms.pdf")).to_be_visible()
