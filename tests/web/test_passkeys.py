"""Passkeys behind the HTTP door: what a browser gets, keeps and sends."""

import base64
from datetime import timedelta

import pytest

from credentials.authenticator import Authenticator, lying
from docvault.actions import passkeys
from docvault.credentials.passkeys import Creation, Request
from docvault.database import people
from docvault.web import cookies

from .portal import NOW

PREFIX = "/api/v1"


def plain(**fields):
    """Return bytes as JSON carries them."""
    return {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in fields.items()
    }


def bytes_of(text):
    return base64.b64decode(text)


@pytest.fixture
def device():
    return Authenticator()


@pytest.fixture
def party(site):
    return site.portal.relying_party


def make(device, party, wanted, lies=lying()):  # noqa: B008 - a frozen value
    creation = Creation(party, bytes_of(wanted["challenge"]), bytes_of(wanted["user_id"]), "", "", ())
    made = device.make(creation, lies)
    return plain(
        credential_id=made.credential_id,
        client_data=made.client_data,
        attestation=made.attestation,
        transports=list(made.transports),
    )


def use(device, party, wanted, lies=lying()):  # noqa: B008 - a frozen value
    signed = device.sign(Request(party, bytes_of(wanted["challenge"])), lies)
    return plain(
        credential_id=signed.credential_id,
        client_data=signed.client_data,
        authenticator_data=signed.authenticator_data,
        signature=signed.signature,
        user_handle=signed.handle,
    )


def add(browser, device, party, name="My phone"):
    wanted = browser.post(f"{PREFIX}/passkeys/options", json={}).json()
    answer = browser.post(f"{PREFIX}/passkeys", json={"name": name, **make(device, party, wanted)})
    assert answer.status_code == 201, answer.text
    return answer.json()


def sign_in(site, device, party, lies=lying(), **headers):  # noqa: B008 - a frozen value
    """Sign in with a passkey alone; return the browser and the last answer."""
    browser = site.visit()
    wanted = browser.post(f"{PREFIX}/session/passkey/options", headers=headers).json()
    answer = browser.post(f"{PREFIX}/session/passkey", json=use(device, party, wanted, lies), headers=headers)
    return browser, answer


@pytest.fixture
def owner(site, device, party):
    """The client's browser; their passkey is in `device`, and they have a password as well."""
    with site.world.db.transaction() as tx:
        people.set_password(tx, site.world.client.person_id, "$argon2id$")
    browser = site.sign_in(site.world.client)
    browser.passkey = add(browser, device, party)
    return browser


@pytest.mark.promise(83)
@pytest.mark.promise(2)
def test_a_passkey_signs_in_and_its_cookies_are_strict(site, device, party, owner):
    browser, answer = sign_in(site, device, party)
    assert answer.status_code == 204, answer.text
    me = browser.get(f"{PREFIX}/me").json()
    assert (me["id"], me["factors"], me["session_kind"]) == (site.world.client.person_id, "passkey", "full")
    given = site.visit().post(f"{PREFIX}/session/passkey/options").headers["set-cookie"]
    assert given.startswith(cookies.PASSKEY)
    assert {"Secure", "HttpOnly", "SameSite=strict", "Path=/"} <= set(given.split("; "))
    assert cookies.PASSKEY not in browser.cookies  # gone with the answer
    listed = owner.get(f"{PREFIX}/passkeys").json()["items"]
    assert [(each["name"], each["used_at"] is not None) for each in listed] == [("My phone", True)]


@pytest.mark.promise(9)
@pytest.mark.asvs("6.3.8")
def test_the_question_is_the_same_for_everybody_but_its_challenge(site, device, party):
    before = site.visit().post(f"{PREFIX}/session/passkey/options")
    add(site.sign_in(site.world.client), device, party)
    after = site.visit().post(f"{PREFIX}/session/passkey/options")
    asked = [answer.json() for answer in (before, after)]
    assert asked[0].pop("challenge") != asked[1].pop("challenge")
    assert asked[0] == asked[1] == {"rp_id": "vault.example.com", "allow": [], "timeout": 300_000}


@pytest.mark.promise(9)
@pytest.mark.asvs("6.3.8")
def test_whatever_is_wrong_the_answer_has_the_same_bytes(site, device, party, owner):
    stranger = Authenticator()
    stranger.make(Creation(party, bytes(32), b"nobody", "", "", ()))
    wrong = {
        "unknown": sign_in(site, stranger, party)[1],
        "another origin": sign_in(site, device, party, lying(origin="https://evil.example"))[1],
        "not verified": sign_in(site, device, party, lying(flags=1))[1],
        "forged": sign_in(site, device, party, lying(signature=b"\x00"))[1],
        "not asked": site.visit().post(
            f"{PREFIX}/session/passkey",
            json=use(device, party, {"challenge": base64.b64encode(bytes(32)).decode()}),
        ),
    }
    assert {answer.status_code for answer in wrong.values()} == {401}
    assert len({answer.content for answer in wrong.values()}) == 1


@pytest.mark.promise(13)
def test_whom_a_passkey_is_for_comes_from_the_settings_never_from_the_request(site, device, owner):
    evil = {"host": "evil.example", "x-forwarded-host": "evil.example"}
    asked = site.visit().post(f"{PREFIX}/session/passkey/options", headers=evil).json()
    assert asked["rp_id"] == "vault.example.com"
    made_for = type(site.portal.relying_party)("evil.example", "https://evil.example", "x")
    assert sign_in(site, device, made_for, **evil)[1].status_code == 401


