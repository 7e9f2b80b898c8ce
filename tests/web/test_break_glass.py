"""Breaking the glass over HTTP: the form, the banner, the refusals, and no download."""

from datetime import timedelta

import pytest

from actions import envelope_world as signing
from docvault.credentials import totp
from docvault.database import factors
from docvault.web.cookies import SESSION

from .portal import folder, upload

WHY = "The regulator asks which price was agreed."


@pytest.fixture
def document(site):
    manager = site.sign_in(site.world.manager)
    return upload(manager, folder(manager, site), "Contract.pdf", signing.contract())


@pytest.fixture
def officer(site):
    return site.sign_in(site.world.officer)


@pytest.fixture
def code(site):
    """Give the officer an authenticator; return what tells its code now."""
    records, officer = site.world.vault.records, site.world.officer
    before = site.portal.clock() - timedelta(minutes=5)
    with site.world.db.transaction() as tx:
        seed = factors.propose(tx, records, officer.person_id, before)
        factors.confirm(tx, records, officer.person_id, totp.code_at(seed, totp.step_at(before)), before)
    return lambda: totp.code_at(seed, totp.step_at(site.portal.clock()))


def post(browser, path, **fields):
    return browser.post(path, data=fields, follow_redirects=False)


def break_it(officer, document, code, **fields):
    given = {"number": "1", "reason": WHY, "code": code} | fields
    return post(officer, f"/documents/{document}/break-glass", **given)


def with_new_cookie(officer, answer):
    """Go on as the browser does: the step-up gave the session another secret."""
    officer.headers["cookie"] = f"{SESSION}={answer.cookies[SESSION]}"


@pytest.mark.promise(28)
def test_the_form_opens_the_pages_and_the_page_says_until_when(site, officer, document, code):
    before = officer.get(f"/documents/{document}").text
    assert "Break the glass" in before
    assert '<svg class="textlayer"' not in before
    answer = break_it(officer, document, code())
    assert answer.status_code == 303
    with_new_cookie(officer, answer)
    page = officer.get(answer.headers["location"]).text
    assert "You broke the glass of this document" in page
    assert '<svg class="textlayer"' in page
    assert "Download" not in page
    assert officer.get(f"/api/v1/documents/{document}/versions/1/content").status_code == 403
    assert officer.get(f"/documents/{document}/text").status_code == 200
    site.portal.clock.now += timedelta(minutes=60)
    closed = site.sign_in(site.world.officer)
    assert closed.get(f"/documents/{document}/text").status_code == 403
    assert "You broke the glass" not in closed.get(f"/documents/{document}").text


def test_a_wrong_code_opens_nothing_and_keeps_what_was_typed(officer, document, code):
    wrong = "000000" if code() != "000000" else "111111"
    answer = break_it(officer, document, wrong)
    assert answer.status_code == 401
    assert WHY in answer.text
    assert officer.get(f"/documents/{document}/text").status_code == 403


def test_a_short_reason_is_refused_in_words_and_takes_no_code(officer, document, code):
    answer = break_it(officer, document, code(), reason="curious")
    assert answer.status_code == 400
    assert "10 to 500 characters" in answer.text
    assert break_it(officer, document, code()).status_code == 303  # the code was not used up


@pytest.mark.promise(28)
def test_the_glass_is_broken_over_the_api_with_a_proof_for_this_version(site, officer, document, code):
    sha256 = officer.get(f"/api/v1/documents/{document}").json()["versions"][0]["sha256"]
    proof = officer.post(
        "/api/v1/step-ups", json={"purpose": "document:break-glass", "digest": sha256, "code": code()}
    )
    with_new_cookie(officer, proof)
    body = {"number": 1, "reason": WHY, "step_up": proof.json()["id"]}
    answer = officer.post(f"/api/v1/documents/{document}/break-glass", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["until"].startswith("2026-03-02T10:30")
    assert officer.get(f"/api/v1/documents/{document}/versions/1/pages/1?width=600").status_code == 200
    again = officer.post(f"/api/v1/documents/{document}/break-glass", json=body)
    assert again.status_code == 403
    assert again.json()["type"].endswith("step-up-invalid")


def test_nobody_else_is_offered_to_break_glass(site, document):
    for acting in (site.world.manager, site.world.client):
        assert "Break the glass" not in site.sign_in(acting).get(f"/documents/{document}").text
