"""Programs at the HTTP door: what a token opens, and all that it does not."""

import hashlib
import json

import pytest

from actions.members import Member
from actions.world import NOW
from docvault.credentials import totp
from docvault.database import factors, sessions, tokens
from docvault.policy.vocabulary import Permission
from docvault.web.cookies import SESSION
from web import portal as sites

SCOPES = ["folder:see", "folder:create"]


def secret_of(site, acting, *scopes):
    with site.world.db.transaction() as tx:
        made = tokens.add(
            tx,
            acting,
            name="Backup",
            scopes=[Permission(each) for each in scopes or SCOPES],
            expires_at=NOW.replace(year=NOW.year + 1),
            now=NOW,
        )
    return made[1]


def program(site, secret):
    visitor = site.visit()
    visitor.headers["authorization"] = f"Bearer {secret}"
    return visitor


def test_a_program_uses_the_api_without_a_csrf_token(site):
    client = program(site, secret_of(site, site.world.manager))
    folder_id = sites.folder(client, site)
    assert client.get(f"/api/v1/folders/{folder_id}").json()["name"] == "Contracts"


@pytest.mark.promise(22)
def test_a_program_does_nothing_beyond_its_scopes_or_its_owner(site):
    narrow = program(site, secret_of(site, site.world.manager, "organisation:list"))
    assert narrow.get("/api/v1/folders").json()["items"] == []
    body = {"organisation_id": site.world.acme, "name": "No", "kind": "contract"}
    assert narrow.post("/api/v1/folders", json=body).status_code in {403, 404}
    client = program(
        site, secret_of(site, site.world.client)
    )  # a client makes no folders, whatever a token says
    assert client.post("/api/v1/folders", json=body).status_code in {403, 404}


@pytest.mark.promise(1)
@pytest.mark.parametrize(
    "path", ["/api/v1/me", "/api/v1/tokens", "/account", "/account/tokens", "/inbox", "/folders", "/people"]
)
def test_a_token_opens_no_page_and_nothing_of_the_account(site, path):
    answer = program(site, secret_of(site, site.world.client)).get(path, follow_redirects=False)
    assert answer.status_code in {401, 303}
    assert "/login" in answer.headers.get("location", "/login")


def test_a_cookie_beside_an_authorization_header_is_refused(site):
    browser = site.sign_in(site.world.manager)
    for given in (f"Bearer {secret_of(site, site.world.manager)}", "Basic YTpi", "Bearer x"):
        for path in ("/api/v1/folders", "/folders", "/api/v1/me"):
            answer = browser.get(path, headers={"authorization": given})
            assert answer.status_code == 400, (path, given)
    assert browser.get("/api/v1/folders").status_code == 200


@pytest.mark.parametrize(
    "write", ["Basic {}", "bearer  {}", "Token {}", "{}", "Bearer {}x", "Bearer {},Bearer {}"]
)
def test_only_one_whole_bearer_token_counts(site, write):
    secret = secret_of(site, site.world.manager)
    client = site.visit()
    headers = {"authorization": write.format(secret, secret)}
    assert client.get("/api/v1/folders", headers=headers).status_code == 401
    twice = [("authorization", f"Bearer {secret}"), ("authorization", f"Bearer {secret}")]
    assert client.get("/api/v1/folders", headers=twice).status_code == 401
    assert client.get("/api/v1/folders", headers={"authorization": f"bearer {secret}"}).status_code == 200


