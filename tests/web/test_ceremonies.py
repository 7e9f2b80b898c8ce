"""The ceremony over HTTP: consent apart from signing, every page shown, a code for exactly this document."""

from datetime import timedelta

import pytest

from actions import envelope_world as signing
from docvault.credentials import totp
from docvault.database import factors

from .portal import unknown_id

DRAWN = {"kind": "drawn", "strokes": [[[0.1, 0.2], [0.4, 0.1], [0.6, 0.3]]]}


@pytest.fixture
def envelope(site):
    return signing.sent(site.made)


@pytest.fixture
def client(site):
    return site.sign_in(site.world.client)


def enrol(site, acting) -> bytes:
    """Give a person an authenticator; return its seed."""
    now = site.portal.clock() - timedelta(minutes=5)
    with site.world.db.transaction() as tx:
        secret = factors.propose(tx, site.portal.vault.records, acting.person_id, now)
        code = totp.code_at(secret, totp.step_at(now))
        assert factors.confirm(tx, site.portal.vault.records, acting.person_id, code, now).refusal is None
    return secret


def post(browser, path, **fields):
    return browser.post(path, data=fields, follow_redirects=False)


def agree(browser, envelope, **changed):
    words = browser.get(f"/api/v1/envelopes/{envelope}/ceremony").json()["consent"]
    fields = {"consent_id": words["id"], "consent_sha256": words["sha256"], "agree": "yes"} | changed
    return post(
        browser, f"/sign/{envelope}/consent", **{name: value for name, value in fields.items() if value}
    )


def see_everything(browser, envelope):
    pages = browser.get(f"/api/v1/envelopes/{envelope}/ceremony").json()["pages"]
    answer = browser.post(
        f"/api/v1/envelopes/{envelope}/ceremony/pages", json={"pages": list(range(1, pages + 1))}
    )
    assert answer.json() == {"pages": list(range(1, pages + 1))}


def answers(browser, envelope):
    values = {"signature": True, "initials": "CC", "date": "2026-03-02", "text": "Director", "checkbox": True}
    fields = browser.get(f"/api/v1/envelopes/{envelope}/ceremony").json()["fields"]
    return {field["id"]: values[field["kind"]] for field in fields}


def prove(browser, site, secret, digest):
    code = totp.code_at(secret, totp.step_at(site.portal.clock()))
    answer = browser.post(
        "/api/v1/step-ups", json={"purpose": "envelope:sign", "digest": digest, "code": code}
    )
    assert answer.status_code == 201, answer.text
    cookie = answer.headers["set-cookie"].split(";")[0]
    browser.headers["cookie"] = cookie
    return answer.json()["id"]


def sign(browser, envelope, proof, **changed):
    body = {"step_up": proof, "answers": answers(browser, envelope), "signature": DRAWN} | changed
    return browser.post(f"/api/v1/envelopes/{envelope}/ceremony/sign", json=body)


def digest_of(browser, envelope):
    return browser.get(f"/api/v1/envelopes/{envelope}/ceremony").json()["digest"]


def test_the_start_says_who_asks_for_what_and_what_comes_next(client, envelope):
    page = client.get(f"/sign/{envelope}").text
    for words in (
        "Maya Manager asks you to sign",
        "What happens next",
        "Agree and read the document",
        "Decline to sign",
    ):
        assert words in page


@pytest.mark.promise(63)
def test_consent_is_given_apart_and_to_exactly_the_words_shown(client, envelope):
    skipped = client.get(f"/sign/{envelope}/review", follow_redirects=False)
    assert skipped.headers["location"] == f"/sign/{envelope}"
    assert agree(client, envelope, agree="").status_code == 400
    assert agree(client, envelope, consent_sha256="0" * 64).status_code == 400
    assert client.get(f"/sign/{envelope}/review", follow_redirects=False).status_code == 303
    assert agree(client, envelope).headers["location"] == f"/sign/{envelope}/review"
    assert client.get(f"/sign/{envelope}/review").status_code == 200


def test_the_review_shows_the_pages_and_only_ones_own_fields(client, envelope):
    agree(client, envelope)
    page = client.get(f"/sign/{envelope}/review").text
    assert page.count("<figure") == 2
    own = client.get(f"/api/v1/envelopes/{envelope}/ceremony").json()["fields"]
    assert all(field["id"] in page for field in own)
    assert len(own) == 5
    assert "Services agreement, part 2" in client.get(f"/sign/{envelope}/text").text


@pytest.mark.promise(63)
def test_signing_waits_until_every_page_was_shown(client, envelope, site):
    secret = enrol(site, site.world.client)
    agree(client, envelope)
    client.post(f"/api/v1/envelopes/{envelope}/ceremony/pages", json={"pages": [1]})
    answer = sign(client, envelope, prove(client, site, secret, digest_of(client, envelope)))
    assert answer.status_code == 409
    assert "every page" in answer.json()["detail"]


