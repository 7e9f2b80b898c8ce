"""Story 4, previews: a picture and a text are looked at where they lie, and a locked file says why."""

import base64
import io
import re
import sqlite3

import pytest
from PIL import Image
from playwright.sync_api import expect

from .conftest import look
from .steps import sign_in
from .test_folder import drop

pytestmark = pytest.mark.browser


def picture():
    content = io.BytesIO()
    Image.linear_gradient("L").resize((800, 500)).convert("RGB").save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


def lock(portal, name):
    """Do what the malware scan does when it finds something."""
    with sqlite3.connect(portal.data / "docvault.sqlite", timeout=20) as rows:
        rows.execute(
            "UPDATE versions SET scan = 'infected', scan_note = 'Eicar-Test-Signature'"
            " WHERE document_id = (SELECT id FROM documents WHERE name = ?)",
            [name],
        )


def test_a_picture_and_a_text_are_looked_at_here_and_a_locked_file_says_why(phone, portal):
    sign_in(phone, portal.people["marta"], path="/folders")
    phone.get_by_role("link", name="Warehouse tender").click()
    expect(phone.get_by_role("heading", name="Warehouse tender")).to_be_visible()
    words = base64.b64encode(b"<b>Gate 4</b> at noon").decode()
    drop(phone, [["Site photo.png", picture(), "image/png"], ["Arrival.txt", words, "text/plain"]])
    expect(phone.get_by_text(re.compile("the same as on your device"))).to_have_count(2)
    phone.reload()
    phone.get_by_role("link", name="Site photo.png").click()
    shown = phone.get_by_role("img", name="Site photo.png")
    expect(shown).to_be_visible()
    expect(shown).to_have_js_property("naturalWidth", 800)
    look(phone, "document-picture")
    phone.get_by_role("link", name="Back to Warehouse tender").click()
    expect(phone.locator("img.thumb").first).to_be_visible()
    phone.get_by_role("link", name="Arrival.txt").click()
    expect(phone.get_by_text("<b>Gate 4</b> at noon")).to_be_visible()
    look(phone, "document-plain")
    lock(portal, "Arrival.txt")
    phone.reload()
    expect(phone.get_by_role("heading", name="This file is locked")).to_be_visible()
    expect(phone.get_by_role("status").filter(has_text="Eicar-Test-Signature")).to_be_visible()
    expect(phone.get_by_role("link", name="Download")).to_have_count(0)
    look(phone, "document-locked")
