"""Story 8: a compliance officer filters the trail, exports it, and proves it offline."""

import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE, look
from .steps import sign_in

pytestmark = pytest.mark.browser


@pytest.mark.promise(80)
def test_an_officer_exports_a_bundle_and_anybody_proves_it_offline(open_context, portal, tmp_path, watch):
    ines = portal.people["ines"]
    page = open_context(DESKTOP).new_page()
    sign_in(page, ines, path="/audit")
    look(page, "audit")
    page.get_by_label("Person").fill("Anna") if page.get_by_label("Person").count() else None
    page.get_by_role("button", name="Apply").click()
    look(page, "audit-filtered")
    page.goto("/audit")
    page.get_by_role("button", name="Export").first.click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label(re.compile("Bundle|bundle")).check()
    dialog.get_by_label("6-digit code").fill(ines.code())
    look(page, "audit-export")
    with page.expect_download() as download:
        dialog.get_by_role("button", name=re.compile("Export|Download")).click()
    bundle = tmp_path / "bundle.zip"
    download.value.save_as(bundle)
    command = [sys.executable, "-m", "docvault.cli", "audit", "verify"]
    good = subprocess.run(
        [*command, bundle], capture_output=True, text=True, check=False, env={"PATH": "/usr/bin"}
    )
    assert good.returncode == 0, good.stdout + good.stderr
    content = bytearray(bundle.read_bytes())
    at = content.index(b"envelope:sent")
    content[at] ^= 1
    bad = tmp_path / "bad.zip"
    bad.write_bytes(content)
    refused = subprocess.run(
        [*command, bad], capture_output=True, text=True, check=False, env={"PATH": "/usr/bin"}
    )
    assert refused.returncode != 0

    phone = open_context(PHONE, has_touch=True, is_mobile=True).new_page()
    phone.goto("/audit/verify")
    look(phone, "audit-verify")
    phone.context.set_offline(True)
    phone.locator("input[type=file]").first.set_input_files(bundle)
    expect(phone.get_by_role("heading", name="Everything fits together")).to_be_visible()
    look(phone, "audit-verified")
    phone.locator("input[type=file]").first.set_input_files(bad)
    expect(phone.locator(".callout.bad")).to_be_visible()
    look(phone, "audit-refused")


def test_an_officer_reads_the_trail_on_a_phone(phone, portal):
    sign_in(phone, portal.people["ines"], path="/audit")
    look(phone, "audit")
