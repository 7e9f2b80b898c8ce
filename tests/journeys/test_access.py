"""An officer asks who could see what; an administrator asks why; a manager shares for a while; glass breaks."""

import csv
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from .conftest import look
from .steps import sign_in

pytestmark = pytest.mark.browser


def test_an_officer_reads_that_a_past_day_differs_from_today(desktop, portal):
    sign_in(desktop, portal.people["ines"], path="/access")
    desktop.get_by_label("Folder or person").fill("Warehouse tender")
    desktop.get_by_role("button", name="Show").click()
    who = desktop.get_by_role("table", name="Who could see the folder")
    expect(who.get_by_role("link", name="Anna Lindqvist")).to_be_visible()
    expect(who.get_by_role("link", name="Tomasz Żak")).to_have_count(0)
    history = desktop.get_by_role("table", name="History")
    expect(history.get_by_text("Tomasz Żak: was shared to read and add")).to_be_visible()
    since = history.locator("time").first.get_attribute("datetime")
    assert since
    desktop.get_by_label("Date and time (UTC)").fill(
        (datetime.fromisoformat(since) + timedelta(hours=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
    )
    desktop.get_by_role("button", name="Show").click()
    expect(who.get_by_role("link", name="Tomasz Żak")).to_be_visible()
    expect(who.get_by_text("A person with whom a folder is shared sees it.")).to_be_visible()
    look(desktop, "access")
    with desktop.expect_download() as download:
        desktop.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(download.value.path().read_text().splitlines()))
    assert {row["name"]: row["upload"] for row in rows}["Tomasz Żak"] == "yes"
    who.get_by_role("link", name="Lena Voss").click()
    expect(desktop.get_by_role("heading", name="What Lena Voss could see")).to_be_visible()
    expect(desktop.get_by_text("Member of Fabryka Słońca Sp. z o.o.")).to_be_visible()


def test_the_report_fits_a_phone(phone, portal):
    sign_in(phone, portal.people["ines"], path="/access?about=person&words=lena")
    expect(phone.get_by_text("Folder “Prices and margins”: kept out")).to_be_visible()
    look(phone, "access")


def test_an_administrator_reads_why(desktop, portal):
    sign_in(desktop, portal.people["sam"], path="/policy")
    desktop.get_by_label("May this person").fill("anna")
    desktop.get_by_label("do this").select_option("outbox:read")
    desktop.get_by_role("button", name="Explain").click()
    answer = desktop.get_by_role("status").filter(has_text="Refused")
    expect(answer).to_contain_text("No rule allows this to somebody with the role client")
    desktop.get_by_label("do this").select_option("account:change")
    desktop.get_by_role("button", name="Explain").click()
    expect(desktop.get_by_role("status").filter(has_text="Allowed")).to_contain_text(
        "own-account-is-ones-own"
    )
    look(desktop, "policy")


def test_a_manager_shares_until_a_day_and_keeps_somebody_out(desktop, portal):
    sign_in(desktop, portal.people["marta"], path="/folders")
    desktop.get_by_role("link", name="Prices and margins").click()
    expect(desktop.get_by_role("navigation", name="Where this folder lies")).to_contain_text(
        "Warehouse tender"
    )
    desktop.get_by_role("button", name="Share this folder").click()
    dialog = desktop.get_by_role("dialog")
    dialog.get_by_label("With").select_option(label="Tomasz Żak, Fabryka Słońca Sp. z o.o.")
    last = datetime.now(UTC).date() + timedelta(days=30)
    dialog.get_by_label("Until the end of").fill(last.isoformat())
    dialog.get_by_role("button", name="Share").click()
    members = desktop.get_by_role("region", name="Who can see it")
    expect(members).to_contain_text(f"until {last.day} {last:%B %Y}")
    look(desktop, "folder-shared")
    desktop.get_by_role("button", name="Keep somebody out").click()
    dialog.get_by_label("Who").select_option(label="Tomasz Żak, Fabryka Słońca Sp. z o.o.")
    dialog.get_by_role("button", name="Keep out").click()
    outside = desktop.get_by_role("region", name="Who is kept out")
    expect(outside).to_contain_text("Tomasz Żak")
    expect(outside).to_contain_text("Lena Voss")
    expect(members).not_to_contain_text("Tomasz Żak")
    outside.get_by_role("button", name="Let in Tomasz Żak again").click()
    expect(outside).not_to_contain_text("Tomasz Żak")


def test_an_officer_breaks_the_glass_and_reads(desktop, portal):
    ines = portal.people["ines"]
    sign_in(desktop, ines, path="/folders")
    desktop.get_by_role("link", name="Solar roof programme").click()
    desktop.get_by_role("link", name=re.compile("Statement of Work")).first.click()
    expect(desktop.locator("figure")).to_have_count(0)
    desktop.get_by_label("Why do you have to read it?").fill(
        "The regulator asks which instalments were agreed."
    )
    desktop.get_by_label(re.compile("6-digit code")).fill(ines.code())
    desktop.get_by_role("button", name="Break the glass").click()
    expect(desktop.get_by_text("You broke the glass of this document.")).to_be_visible()
    expect(desktop.locator("figure[data-page='1'] img")).to_be_visible()
    expect(desktop.get_by_role("link", name="Download")).to_have_count(0)
    look(desktop, "glass")
