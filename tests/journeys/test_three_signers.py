"""Three people sign in two turns: one on a phone in Persian, from right to left, and one through a colleague."""

import re

import pytest
from playwright.sync_api import TimeoutError as NotInTime
from playwright.sync_api import expect

from docvault.web.words import in_language

from .conftest import DESKTOP, PHONE, look
from .people import Person
from .steps import draw_signature, fill_and_finish, invite_client, join, sign_in

pytestmark = pytest.mark.browser

PLACE = """async ([ui, envelope]) => {
  const { api } = await import(ui);
  const { recipients } = await api("GET", `/envelopes/${envelope}`);
  const fields = recipients.map(({ id }, row) => ({ recipient_id: id, kind: "signature", page: 2, x: 60, y: 80 + 80 * row, w: 170, h: 44 }));
  await api("PUT", `/envelopes/${envelope}/fields`, { fields });
}"""
t = in_language("fa")


def fill_in(page):
    """Follow the one button; it speaks Persian, so it is known by its place."""
    for _ in range(60):
        page.wait_for_load_state()
        if page.url.endswith("/confirm"):
            return
        dialog = page.locator("dialog[open]")
        if dialog.locator("#pad").count():
            draw_signature(page)
            dialog.get_by_role("button", name=t("Adopt and sign")).click()
            expect(dialog).to_have_count(0)
        elif dialog.count():
            dialog.locator("#txt").fill("مدیر عملیات")
            dialog.get_by_role("button", name=t("Save")).click()
            expect(dialog).to_have_count(0)
        else:
            follow(page)
    raise AssertionError("the button never led to the end")


def follow(page):
    """Press the one button, unless it has led to the next page meanwhile."""
    try:
        page.locator("#next").click(timeout=2_000)
        page.wait_for_timeout(80)
    except NotInTime:
        page.wait_for_load_state()


def test_three_sign_in_two_turns_one_in_persian_and_one_through_a_colleague(open_context, portal):
    """Anna signs on a phone from right to left, Lena hands her part to Nils, and Marta signs when both are done."""
    office = open_context(DESKTOP).new_page()
    sign_in(office, portal.people["sam"], path="/people")
    nils = Person(
        "nils@nordlicht.example", "violet-harbour-kettle-42", "", name="Nils Berg", data=portal.data
    )
    link = invite_client(office, nils.name, nils.email)
    colleague = open_context(DESKTOP).new_page()
    join(colleague, link, nils)
    marta = open_context(DESKTOP).new_page()
    sign_in(marta, portal.people["marta"], path="/folders")
    envelope = _send(marta)

    phone = open_context(PHONE, has_touch=True, is_mobile=True, device_scale_factor=2).new_page()
    sign_in(phone, portal.people["anna"], path=f"/sign/{envelope}")
    _sign_in_persian(phone, portal.people["anna"])

    lena = open_context(DESKTOP).new_page()
    sign_in(lena, portal.people["lena"], path=f"/sign/{envelope}")
    lena.get_by_role("link", name="Hand it to a colleague").click()
    colleagues = lena.get_by_label("Who instead?")
    in_place_of_her = colleagues.locator("option", has_text="Nils Berg")
    colleagues.select_option(in_place_of_her.get_attribute("value"))
    lena.get_by_label("Why?").fill("He runs the warehouse")
    lena.get_by_role("button", name="Hand it over").click()
    expect(lena.get_by_text("Your colleague has been asked")).to_be_visible()

    marta.goto(f"/sign/{envelope}")
    expect(marta.get_by_label(re.compile("agree to sign electronically"))).to_have_count(
        0
    )  # not yet her turn
    for page, person in ((colleague, nils), (marta, portal.people["marta"])):
        page.goto(f"/sign/{envelope}")
        page.get_by_label(re.compile("agree to sign electronically")).check()
        page.get_by_role("button", name=re.compile("Agree and read")).click()
        fill_and_finish(page, typed=True)
        page.get_by_label(re.compile("6-digit code")).fill(person.code())
        page.locator("#sign").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("You have signed")
    sealed = marta.get_by_role("link", name="Download the signed document")
    expect(sealed).to_be_visible(timeout=60_000)
    marta.goto(f"/envelopes/{envelope}")
    expect(marta.get_by_text("Acts for Lena Voss since", exact=False)).to_be_visible()
    expect(marta.get_by_text("Completed").first).to_be_visible()


def _send(page):
    """Ask Anna and Lena at the same time, then Marta; Anna in Persian, each to sign once. Return the envelope's id."""
    page.get_by_role("link", name="Master services agreement").click()
    page.get_by_role("link", name="Master Services Agreement.pdf").first.click()
    page.get_by_role("link", name="Send for signature").click()
    for name in ("Anna Lindqvist", "Lena Voss", "Marta Kowalska"):
        option = page.locator("#person option", has_text=name)
        page.get_by_label("Add a person").select_option(option.get_attribute("value"))
        page.get_by_role("button", name=re.compile("^Add")).first.click()
    page.get_by_text("Only for this person").first.click()
    page.get_by_label("Language of the mail").first.select_option("fa")
    page.get_by_label("at the same time as the one before").nth(1).check()
    page.get_by_label("Title").fill("Three in two turns")
    page.get_by_role("button", name=re.compile("Next: place the fields")).click()
    page.wait_for_url(re.compile("/prepare"))
    envelope = re.search(r"/envelopes/(\w+)", page.url)[1]
    source = page.locator("script[src*='js/ui.js']").get_attribute("src")
    page.evaluate(PLACE, [source, envelope])
    page.reload()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page).to_have_url(re.compile("notice=sent"))
    return envelope


def _sign_in_persian(phone, anna):
    expect(phone.locator("html")).to_have_attribute("dir", "rtl")
    look(phone, "persian-start")
    phone.get_by_label(t("I have read this and agree to sign electronically.")).check()
    phone.get_by_role("button", name=t("Agree and read the document")).click()
    expect(phone).to_have_url(re.compile("/review"))
    look(phone, "persian-review")
    fill_in(phone)
    expect(phone.get_by_role("heading", level=1)).to_have_text(t("Confirm it is you"))
    look(phone, "persian-confirm")
    phone.get_by_label(t("6-digit code from your authenticator app")).fill(anna.code())
    phone.locator("#sign").click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text(
        t("Thank you, {name}. You have signed.", name="Anna")
    )
    look(phone, "persian-done")