@pytest.mark.promise(84)
def test_another_sites_page_cannot_use_a_token_it_found(site):
    client = program(site, secret_of(site, site.world.manager))
    answer = client.post("/api/v1/folders", json={}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403


@pytest.mark.promise(1)
def test_a_session_is_no_bearer_and_a_token_is_no_cookie(site):
    with site.world.db.transaction() as tx:
        from docvault.database import people

        person = people.by_id(tx, site.world.manager.person_id)
        session = sessions.start(
            tx,
            person,
            kind="full",
            factors="password+totp",
            source=sessions.Source("203.0.113.7", "tests"),
            now=NOW,
        )
    for secret in (session.token, f"{session.token}.{session.csrf}", f"dv_{session.token}"):
        assert program(site, secret).get("/api/v1/folders").status_code == 401
    token = secret_of(site, site.world.manager)
    for value in (token, f"{token}.{token}", f"{token}.{session.csrf}"):
        browser = site.visit()
        browser.headers["cookie"] = f"{SESSION}={value}"
        assert browser.get("/api/v1/folders").status_code == 401


@pytest.fixture
def owner(site):
    """Give the manager an authenticator app and a browser."""
    acting = site.world.manager
    records = site.portal.vault.records
    with site.world.db.transaction() as tx:
        seed = factors.propose(tx, records, acting.person_id, NOW)
        factors.confirm(tx, records, acting.person_id, totp.code_at(seed, totp.step_at(NOW)), NOW)
    member = Member(site.world, acting.email, seed, [], acting, NOW)
    member.later()
    site.portal.clock.now = member.now
    member.browser = site.sign_in(acting)
    return member


def test_a_person_makes_uses_and_revokes_a_token_over_the_api(site, owner):
    browser = owner.browser
    wanted = {"name": "Nightly backup", "scopes": ["folder:see"], "days": 30}
    said = json.dumps({**wanted, "scopes": sorted(wanted["scopes"])}, sort_keys=True, separators=(",", ":"))
    proof = browser.post(
        "/api/v1/step-ups",
        json={
            "purpose": "token:create",
            "digest": hashlib.sha256(said.encode()).hexdigest(),
            "code": owner.code(),
        },
    )
    assert proof.status_code == 201, proof.text
    value = proof.cookies[SESSION]
    browser.headers["cookie"] = f"{SESSION}={value}"
    made = browser.post("/api/v1/tokens", json={**wanted, "step_up": proof.json()["id"]})
    assert made.status_code == 201, made.text
    client = program(site, made.json()["token"])
    assert client.get("/api/v1/folders").status_code == 200
    listed = browser.get("/api/v1/tokens").json()
    assert [one["name"] for one in listed["items"]] == ["Nightly backup"]
    assert "token" not in listed["items"][0]
    assert browser.delete(f"/api/v1/tokens/{made.json()['id']}").status_code == 204
    assert client.get("/api/v1/folders").status_code == 401


def test_the_page_makes_a_token_shows_it_once_and_revokes_it(site, owner):
    browser = owner.browser
    csrf = browser.headers.pop("x-csrf-token")
    fields = {"csrf": csrf, "name": "Reports", "days": "30", "code": owner.code(), "folder:see": "yes"}
    page = browser.post("/account/tokens", data=fields)
    assert page.status_code == 200, page.text
    secret = page.text.split('id="secret">')[1].split("<")[0]
    assert program(site, secret).get("/api/v1/folders").status_code == 200
    browser.headers["cookie"] = f"{SESSION}={page.cookies[SESSION]}"
    later = browser.get("/account/tokens").text
    assert "Reports" in later
    assert secret not in later
    revoke = later.split('action="/account/tokens/')[1].split('"')[0]
    answer = browser.post(f"/account/tokens/{revoke}", data={"csrf": csrf}, follow_redirects=False)
    assert answer.status_code == 303
    assert program(site, secret).get("/api/v1/folders").status_code == 401


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"code": "000000", "folder:see": "yes"}, 401, "not accepted"),
        ({"days": "400", "folder:see": "yes"}, 400, "365 days"),
        ({"days": "x", "folder:see": "yes"}, 400, "form"),
        ({}, 400, "at least one"),
        ({"envelope:sign": "yes"}, 400, "cannot make a token"),
        ({"folder:see": "on"}, 400, "form"),
    ],
)
def test_a_wrong_form_is_answered_in_words_and_makes_nothing(site, owner, fields, status, said):
    browser = owner.browser
    given = {"csrf": browser.headers["x-csrf-token"], "name": "Reports", "days": "30", "code": owner.code()}
    before = site.count("sessions")
    page = browser.post("/account/tokens", data={**given, **fields})
    assert (page.status_code, site.count("sessions")) == (status, before)
    assert said in page.text


@pytest.mark.promise(21)
def test_somebody_elses_token_and_no_token_answer_the_same(site):
    secret_of(site, site.world.other_client)
    with site.world.db.reading() as tx:
        [other] = tokens.of_person(tx, site.world.other_client.person_id, NOW)
    browser = site.sign_in(site.world.client)
    answers = [browser.delete(f"/api/v1/tokens/{each}") for each in (other.id, sites.unknown_id())]
    assert answers[0].status_code == 404
    assert answers[0].content == answers[1].content


@pytest.mark.asvs("7.2.2")
def test_the_description_says_where_a_token_is_taken(site):
    described = site.visit().get("/api/openapi.json").json()
    assert set(described["components"]["securitySchemes"]) == {"session", "token", "guest"}
    assert {"token": []} in described["paths"]["/api/v1/folders"]["get"]["security"]
    assert {"token": []} not in described["paths"]["/api/v1/tokens"]["get"]["security"]
    assert "security" not in described["paths"]["/api/v1/session/password"]["post"]
