"""Signing goes once, in turn, complete, and for the document that was confirmed; anything else changes nothing."""

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pikepdf
import pytest

from docvault.actions import audit, step_ups
from docvault.audit.kinds import Kind
from docvault.credentials import totp
from docvault.database.audit_trail import Filters
from docvault.policy.vocabulary import Role
from docvault.values import utc_now

from .portal import AUDIT, confirm, done, read_and_agree, refused, sent, sign, signed, signing

AT_ONCE = 20


@pytest.fixture
def signer(portal, server):
    return portal.client_member()


@pytest.fixture
def browser(portal, signer):
    return portal.browser(signer)


def copied(portal, browser):
    """Open another browser that holds the same session."""
    other = portal.browser()
    other.cookie = browser.cookie
    return other


def at_once(*deeds):
    """Do all of this in the same moment and return what came of each."""
    start = threading.Barrier(len(deeds))

    def do(deed):
        start.wait()
        return deed()

    with ThreadPoolExecutor(len(deeds)) as threads:
        return list(threads.map(do, deeds))


def test_signing_twice_is_refused_and_changes_nothing(portal, manager, document_id, signer, browser):
    envelope_id = sent(manager, document_id, (signer, 1))
    seen = read_and_agree(browser, envelope_id)
    body = signing(seen, confirm(browser, signer, seen["digest"]))
    done(sign(browser, envelope_id, body))
    again = signing(seen, confirm(browser, signer, seen["digest"]))
    with portal.unchanged():
        refused(sign(browser, envelope_id, body), 409, "already signed")
        refused(sign(browser, envelope_id, again), 409, "already signed")
    assert portal.kinds(envelope_id).count(Kind.ENVELOPE_SIGNED) == 1


def test_signing_out_of_turn_is_refused_and_changes_nothing(portal, manager, document_id, signer, browser):
    first = portal.client_member()
    envelope_id = sent(manager, document_id, (first, 1), (signer, 2))
    seen = done(browser.get(f"/api/v1/envelopes/{envelope_id}/ceremony")).json()
    assert seen["state"] == "waiting"
    proof = confirm(browser, signer, seen["digest"])
    with portal.unchanged():
        base = f"/api/v1/envelopes/{envelope_id}/ceremony"
        consent = {"consent_id": seen["consent"]["id"], "consent_sha256": seen["consent"]["sha256"]}
        refused(browser.post(f"{base}/consent", consent), 409, "others sign before you")
        refused(browser.post(f"{base}/pages", {"pages": [1]}), 409, "others sign before you")
        refused(sign(browser, envelope_id, signing(seen, proof)), 409, "others sign before you")
        refused(browser.post(f"{base}/decline", {"reason": "No."}), 409, "others sign before you")
    signed(portal.browser(first), first, envelope_id)
    read_and_agree(browser, envelope_id)
    done(sign(browser, envelope_id, signing(seen, proof)))  # the refusal had not used the proof up


@pytest.mark.parametrize("ending", ["void", "decline"])
def test_signing_after_the_end_is_refused_and_changes_nothing(
    portal, manager, document_id, signer, browser, ending
):
    envelope_id = sent(manager, document_id, (signer, 1))
    seen = read_and_agree(browser, envelope_id)
    proof = confirm(browser, signer, seen["digest"])
    if ending == "void":
        done(manager.post(f"/api/v1/envelopes/{envelope_id}/void", {"reason": "The dates are wrong."}))
        words = ("voided",)
    else:
        done(browser.post(f"/api/v1/envelopes/{envelope_id}/ceremony/decline", {"reason": "Too expensive."}))
        words = ("declined",)
    with portal.unchanged():
        refused(sign(browser, envelope_id, signing(seen, proof)), 409, *words)
        refused(manager.post(f"/api/v1/envelopes/{envelope_id}/void", {"reason": "Again."}), 409, *words)
        portal.advance(envelope_id)  # a job that was late finds nothing to do
    assert Kind.ENVELOPE_SIGNED not in portal.kinds(envelope_id)


def test_a_field_left_out_is_refused_and_changes_nothing(portal, manager, document_id, signer, browser):
    envelope_id = sent(manager, document_id, (signer, 1))
    seen = read_and_agree(browser, envelope_id)
    proof = confirm(browser, signer, seen["digest"])
    text = next(one["id"] for one in seen["fields"] if one["kind"] == "text")
    whole = signing(seen, proof)
    without = whole | {"answers": {name: value for name, value in whole["answers"].items() if name != text}}
    with portal.unchanged():
        refused(sign(browser, envelope_id, without), 409, "required field", "empty")
        for empty in ("", "   ", "\u3000"):
            blank = whole | {"answers": whole["answers"] | {text: empty}}
            refused(sign(browser, envelope_id, blank), 409, "required field", "empty")
        refused(
            sign(browser, envelope_id, whole | {"answers": whole["answers"] | {text: True}}),
            400,
            "needs text",
        )
        refused(
            sign(browser, envelope_id, whole | {"answers": whole["answers"] | {"0" * 26: "x"}}),
            400,
            "not yours",
        )
        refused(sign(browser, envelope_id, {"step_up": proof, "answers": whole["answers"]}), 400)
        refused(
            sign(
                browser, envelope_id, whole | {"signature": {"kind": "typed", "text": " ", "style": "caveat"}}
            ),
            400,
            "type your name",
        )
    done(sign(browser, envelope_id, whole))


