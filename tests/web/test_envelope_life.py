"""Time, other people and corrections over HTTP: each form does its deed, says so, and says in words why not."""

import json
import re
from datetime import timedelta

import pytest

from actions import envelope_world as signing
from actions.world import NOW, person
from docvault.actions import deadlines
from docvault.policy.vocabulary import Role

from .portal import folder, upload

DUE = (NOW + timedelta(days=5)).date().isoformat()


@pytest.fixture
def manager(site):
    return site.sign_in(site.world.manager)


@pytest.fixture
def client(site):
    return site.sign_in(site.world.client)


@pytest.fixture
def colleague(site):
    return person(site.world.db, "Carl Colleague", Role.CLIENT, site.world.acme)


def post(browser, path, **fields):
    return browser.post(path, data=fields, follow_redirects=False)


def make(manager, site, **fields):
    document = upload(manager, folder(manager, site), "Contract.pdf", signing.contract())
    people = f"{site.world.client.person_id}:1"
    form = {"document_id": document, "title": "Services", "recipients": people, "due": DUE, "reminders": "3"}
    return post(manager, "/envelopes", **form | fields)


@pytest.fixture
def sent(manager, site):
    envelope = make(manager, site, delegate="yes").headers["location"].split("/")[2]
    owner = manager.get(f"/api/v1/envelopes/{envelope}").json()["recipients"][0]["id"]
    place = {"kind": "signature", "page": 1, "x": 60.0, "y": 700.0, "w": 170.0, "h": 44.0}
    field = place | {"recipient_id": owner, "id": None, "required": True, "label": ""}
    assert manager.put(f"/api/v1/envelopes/{envelope}/fields", json={"fields": [field]}).status_code == 204
    assert post(manager, f"/envelopes/{envelope}/send").status_code == 303
    return envelope


def shown(manager, envelope):
    return manager.get(f"/api/v1/envelopes/{envelope}").json()


def test_an_expired_envelope_says_so_everywhere_and_one_click_lets_it_go_on(site, manager, client, sent):
    late = NOW + timedelta(days=6)
    deadlines.look_after(site.portal.db, site.portal.vault.records, now=late)
    assert shown(manager, sent)["state"] == "expired"
    assert "Services" in manager.get("/envelopes?status=expired").text
    assert [one["id"] for one in manager.get("/api/v1/envelopes?state=expired").json()["items"]] == [sent]
    assert "Only the sender can give more time" in client.get(f"/envelopes/{sent}").text
    assert "The time to sign is over" in client.get(f"/sign/{sent}").text
    consent = client.get(f"/api/v1/envelopes/{sent}/ceremony").json()["consent"]
    given = {"consent_id": consent["id"], "consent_sha256": consent["sha256"]}
    assert client.post(f"/api/v1/envelopes/{sent}/ceremony/consent", json=given).status_code == 409
    page = manager.get(f"/envelopes/{sent}").text
    assert "Expired." in page
    offered = re.search(r'name="due" type="date" value="([0-9-]+)"', page)[1]
    assert post(manager, f"/envelopes/{sent}/extend", due=offered).status_code == 303
    assert shown(manager, sent)["ends_at"].startswith(offered)
    assert "Agree and read" in client.get(f"/sign/{sent}").text
    assert post(manager, f"/envelopes/{sent}/extend", due=DUE).status_code == 400
    more = manager.post(f"/api/v1/envelopes/{sent}/extend", json={})
    assert more.json()["due_at"] > offered


