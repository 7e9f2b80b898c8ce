"""Templates over HTTP: saved from a draft, used with people for their roles, changed; every refusal in words."""

import pytest
from sqlalchemy import update

from actions import envelope_world as signing
from docvault.database import tables

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


KIND = {"kind": "agreement", "days": "14", "reminders": "3", "delegate": "yes"}
ROLES = {"with-role-1": "Client", "with-role-2": "Our signer"}


@pytest.fixture
def template(manager, draft):
    saved = post(manager, f"/envelopes/{draft}/template", name="Monthly", **KIND, **ROLES)
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


@pytest.mark.promise(72)
def test_an_excluded_kind_is_refused_on_the_page_and_what_was_written_is_kept(manager, draft):
    answer = post(manager, f"/envelopes/{draft}/template", name="Papers", **KIND | {"kind": "will"}, **ROLES)
    assert (answer.status_code, "Wills, codicils and testamentary trusts need ink" in answer.text) == (
        409,
        True,
    )
    assert '<option value="will" selected>' in answer.text
    assert 'value="Papers"' in answer.text
    unsaid = post(manager, f"/envelopes/{draft}/template", name="Papers", **ROLES)
    assert (unsaid.status_code, "what kind of document" in unsaid.text) == (400, True)


@pytest.mark.promise(72)
def test_a_template_of_before_asks_one_question_and_can_then_be_used(manager, site, template):
    assert "A contract or another agreement" in manager.get(f"/templates/{template}").text
    with site.made.db.transaction() as tx:
        tx.connection.execute(update(tables.template_versions).values(kind=None))
    page = manager.get(f"/templates/{template}").text
    assert (f'action="/templates/{template}/kind"' in page, "/use" in page) == (True, False)
    for way in ("bulk", "links"):
        assert "Please say first what kind of document" in manager.get(f"/templates/{template}/{way}").text
    refused = post(manager, f"/templates/{template}/kind", kind="court")
    assert (refused.status_code, "rules of that court" in refused.text) == (409, True)
    assert post(manager, f"/templates/{template}/kind", kind="consent").status_code == 303
    page = manager.get(f"/templates/{template}").text
    assert ("/use" in page, "A consent, statement or form" in page, "every 3 days" in page) == (
        True,
        True,
        True,
    )


def test_programs_save_use_and_retire_a_template(manager, site, draft):
    saved = manager.post(
        "/api/v1/templates",
        json={"envelope_id": draft, "name": "Monthly", "roles": ["Client", "Us"], "kind": "consent"},
    ).json()
    assert saved["version"] == 1
    path = f"/api/v1/templates/{saved['id']}"
    shown = manager.get(path).json()
    assert (shown["values"], shown["kind"]) == (["month"], "consent")
    none = {"due_days": None, "reminder_days": None, "may_delegate": False, "may_use_paper": False}
    assert shown["care"] == none | {"may_delegate_outside": False}
    words = {"after": 1, "name": "Monthly", "title": "Services in {{month}}", "roles": ["Client", "Us"]}
    cared = words | {
        "care": {"due_days": 9, "reminder_days": 2, "may_delegate": True, "may_delegate_outside": True}
    }
    assert manager.post(f"{path}/versions", json=cared).status_code == 201
    excluded = manager.post(f"{path}/versions", json=words | {"after": 2, "kind": "court"})
    assert (excluded.status_code, "rules of that court" in excluded.text) == (409, True)
    said = manager.post(f"{path}/kind", json={"kind": "consent"})
    assert (said.status_code, "said that already" in said.text) == (409, True)
    chosen = [
        {"role": "us", "person_id": site.world.manager.person_id},
        {"role": "Client", "person_id": site.world.client.person_id},
    ]
    used = manager.post(f"{path}/envelopes", json={"people": chosen, "values": {"Month": "May"}})
    envelope = manager.get(f"/api/v1/envelopes/{used.json()['id']}").json()
    assert (envelope["title"], envelope["state"]) == ("Services in May", "draft")
    assert envelope["origin"] == {"template_id": saved["id"], "name": "Monthly", "number": 2}
    assert (envelope["kind"], envelope["reminder_days"]) == ("consent", 2)
    assert (envelope["may_delegate"], envelope["may_delegate_outside"]) == (True, True)
    wrong = manager.post(f"{path}/envelopes", json={"people": chosen[:1], "values": {}})
    assert (wrong.status_code, "exactly one person for each role" in wrong.text) == (409, True)
    assert manager.post(f"{path}/retire").status_code == 204
    assert manager.get(path).status_code == 404