def test_signing_unread_or_without_consent_is_refused_and_changes_nothing(
    portal, manager, document_id, signer, browser
):
    envelope_id = sent(manager, document_id, (signer, 1))
    base = f"/api/v1/envelopes/{envelope_id}/ceremony"
    seen = done(browser.get(base)).json()
    body = signing(seen, confirm(browser, signer, seen["digest"]))
    with portal.unchanged():
        refused(sign(browser, envelope_id, body), 409, "agree")
    consent = {"consent_id": seen["consent"]["id"], "consent_sha256": seen["consent"]["sha256"]}
    with portal.unchanged():
        refused(browser.post(f"{base}/consent", consent | {"consent_sha256": "0" * 64}), 400, "read it again")
    done(browser.post(f"{base}/consent", consent))
    done(browser.post(f"{base}/pages", {"pages": [1]}))
    with portal.unchanged():
        refused(sign(browser, envelope_id, body), 409, "every page")
        refused(browser.post(f"{base}/pages", {"pages": [3]}), 400, "pages 1 to 2")


@pytest.mark.promise(62)
def test_the_same_signature_sent_many_times_at_once_counts_once(
    portal, manager, document_id, signer, browser
):
    envelope_id = sent(manager, document_id, (signer, 1))
    seen = read_and_agree(browser, envelope_id)
    body = signing(seen, confirm(browser, signer, seen["digest"]))
    copies = [copied(portal, browser) for _ in range(AT_ONCE)]
    answers = at_once(*(partial(sign, one, envelope_id, body) for one in copies))
    assert sorted(one.status_code for one in answers) == [204] + [409] * (AT_ONCE - 1)
    for late in answers:
        if late.status_code == 409:
            refused(late, 409, "already signed")
    assert portal.kinds(envelope_id).count(Kind.ENVELOPE_SIGNED) == 1
    jobs = portal.query(
        "SELECT count(*) FROM workflow_status WHERE workflow_uuid LIKE ?", f"advance_envelope-{envelope_id}-%"
    )
    assert jobs == [(1,)]
    portal.advance(envelope_id)
    portal.advance(envelope_id)
    kinds = portal.kinds(envelope_id)
    assert [kinds.count(one) for one in (Kind.SIGNATURE_APPLIED, Kind.ENVELOPE_COMPLETED)] == [1, 1]
    content = done(browser.get(f"/api/v1/envelopes/{envelope_id}/documents/signed/content")).content
    with pikepdf.open(io.BytesIO(content)) as pdf:
        signatures = [one for one in pdf.Root.AcroForm.Fields if one.get("/FT") == "/Sig" and "/V" in one]
    assert len(signatures) == 3  # the signer's own, the portal's seal and the document timestamp


@pytest.mark.promise(65)
def test_of_signing_and_voiding_at_once_one_happens(portal, manager, document_id, signer, browser):
    envelope_id = sent(manager, document_id, (signer, 1))
    seen = read_and_agree(browser, envelope_id)
    body = signing(seen, confirm(browser, signer, seen["digest"]))
    reason = {"reason": "Too late."}
    answers = at_once(
        lambda: sign(browser, envelope_id, body),
        lambda: manager.post(f"/api/v1/envelopes/{envelope_id}/void", reason),
    )
    assert sorted(one.status_code for one in answers) == [204, 409]
    kinds = portal.kinds(envelope_id)
    assert kinds.count(Kind.ENVELOPE_SIGNED) + kinds.count(Kind.ENVELOPE_VOIDED) == 1
    state = done(manager.get(f"/api/v1/envelopes/{envelope_id}")).json()["state"]
    assert state == ("completing" if Kind.ENVELOPE_SIGNED in kinds else "voided")


# --- step-ups -----------------------------------------------------------------------------------------------------


@pytest.mark.promise(17)
def test_a_step_up_for_another_document_does_not_sign_this_one(portal, manager, document_id, signer, browser):
    this, other = (sent(manager, document_id, (signer, 1)) for _ in range(2))
    seen, elsewhere = read_and_agree(browser, this), read_and_agree(browser, other)
    assert seen["digest"] != elsewhere["digest"]
    proof = confirm(browser, signer, elsewhere["digest"])
    with portal.unchanged():
        refused(sign(browser, this, signing(seen, proof)), 403, "confirm")
    done(sign(browser, other, signing(elsewhere, proof)))