def test_a_part_is_handed_to_a_colleague_and_both_pages_say_so(manager, client, colleague, site, sent):
    form = client.get(f"/sign/{sent}/delegate").text
    assert "Carl Colleague" in form
    assert "Gil Client" not in form
    refused = post(client, f"/sign/{sent}/delegate", person_id=colleague.person_id, reason=" ")
    assert refused.status_code == 400
    assert "say why" in refused.text
    asked = post(client, f"/sign/{sent}/delegate", person_id=colleague.person_id, reason="On leave")
    assert asked.headers["location"] == f"/envelopes/{sent}?notice=handed-over"
    assert "Acts for Clara Client" in manager.get(f"/envelopes/{sent}").text
    assert shown(manager, sent)["handovers"][0]["reason"] == "On leave"
    assert "asks you to sign" in site.sign_in(colleague).get(f"/sign/{sent}").text
    assert "You receive a copy" in client.get(f"/sign/{sent}").text
    again = {"person_id": colleague.person_id, "reason": "Again"}
    assert client.post(f"/api/v1/envelopes/{sent}/ceremony/delegate", json=again).status_code == 409


@pytest.mark.promise(19)
def test_whoever_was_asked_by_mistake_finds_nothing_at_the_next_request(manager, client, colleague, sent):
    recipient = shown(manager, sent)["recipients"][0]["id"]
    path = f"/envelopes/{sent}/recipients/{recipient}/replace"
    assert f"{path}" in manager.get(f"/envelopes/{sent}").text
    assert "Carl Colleague" in manager.get(path).text
    possible = manager.get(f"/api/v1/envelopes/{sent}/replacements").json()["items"]
    assert "Carl Colleague" in [one["name"] for one in possible]
    assert client.get(f"/envelopes/{sent}").status_code == 200  # the page alone opens no document
    asked = post(manager, path, person_id=colleague.person_id, reason="Wrong address")
    assert asked.headers["location"] == f"/envelopes/{sent}?notice=asked-instead"
    for gone in (f"/envelopes/{sent}", f"/sign/{sent}", f"/api/v1/envelopes/{sent}/ceremony"):
        assert client.get(gone).status_code == 404


@pytest.mark.promise(65)
def test_correcting_makes_a_draft_and_both_envelopes_lead_to_each_other(manager, client, sent):
    field = shown(manager, sent)["fields"][0]
    frozen = manager.put(f"/api/v1/envelopes/{sent}/fields", json={"fields": []})
    assert frozen.status_code == 409
    made = post(manager, f"/envelopes/{sent}/correct")
    draft = made.headers["location"].split("/")[2].split("?")[0]
    assert manager.post(f"/api/v1/envelopes/{sent}/correction").json()["id"] == draft
    assert f'href="/envelopes/{draft}"' in manager.get(f"/envelopes/{sent}").text
    assert f'href="/envelopes/{sent}"' in manager.get(f"/envelopes/{draft}").text
    assert f"/envelopes/{draft}" not in client.get(f"/envelopes/{sent}").text  # nobody was asked there yet
    assert shown(manager, draft)["fields"][0]["x"] == field["x"]
    assert post(manager, f"/envelopes/{draft}/send").status_code == 303
    assert shown(manager, sent)["state"] == "voided"
    assert "has taken" in client.get(f"/envelopes/{sent}").text


def test_what_is_for_one_person_alone_is_kept_when_something_else_is_wrong(manager, site):
    clara = site.world.client.person_id
    alone = {f"message-{clara}": "Only you", f"language-{clara}": "fi", f"due-{clara}": DUE}
    refused = make(manager, site, title=" ", **alone)
    assert refused.status_code == 400
    chosen = json.loads(re.search(r"data-chosen='([^']*)'", refused.text)[1])
    assert chosen[0]["alone"] == ["Only you", "fi", DUE]
    envelope = make(manager, site, reminders="7", **alone).headers["location"].split("/")[2]
    view = shown(manager, envelope)
    assert (view["reminder_days"], view["may_delegate"]) == (7, False)
    one = view["recipients"][0]
    assert (one["message"], one["language"], one["due_at"][:10]) == ("Only you", "fi", DUE)
    for wrong in ({"reminders": "0"}, {"reminders": "many"}, {f"language-{clara}": "xx"}):
        assert make(manager, site, **wrong).status_code == 400
