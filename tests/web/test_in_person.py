"""One device in two hands, through the pages: what each browser holds, and where the signer may go."""

import pytest

from actions import envelope_world as signing
from actions import outside
from actions.test_in_person import newest_code, olga_in, send
from actions.world import NOW
from docvault.actions import in_person
from docvault.database import people, sessions
from docvault.database.sessions import Source
from docvault.rules.in_person import Checked
from docvault.web import cookies
from docvault.web.words import in_language


def host_at(site, acting):
    """Return the host's browser, and who acts in it."""
    with site.world.db.transaction() as tx:
        person = people.by_id(tx, acting.person_id)
        source = Source("203.0.113.7", "tests")
        session = sessions.start(tx, person, kind="full", factors="password+totp", source=source, now=NOW)
    return site.carry(session), session.acting


def holding(site, answer):
    """Return a browser that holds what an answer gave it, and nothing else."""
    browser = site.visit()
    given = {name: value for name, value in answer.cookies.items() if value}
    browser.headers["cookie"] = "; ".join(f"{name}={value}" for name, value in given.items())
    browser.headers["x-csrf-token"] = given.get(cookies.SESSION, "").partition(".")[2]
    return browser


def handed(site, code="fa"):
    """Make an envelope for Olga in a language, and hand the device over; return browser and mailed code."""
    envelope_id = send(site.made)
    browser, acting = host_at(site, site.world.manager)
    recipient = olga_in(site.made, envelope_id)
    with site.world.db.transaction() as tx:
        from docvault.database import recipients

        recipients.change(tx, recipient.id, chosen_language=code)
    page = browser.get(f"/in-person/{recipient.id}").text
    assert "Olga Outside signs beside you" in page
    digest = in_person.show(site.world.db, acting=acting, recipient_id=recipient.id).digests
    proof = signing.step_up(site.made, acting, digest[Checked.KNOWN], NOW, in_person.STEP_UP)
    before = outside._codes(site.made)
    fields = {"checked": "known", "step_up": proof}
    answer = browser.post(f"/in-person/{recipient.id}", data=fields, follow_redirects=False)
    assert answer.headers["location"] == "/in-person/code", answer.text
    return envelope_id, browser, holding(site, answer), newest_code(site.made, before)


def test_the_device_goes_there_and_back_and_never_holds_both(site):
    envelope_id, host, device, code = handed(site)
    assert host.get("/inbox", follow_redirects=False).headers["location"].startswith("/login")  # parked
    screen = device.get("/in-person/code")
    t = in_language("fa")
    assert '<html lang="fa" dir="rtl">' in screen.text
    assert t("{name}, this device is yours now", name="Olga Outside") in screen.text
    assert device.get("/inbox", follow_redirects=False).headers["location"].startswith("/login")
    wrong = device.post("/in-person/code", data={"code": "0000 0000"})
    assert wrong.status_code == 403
    entered = device.post("/in-person/code", data={"code": code}, follow_redirects=False)
    assert entered.headers["location"] == f"/sign/{envelope_id}"
    signer = holding(site, entered)
    signer.headers["cookie"] += "; " + device.headers["cookie"]
    start = signer.get(f"/sign/{envelope_id}")
    assert t("Give the device back") in start.text
    assert site.world.manager.name in start.text
    for closed in ("/envelopes", "/inbox", "/api/v1/factors", "/account", "/api/v1/envelopes"):
        assert signer.get(closed, follow_redirects=False).status_code == 403, closed
    elsewhere = signer.post("/in-person/back", headers={"x-csrf-token": "no"}, follow_redirects=False)
    assert elsewhere.status_code == 403
    back = signer.post("/in-person/back", follow_redirects=False)
    assert back.headers["location"] == "/login/code"
    assert signer.get(f"/sign/{envelope_id}", follow_redirects=False).headers["location"].startswith("/login")
    assert "6-digit code" in holding(site, back).get("/login/code").text or back.cookies[cookies.CHALLENGE]


@pytest.mark.promise(62)
def test_at_the_device_only_a_code_from_the_signers_mail_confirms(site):
    envelope_id, _, device, code = handed(site, "en")
    entered = device.post("/in-person/code", data={"code": code}, follow_redirects=False)
    signer = holding(site, entered)
    seen = signer.get(f"/api/v1/envelopes/{envelope_id}/ceremony").json()
    wanted = {"purpose": "envelope:sign", "digest": seen["digest"], "code": code}
    assert signer.post("/api/v1/step-ups", json=wanted).status_code == 401  # the code that opened is used up
    before = outside._codes(site.made)
    mailed = signer.post("/api/v1/in-person/signing-codes", json={})
    assert mailed.status_code == 204
    signer.headers["cookie"] += f"; {cookies.ASKED}={mailed.cookies[cookies.ASKED]}"
    fresh = newest_code(site.made, before)
    assert signer.post("/api/v1/step-ups", json={**wanted, "purpose": "account:change"}).status_code == 403
    proven = signer.post("/api/v1/step-ups", json={**wanted, "code": fresh})
    assert proven.status_code == 201
    again = holding(site, proven).post("/api/v1/step-ups", json={**wanted, "code": fresh})
    assert again.status_code == 401


def test_a_host_without_a_reason_to_trust_is_asked_again_and_stays_signed_in(site):
    envelope_id = send(site.made)
    browser, _ = host_at(site, site.world.manager)
    recipient = olga_in(site.made, envelope_id)
    answer = browser.post(f"/in-person/{recipient.id}", data={"code": "123456"})
    assert answer.status_code == 400
    assert "Please say how you checked who they are." in answer.text
    waiting = browser.get("/api/v1/in-person").json()["items"]
    assert [one["name"] for one in waiting] == ["Olga Outside"]
    assert f'href="/in-person/{recipient.id}"' in browser.get("/inbox").text
    assert f'href="/in-person/{recipient.id}"' in browser.get(f"/envelopes/{envelope_id}").text