@pytest.mark.promise(1)
def test_a_ceremony_opens_nothing_but_its_end(site, device, party, owner):
    browser = site.visit()
    browser.post(f"{PREFIX}/session/passkey/options")
    for path in ("/me", "/passkeys", "/factors", "/folders"):
        assert browser.get(f"{PREFIX}{path}").status_code == 401


@pytest.mark.promise(23)
@pytest.mark.parametrize(
    "change", [{"signature": "not base64!"}, {"signature": 5}, {"more": "x"}, {"credential_id": None}]
)
def test_an_answer_that_does_not_fit_is_refused_before_anything_else(site, device, party, owner, change):
    browser = site.visit()
    wanted = browser.post(f"{PREFIX}/session/passkey/options").json()
    given = use(device, party, wanted)
    assert browser.post(f"{PREFIX}/session/passkey", json=given | change).status_code == 400
    assert browser.post(f"{PREFIX}/session/passkey", json=given).status_code == 204


@pytest.mark.promise(17)
@pytest.mark.promise(18)
def test_a_passkey_confirms_a_deed_and_the_sessions_cookie_changes(site, device, party):
    browser = site.sign_in(site.world.officer)
    add(browser, device, party)
    deed = {"purpose": "account:change", "digest": "ab" * 32}
    wanted = browser.post(f"{PREFIX}/step-ups/options", json=deed).json()
    assert [len(bytes_of(each["id"])) for each in wanted["allow"]] == [32]
    both = deed | {"code": "000000", "passkey": use(device, party, wanted)}
    assert browser.post(f"{PREFIX}/step-ups", json=both).status_code == 400
    assert browser.post(f"{PREFIX}/step-ups", json=deed).status_code == 400
    wanted = browser.post(f"{PREFIX}/step-ups/options", json=deed).json()
    answer = browser.post(f"{PREFIX}/step-ups", json=deed | {"passkey": use(device, party, wanted)})
    assert answer.status_code == 201, answer.text
    assert answer.headers["set-cookie"].startswith(cookies.SESSION)
    assert browser.get(f"{PREFIX}/me").status_code == 401  # the old secret is over


def test_nothing_is_asked_of_somebody_without_a_passkey(site):
    browser = site.sign_in(site.world.client)
    answer = browser.post(
        f"{PREFIX}/step-ups/options", json={"purpose": "account:change", "digest": "ab" * 32}
    )
    assert answer.status_code == 401
    assert answer.json()["type"].endswith("passkey-refused")


def prove(browser, device, party, digest):
    """Return a proof by passkey, and keep the session's new cookie."""
    deed = {"purpose": "account:change", "digest": digest}
    wanted = browser.post(f"{PREFIX}/step-ups/options", json=deed).json()
    answer = browser.post(f"{PREFIX}/step-ups", json=deed | {"passkey": use(device, party, wanted)})
    browser.headers["cookie"] = answer.headers["set-cookie"].partition(";")[0]
    return answer.json()["id"]


@pytest.mark.promise(19)
@pytest.mark.asvs("6.5.6", "7.4.3")
def test_a_removed_passkeys_sessions_end_at_the_next_request(site, device, party, owner):
    add(owner, device, party, "Another")
    elsewhere, _ = sign_in(site, device, party)
    assert elsewhere.get(f"{PREFIX}/me").status_code == 200
    passkey_id = owner.passkey["id"]
    proof = prove(owner, device, party, passkeys.removal_digest(passkey_id))
    form = {"csrf": owner.headers["x-csrf-token"], "step_up": proof}
    answer = owner.post(f"/account/factors/passkeys/{passkey_id}/remove", data=form, follow_redirects=False)
    assert answer.headers["location"] == "/account/factors?notice=passkey-removed"
    assert elsewhere.get(f"{PREFIX}/me").status_code == 401
    assert owner.get(f"{PREFIX}/me").status_code == 200


@pytest.mark.promise(17)
def test_a_form_says_what_its_proof_must_name_and_nothing_is_done(site, owner):
    passkey_id = owner.passkey["id"]
    before = site.world.rows()
    form, asking = {"csrf": owner.headers["x-csrf-token"]}, {"x-step-up": "ask"}
    answer = owner.post(f"/account/factors/passkeys/{passkey_id}/remove", data=form, headers=asking)
    assert answer.json() == {"purpose": "account:change", "digest": passkeys.removal_digest(passkey_id)}
    assert site.world.rows() == before


def test_an_old_session_is_told_to_sign_in_again_and_comes_back(site, owner):
    assert "Add a passkey" in owner.get("/account/factors").text
    site.portal.clock.now = NOW + timedelta(minutes=16)
    page = owner.get("/account/factors").text
    assert "sign in again first" in page
    assert "Add a passkey" not in page
    form = {"csrf": owner.headers["x-csrf-token"], "next": "/account/factors"}
    answer = owner.post("/logout", data=form, follow_redirects=False)
    assert answer.headers["location"] == "/login?next=/account/factors"
    site.portal.clock.now = NOW


@pytest.mark.parametrize("name", ["", "a\u202eb", "x" * 101])
def test_a_name_that_cannot_be_is_refused_on_the_page_in_words(owner, name):
    form = {"csrf": owner.headers["x-csrf-token"], "name": name}
    answer = owner.post(f"/account/factors/passkeys/{owner.passkey['id']}/rename", data=form)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


@pytest.mark.promise(21)
def test_somebody_elses_passkey_is_not_there_on_the_page_either(site, owner):
    other = site.sign_in(site.world.other_client)
    form = {"csrf": other.headers["x-csrf-token"], "code": "000000"}
    answers = [
        other.post(f"/account/factors/passkeys/{passkey_id}/remove", data=form)
        for passkey_id in (owner.passkey["id"], "nothing")
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
