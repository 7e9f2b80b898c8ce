"""Templates over HTTP: saved from a draft, used with people for their roles, changed; every refusal in words."""

import pytest

from actions import envelope_world as signing

from .portal import folder, upload
from .test_envelopes import make, place, post, recipients, signature


@pytest.fixture
def manager(site):
    return site.sign_in(site.world.manager)


@pytest.fixture
def draft(manager, site):
    document = upload(manager, folder(manager, site), "Contract.pdf", signing.contract())
    envelope = make(manager, site, document, title="Services in {{month}}").headers["location"].split("/")[2]
    wished = (signature(one, y=600.0 + 60 * row) for row, one in enumerate(recipients(manager, envelope)))
    assert place(manager, envelope, *wished).status_code == 204
    return envelope


ROLES = {"with-role-1": "Client", "with-role-2": "Our signer"}


@pytest.fixture
def template(manager, draft):
    saved = post(manager, f"/envelopes/{draft}/template", name="Monthly", **ROLES)
    assert saved.status_code == 303
    return saved.headers["location"].split("/")[2].partition("?")[0]


def people(site):
    return {"with-role-1": site.world.client.person_id, "with-role-2": site.world.manager.person_id}


def test_a_template_is_found_used_and_sent_by_pages_alone(manager, site, template):
    assert "Monthly" in manager.get("/templates").text
    page = manager.get(f"/templates/{template}").text
    assert "Our signer" in page
    assert "Clara Client" in page
    used = post(manager, f"/templates/{template}/use", **people(site), **{"with-value-1": "March"})
    assert used.status_code == 303
    envelope = used.headers["location"].split("/")[2]
    assert post(manager, f"/envelopes/{envelope}/send").status_code == 303
    shown = manager.get(f"/envelopes/{envelope}").text
    assert "Services in March" in shown
    assert "Version 1 of the template" in shown


def test_recipients_are_not_told_which_template_it_was(manager, site, template):
    used = post(manager, f"/templates/{template}/use", **people(site), **{"with-value-1": "March"})
    envelope = used.headers["location"].split("/")[2]
    assert post(manager, f"/envelopes/{envelope}/send").status_code == 303
    client = site.sign_in(site.world.client)
    assert client.get(f"/api/v1/envelopes/{envelope}").json()["origin"] is None
    assert "Monthly" not in client.get(f"/envelopes/{envelope}").text


def test_what_is_missing_is_said_and_what_was_chosen_is_kept(manager, site, template):
    answer = post(manager, f"/templates/{template}/use", **people(site), **{"with-value-1": " "})
    assert answer.status_code == 409
    assert "A value for “month” is missing." in answer.text
    assert f'value="{site.world.client.person_id}" selected' in answer.text


def test_other_words_are_the_next_version_and_the_old_one_can_be_looked_at(manager, template):
    words = {"name": "Monthly", "title": "Work in {{month}}", "note": "Shorter", **ROLES}
    assert post(manager, f"/templates/{template}/change", after="1", **words).status_code == 303
    assert "Shorter" in manager.get(f"/templates/{template}").text
    old = manager.get(f"/templates/{template}?version=1").text
    assert "Services in {{month}}" in old
    assert "<select" not in old
    late = post(manager, f"/templates/{template}/change", after="1", **words)
    assert late.status_code == 409
    assert "meanwhile" in late.text


def test_programs_save_use_and_retire_a_template(manager, site, draft):
    saved = manager.post(
        "/api/v1/templates", json={"envelope_id": draft, "name": "Monthly", "roles": ["Client", "Us"]}
    ).json()
    assert saved["version"] == 1
    path = f"/api/v1/templates/{saved['id']}"
    assert manager.get(path).json()["values"] == ["month"]
    chosen = [
        {"role": "us", "person_id": site.world.manager.person_id},
        {"role": "Client", "person_id": site.world.client.person_id},
    ]
    used = manager.post(f"{path}/envelopes", json={"people": chosen, "values": {"Month": "May"}})
    envelope = manager.get(f"/api/v1/envelopes/{used.json()['id']}").json()
    assert (envelope["title"], envelope["state"]) == ("Services in May", "draft")
    assert envelope["origin"] == {"template_id": saved["id"], "name": "Monthly", "number": 1}
    wrong = manager.post(f"{path}/envelopes", json={"people": chosen[:1], "values": {}})
    assert (wrong.status_code, "exactly one person for each role" in wrong.text) == (409, True)
    assert manager.post(f"{path}/retire").status_code == 204
    assert manager.get(path).status_code == 404