@pytest.mark.promise(17)
def test_a_step_up_for_another_purpose_does_not_sign(portal, manager, document_id, signer, browser):
    envelope_id = sent(manager, document_id, (signer, 1))
    seen = read_and_agree(browser, envelope_id)
    proof = confirm(browser, signer, seen["digest"], purpose="audit:export")
    with portal.unchanged():
        refused(sign(browser, envelope_id, signing(seen, proof)), 403, "confirm")
        for odd in (
            {"purpose": "envelope:manage"},
            {"purpose": ""},
            {"digest": "0" * 63},
            {"digest": seen["digest"].upper() + "G"},
        ):
            body = {"purpose": "envelope:sign", "digest": seen["digest"], "code": "000000"} | odd
            refused(browser.post("/api/v1/step-ups", body), 403, "cannot be confirmed")


@pytest.mark.promise(17)
def test_a_step_up_of_another_session_or_person_does_not_sign(portal, manager, document_id, signer, browser):
    colleague = portal.client_member()
    envelope_id = sent(manager, document_id, (signer, 1), (colleague, 1))
    elsewhere, theirs = portal.second_session(signer), portal.browser(colleague)
    seen = read_and_agree(browser, envelope_id)
    foreign = confirm(theirs, colleague, seen["digest"])
    own = confirm(elsewhere, signer, seen["digest"])
    with portal.unchanged():
        for proof in (foreign, own, "0" * 26, "", "'; DROP TABLE step_ups; --"):
            refused(sign(browser, envelope_id, signing(seen, proof)), 403, "confirm")


@pytest.mark.promise(17)
def test_a_step_up_that_is_too_old_does_not_sign(portal, manager, document_id, signer, browser):
    envelope_id = sent(manager, document_id, (signer, 1))
    seen = read_and_agree(browser, envelope_id)
    minutes = portal.wired.db.policy.numbers.sessions.step_up_minutes
    at = utc_now() - timedelta(minutes=minutes, seconds=5)
    proof = step_ups.confirm_step_up(
        portal.wired.db,
        portal.wired.vault.records,
        acting=signer.acting,
        purpose="envelope:sign",
        digest=seen["digest"],
        code=totp.code_at(signer.seed, totp.step_at(at)),
        now=at,
    )
    browser.cookie = f"{proof.token}.{browser.csrf}"
    with portal.unchanged():
        refused(sign(browser, envelope_id, signing(seen, proof.id)), 403, "confirm once more")
    done(sign(browser, envelope_id, signing(seen, confirm(browser, signer, seen["digest"]))))


@pytest.mark.promise(17)
def test_a_step_up_works_once(portal, server):
    officer = portal.join(Role.COMPLIANCE_OFFICER)
    browser = portal.browser(officer)
    wanted = {"format": "csv"}
    digest = audit.export_digest(Filters(), "csv")
    proof = confirm(browser, officer, digest, purpose="audit:export")
    done(browser.post("/api/v1/audit/exports", wanted | {"step_up": proof}))
    with portal.unchanged():
        refused(browser.post("/api/v1/audit/exports", wanted | {"step_up": proof}), 403, "confirm")


@pytest.mark.promise(18)
def test_a_step_up_ends_the_old_cookie(portal, manager, document_id, signer, browser):
    envelope_id = sent(manager, document_id, (signer, 1))
    seen, old = read_and_agree(browser, envelope_id), browser.cookie
    proof = confirm(browser, signer, seen["digest"])
    stale = portal.browser()
    stale.cookie = old
    assert old != browser.cookie
    with portal.unchanged():
        refused(sign(stale, envelope_id, signing(seen, proof)), 401, "sign in")


def test_a_wrong_or_used_code_gives_no_proof(portal, manager, document_id, signer, browser):
    envelope_id = sent(manager, document_id, (signer, 1))
    digest = read_and_agree(browser, envelope_id)["digest"]
    body = {"purpose": "envelope:sign", "digest": digest}
    with portal.only("throttles", *AUDIT):
        for code in (signer.code_of(-3), signer.code_of(2), "12345", ""):
            refused(browser.post("/api/v1/step-ups", body | {"code": code}), 401, "not accepted")
    used = signer.code()
    done(browser.post("/api/v1/step-ups", body | {"code": used}))
    with portal.only("throttles", *AUDIT):
        refused(browser.post("/api/v1/step-ups", body | {"code": used}), 401, "works once")


@pytest.mark.promise(3)
def test_the_same_code_sent_many_times_at_once_gives_one_proof(portal, signer, browser):
    wanted = {"purpose": "envelope:sign", "digest": "0" * 64, "code": signer.code()}
    copies = [copied(portal, browser) for _ in range(AT_ONCE)]
    answers = at_once(*(partial(one.post, "/api/v1/step-ups", wanted) for one in copies))
    assert [one.status_code for one in answers].count(201) == 1
    assert {one.status_code for one in answers} <= {201, 401, 429}
    proofs = portal.query("SELECT count(*) FROM step_ups WHERE person_id = ?", signer.acting.person_id)
    assert proofs == [(1,)]
