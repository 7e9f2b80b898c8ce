"""The page where anybody has a PDF checked: a good one, an altered one and one that nobody signed.

And one that arrived signed, and was signed on top.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from signing import arrivals, attacks

from .conftest import DESKTOP, PHONE, look
from .steps import fill_and_finish, sign_in
from .test_contract import place

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def files(browser, portal, tmp_path_factory):
    """The sealed contract of the sample data, the same with another price added to it, and its draft."""
    envelope = portal.links["See a completed envelope"].rsplit("/", 1)[1]
    context = browser.new_context(base_url=portal.base_url)
    sign_in(context.new_page(), portal.people["marta"])
    answer = context.request.get(f"/api/v1/envelopes/{envelope}/documents/signed/content")
    assert answer.ok
    sealed = answer.body()
    context.close()
    folder = tmp_path_factory.mktemp("checked")
    made = SimpleNamespace(**{name: folder / f"{name}.pdf" for name in ("good", "altered", "unsigned")})
    made.good.write_bytes(sealed)
    made.altered.write_bytes(attacks.updated(sealed, attacks.overlay))
    made.unsigned.write_bytes(sealed[: sealed.index(b"%%EOF") + len(b"%%EOF\n")])
    return made


@pytest.mark.promise(60)
@pytest.mark.promise(69)
def test_anybody_reads_in_plain_words_what_holds_of_a_pdf(open_context, files):
    page = open_context(PHONE, has_touch=True, is_mobile=True).new_page()
    page.goto("/verify")
    look(page, "verify")
    page.locator("input[type=file]").set_input_files(files.good)
    expect(page.get_by_role("heading", name="Everything holds")).to_be_visible()
    expect(page.get_by_role("heading", name="Anna Lindqvist")).to_be_visible()
    expect(page.get_by_role("heading", name="Marta Kowalska")).to_be_visible()
    look(page, "verify-report")
    page.locator("input[type=file]").set_input_files(files.unsigned)
    expect(page.get_by_role("heading", name="Not signed")).to_be_visible()
    expect(page.get_by_text("ask for the signed file")).to_be_visible()
    look(page, "verify-unsigned")


@pytest.mark.promise(69)
def test_an_altered_pdf_shows_what_changed_and_gives_back_what_was_signed(open_context, files, tmp_path):
    page = open_context(DESKTOP).new_page()
    page.goto("/verify")
    page.locator("input[type=file]").set_input_files(files.altered)
    expect(page.get_by_role("heading", name="Changed after signing")).to_be_visible()
    expect(page.get_by_text("Changed since").first).to_be_visible()
    page.get_by_role("button", name="Show what changed since").first.click()
    expect(page.get_by_text("Page 1: looks different")).to_be_visible()
    expect(page.locator(".difference[data-change=other] img")).to_be_visible()
    look(page, "verify-altered")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the version that was signed").first.click()
    download.value.save_as(tmp_path / "signed.pdf")
    signed = (tmp_path / "signed.pdf").read_bytes()
    assert files.good.read_bytes().startswith(signed)
    assert signed.rstrip().endswith(b"%%EOF")
    assert download.value.suggested_filename == "altered, as signed by Anna Lindqvist.pdf"
    page.locator("input[type=file]").set_input_files(tmp_path / "signed.pdf")
    expect(page.get_by_role("heading", name="Everything holds")).to_be_visible()


@pytest.mark.promise(70)
def test_a_pdf_that_arrived_signed_is_signed_on_top_and_shows_both(open_context, portal, tmp_path):
    marta = portal.people["marta"]
    page = open_context(DESKTOP).new_page()
    sign_in(page, marta, path="/folders")
    page.get_by_role("link", name="Master services agreement").click()
    theirs = {"name": "Letter of intent.pdf", "mimeType": "application/pdf"}
    tinted = arrivals.letter(paper=b"0.98 0.91 0.72 rg 0 0 595 842 re f")
    with ThreadPoolExecutor(1) as beside:  # the browser's own loop runs in this thread
        letter = beside.submit(arrivals.signed, tinted).result()
    page.locator("input[type=file]").first.set_input_files(theirs | {"buffer": letter})
    page.get_by_role("link", name="Letter of intent.pdf").first.click()
    page.get_by_role("link", name="Send for signature").click()
    expect(page.get_by_text("arrived with 1 signature by Mira Haddad")).to_be_visible()
    look(page, "arrived-signed")
    option = page.locator("#person option", has_text="Marta Kowalska")
    page.get_by_label("Add a person").select_option(option.get_attribute("value"))
    page.get_by_role("button", name=re.compile("^Add")).first.click()
    page.get_by_role("button", name=re.compile("Next: place the fields")).click()
    page.wait_for_url(re.compile("/prepare"))
    place(page, "signature", 1, 0.35, 0.5)
    expect(page.locator("#save-state")).to_have_text(re.compile("Saved"))
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_role("link", name="Review and sign").click()
    page.get_by_label(re.compile("agree to sign electronically")).check()
    page.get_by_role("button", name=re.compile("Agree and read")).click()
    fill_and_finish(page, typed=True)
    page.get_by_label("6-digit code").fill(marta.code())
    page.get_by_role("button", name="Sign the document").click()
    sealed = page.get_by_role("link", name="Download the signed document")
    expect(sealed).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        sealed.click()
    download.value.save_as(tmp_path / "both.pdf")
    assert (tmp_path / "both.pdf").read_bytes().startswith(letter)
    page.goto("/verify")
    page.locator("input[type=file]").set_input_files(tmp_path / "both.pdf")
    expect(page.get_by_role("heading", name="Mira Haddad")).to_be_visible()
    expect(page.get_by_role("heading", name="Marta Kowalska")).to_be_visible()
    look(page, "verify-both")
