"""Two people decide: a phone is lost without recovery codes, and somebody becomes a compliance officer."""

import re
import sqlite3
import time

import pyotp
import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE, look
from .people import STEP, Person
from .steps import begin_with, sign_in, sign_out
from .test_lost_phone import PASSWORD, enrol, invite

pytestmark = pytest.mark.browser

EMAIL = "lena.lost@nordlicht.example"
REASON = "They called; we called back on the number in the contract."
A_LOOK = 40  # seconds in which a worker looks at proposals at least once


def begin(page):
    page.goto("/login")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()


def a_day_passes(portal, email):
    """Put the moment at which what was confirmed about somebody is due into the past."""
    with sqlite3.connect(portal.data / "docvault.sqlite", timeout=30) as database:
        changed = database.execute(
            "UPDATE proposals SET due_at = proposed_at WHERE state = 'waiting' AND subject_id ="
            " (SELECT id FROM people WHERE email = ?)",
            (email,),
        )
        assert changed.rowcount == 1


def link_in_outbox(page, subject, email):
    """Reload the outbox until the mail is there, and return its link."""
    deadline = time.monotonic() + A_LOOK
    while True:
        page.goto("/outbox")
        found = page.locator(".messages li", has_text=email).filter(has_text=subject)
        if found.count():
            found.first.locator("summary").click()
            return found.first.get_by_role("link").get_attribute("href")
        assert time.monotonic() < deadline, f"no mail {subject!r} to {email}"
        page.wait_for_timeout(500)


@pytest.mark.promise(14)
@pytest.mark.promise(26)
@pytest.mark.asvs("6.4.4")
def test_a_phone_without_recovery_codes_is_replaced_by_two_people(open_context, portal, watch):
    watch.allow("401")  # the lost authenticator's code, refused
    sam = open_context(DESKTOP).new_page()
    sign_in(sam, portal.people["sam"], path="/people")
    phone = open_context(PHONE, has_touch=True, is_mobile=True).new_page()
    begin_with(phone, invite(sam, EMAIL))
    phone.get_by_label(re.compile("password")).first.fill(PASSWORD)
    phone.get_by_role("button", name="Continue").click()
    lost, _codes = enrol(phone)
    sign_out(phone)

    ines = open_context(DESKTOP).new_page()
    sign_in(ines, portal.people["ines"], path="/proposals")
    ines.get_by_role("link", name="Lost second factor").click()
    ines.get_by_label("Email of who lost it").fill(EMAIL)
    ines.get_by_role("button", name="Continue").click()
    expect(ines.get_by_text("Ole Brandt")).to_be_visible()
    ines.get_by_label("Why").fill(REASON)
    look(ines, "propose")
    ines.get_by_label("6-digit code").fill(portal.people["ines"].code())
    ines.get_by_role("button", name="Propose").click()
    expect(ines.get_by_text("You proposed this")).to_be_visible()
    expect(ines.get_by_role("button", name="Confirm")).to_have_count(0)

    sam.goto("/proposals")
    look(sam, "proposals")
    sam.get_by_role("link", name=re.compile("Look and decide.*lena.lost")).click()
    expect(sam.get_by_text(REASON)).to_be_visible()
    look(sam, "proposal")
    sam.get_by_label("6-digit code").fill(portal.people["sam"].code())
    sam.get_by_role("button", name="Confirm").click()
    expect(sam.get_by_text("Confirmed, waiting")).to_be_visible()
    assert "/not-me#" in link_in_outbox(sam, "account", EMAIL)  # told at once, with a way to stop it

    begin(phone)  # until then nothing has changed
    expect(phone.get_by_label("6-digit code")).to_be_visible()
    a_day_passes(portal, EMAIL)
    begin_with(phone, link_in_outbox(sam, "Set up your second factor", EMAIL))
    expect(phone.get_by_text("Hello Ole Brandt")).to_be_visible()
    look(phone, "reproof")
    phone.get_by_label("Your password").fill(PASSWORD)
    phone.get_by_role("button", name="Continue").click()
    expect(phone).to_have_url(re.compile("/enrol"))
    secret, _renewed = enrol(phone)
    enrolled = int(time.time()) // STEP  # that step's code is used up
    assert secret != lost
    sign_out(phone)

    begin(phone)
    phone.get_by_label("6-digit code").fill(pyotp.TOTP(lost).now())
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.locator(".err")).to_be_visible()
    sign_in(phone, Person(EMAIL, PASSWORD, secret, last_step=enrolled, data=portal.data))
    sam.goto("/proposals")
    expect(sam.get_by_role("row", name=re.compile("lena.lost")).get_by_text("Done")).to_be_visible()


@pytest.mark.promise(26)
def test_a_compliance_officer_is_appointed_by_two_people(open_context, portal):
    email = "olu@harbourpine.example"
    sam = open_context(DESKTOP).new_page()
    sign_in(sam, portal.people["sam"], path="/proposals")
    sam.get_by_role("link", name="Appoint an administrator or officer").click()
    sam.get_by_label("Name").fill("Olu Officer")
    sam.get_by_label("Email").fill(email)
    sam.get_by_label("Role").select_option("compliance_officer")
    sam.get_by_label("Why").fill("Inês goes on leave in June.")
    sam.get_by_label("6-digit code").fill(portal.people["sam"].code())
    sam.get_by_role("button", name="Propose").click()
    expect(sam.get_by_text("You proposed this")).to_be_visible()

    phone = open_context(PHONE, has_touch=True, is_mobile=True).new_page()
    sign_in(phone, portal.people["ines"], path="/proposals")
    look(phone, "proposals")
    phone.get_by_role("link", name=re.compile("Look and decide.*olu@")).click()
    look(phone, "proposal")
    phone.get_by_label("6-digit code").fill(portal.people["ines"].code())
    phone.get_by_role("button", name="Confirm").click()
    expect(phone.get_by_text("Done. It is in the audit trail.")).to_be_visible()
    assert "/welcome#" in link_in_outbox(sam, "invites you", email)