def test_signed_once_and_the_page_says_who_comes_next(client, envelope, site):
    secret = enrol(site, site.world.client)
    agree(client, envelope)
    see_everything(client, envelope)
    assert sign(client, envelope, prove(client, site, secret, digest_of(client, envelope))).status_code == 204
    done = client.get(f"/sign/{envelope}/done").text
    assert "Thank you, Clara. You have signed." in done
    assert "People who come after you: 1" in done
    assert (
        client.get(f"/sign/{envelope}", follow_redirects=False).headers["location"]
        == f"/sign/{envelope}/done"
    )
    site.portal.clock.now += timedelta(seconds=31)
    again = sign(client, envelope, prove(client, site, secret, digest_of(client, envelope)))
    assert (again.status_code, "already signed" in again.json()["detail"]) == (409, True)


@pytest.mark.promise(17)
def test_a_code_for_another_document_signs_nothing(client, envelope, site):
    secret = enrol(site, site.world.client)
    agree(client, envelope)
    see_everything(client, envelope)
    answer = sign(client, envelope, prove(client, site, secret, "0" * 64))
    assert answer.status_code == 403
    assert client.get(f"/api/v1/envelopes/{envelope}/ceremony").json()["state"] == "your-turn"


def test_a_field_left_out_is_asked_for(client, envelope, site):
    secret = enrol(site, site.world.client)
    agree(client, envelope)
    see_everything(client, envelope)
    proof = prove(client, site, secret, digest_of(client, envelope))
    answer = sign(client, envelope, proof, answers={})
    assert answer.status_code == 409
    assert "still empty" in answer.json()["detail"]


@pytest.mark.parametrize(
    "signature",
    [
        {"kind": "drawn", "strokes": []},
        {"kind": "typed", "text": "", "style": "caveat"},
        {"kind": "typed", "text": "Clara", "style": "comic"},
        {"kind": "picture", "png": "bm90IGEgcG5n"},
        {"kind": "stamp"},
        {"kind": "drawn", "strokes": [[[0.1, 0.2, 0.3]]]},
    ],
)
def test_a_signature_that_cannot_be_drawn_is_refused(client, envelope, site, signature):
    secret = enrol(site, site.world.client)
    agree(client, envelope)
    see_everything(client, envelope)
    answer = sign(
        client, envelope, prove(client, site, secret, digest_of(client, envelope)), signature=signature
    )
    assert answer.status_code == 400
    assert client.get(f"/api/v1/envelopes/{envelope}/ceremony").json()["signed_at"] is None


def test_out_of_turn_a_person_is_told_to_wait(envelope, site):
    manager = site.sign_in(site.world.manager)
    page = manager.get(f"/sign/{envelope}")
    assert "It is not your turn yet" in page.text
    assert agree(manager, envelope).status_code == 409
    assert manager.get(f"/sign/{envelope}/confirm", follow_redirects=False).status_code == 303


def test_declining_needs_a_reason_ends_it_and_tells_the_sender(client, envelope, site):
    assert post(client, f"/sign/{envelope}/decline", reason=" ").status_code == 400
    declined = post(client, f"/sign/{envelope}/decline", reason="The price is wrong")
    assert declined.status_code == 303
    assert "This envelope has ended" in client.get(declined.headers["location"]).text
    page = site.sign_in(site.world.manager).get(f"/envelopes/{envelope}").text
    assert "The price is wrong" in page
    assert agree(client, envelope).status_code == 409


def test_after_a_void_the_signer_is_told(client, envelope, site):
    manager = site.sign_in(site.world.manager)
    post(manager, f"/envelopes/{envelope}/void", reason="Wrong version")
    page = client.get(f"/sign/{envelope}").text
    assert "voided it" in page
    assert "Wrong version" in page


@pytest.mark.promise(21)
def test_who_was_not_asked_cannot_tell_it_from_an_unknown_one(envelope, site):
    stranger = site.sign_in(site.world.other_client)
    for path in ("/sign/{}", "/sign/{}/review", "/sign/{}/done", "/api/v1/envelopes/{}/ceremony"):
        foreign, random = (stranger.get(path.format(which)) for which in (envelope, unknown_id()))
        assert foreign.status_code == random.status_code == 404
        assert foreign.content == random.content


def test_answers_are_kept_and_come_back_in_another_browser(client, envelope, site):
    said = {field["kind"]: field["id"] for field in fields_of(client, envelope)}
    kept = {said["text"]: " Director ", said["checkbox"]: True}
    path = f"/api/v1/envelopes/{envelope}/ceremony/answers"
    assert client.put(path, json={"answers": kept}).status_code == 204
    elsewhere = site.sign_in(site.world.client)
    found = elsewhere.get(f"/api/v1/envelopes/{envelope}/ceremony").json()["answers"]
    assert found == {said["text"]: "Director", said["checkbox"]: True}
    for wrong in ({said["date"]: "tomorrow"}, {said["checkbox"]: "true"}, {"other": "x"}):
        answer = client.put(path, json={"answers": wrong})
        assert answer.status_code == 400
        assert answer.json()["detail"]
    assert client.put(path, json={"answers": {said["text"]: 5}}).status_code == 400


def fields_of(browser, envelope):
    return browser.get(f"/api/v1/envelopes/{envelope}/ceremony").json()["fields"]
