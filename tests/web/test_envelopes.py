"""Envelopes over HTTP: made from a document, prepared, sent, watched and ended; every refusal in words."""

import re

import pytest
from sqlalchemy import update

from actions import envelope_world as signing
from docvault.database import tables

from .portal import folder, unknown_id, upload


@pytest.fixture
def manager(site):
    return site.sign_in(site.world.manager)


@pytest.fixture
def document(manager, site):
    return upload(manager, folder(manager, site), "Contract.pdf", signing.contract())


def post(browser, path, **fields):
    return browser.post(path, data=fields, follow_redirects=False)


def make(manager, site, document, **fields):
    people = f"{site.world.client.person_id}:1 {site.world.manager.person_id}:2"
    return post(
        manager, "/envelopes", **{"document_id": document, "title": "Services", "recipients": people} | fields
    )


@pytest.fixture
def draft(manager, site, document):
    return make(manager, site, document).headers["location"].split("/")[2]


def recipients(manager, envelope):
    return [one["id"] for one in manager.get(f"/api/v1/envelopes/{envelope}").json()["recipients"]]


def signature(recipient, **changed):
    place = {"kind": "signature", "page": 1, "x": 60.0, "y": 700.0, "w": 170.0, "h": 44.0}
    return place | {"recipient_id": recipient, "id": None, "required": True, "label": ""} | changed


def place(manager, envelope, *fields):
    return manager.put(f"/api/v1/envelopes/{envelope}/fields", json={"fields": list(fields)})


@pytest.fixture
def sent(manager, draft):
    people = recipients(manager, draft)
    assert (
        place(
            manager, draft, *(signature(one, y=600.0 + 60 * row) for row, one in enumerate(people))
        ).status_code
        == 204
    )
    assert post(manager, f"/envelopes/{draft}/send").status_code == 303
    return draft


def test_the_form_knows_the_document_and_who_may_be_asked(manager, document):
    page = manager.get(f"/envelopes/new?document={document}")
    assert page.status_code == 200
    assert 'value="Contract"' in page.text
    assert "Clara Client" in page.text
    assert "Gil Client" not in page.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": " "}, "title"),
        ({"recipients": ""}, "at least one person"),
        ({"due": "2020-01-01"}, "future"),
    ],
)
def test_what_is_missing_is_said_and_the_rest_is_kept(manager, site, document, fields, words):
    answer = make(manager, site, document, message="Hello Clara", **fields)
    assert answer.status_code == 400
    assert words in answer.text
    assert "Hello Clara" in answer.text
    assert site.count("envelopes") == 0


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("letter.txt", b"plain", "Only PDFs can be signed"),
        ("broken.pdf", b"%PDF-1.7 broken", "cannot be sent for signature"),
    ],
)
def test_a_document_that_cannot_be_signed_says_why(manager, site, name, content, words):
    document = upload(manager, folder(manager, site), name, content)
    page = manager.get(f"/envelopes/new?document={document}")
    assert words in page.text
    assert "<form" not in page.text
    assert make(manager, site, document).status_code == 422
    assert site.count("envelopes") == 0


def test_fields_come_back_as_they_were_placed(manager, draft):
    people = recipients(manager, draft)
    field = signature(people[0], x=61.5, label="Here")
    assert place(manager, draft, field).status_code == 204
    kept = manager.get(f"/api/v1/envelopes/{draft}").json()["fields"]
    assert [(one["x"], one["label"], one["recipient_id"]) for one in kept] == [(61.5, "Here", people[0])]
    editor = manager.get(f"/envelopes/{draft}/prepare")
    assert "&#34;x&#34;: 61.5" in editor.text or '"x": 61.5' in editor.text


@pytest.mark.promise(23)
@pytest.mark.parametrize(
    "changed", [{"page": "1"}, {"required": "yes"}, {"colour": "red"}, {"kind": "seal"}, {"x": None}]
)
def test_a_field_of_another_shape_is_refused(manager, draft, changed):
    person = recipients(manager, draft)[0]
    assert place(manager, draft, signature(person, **changed)).status_code == 400


@pytest.mark.parametrize(
    "changed", [{"page": 99}, {"x": 590.0}, {"y": -5.0}, {"w": 3.0}, {"recipient_id": "nobody"}]
)
def test_a_field_beyond_the_page_is_refused_in_words(manager, draft, changed):
    person = recipients(manager, draft)[0]
    answer = place(manager, draft, signature(person) | changed)
    assert answer.status_code == 400
    assert answer.json()["detail"].endswith(".")


def test_sending_without_a_place_to_sign_names_who_is_missing(manager, draft):
    answer = post(manager, f"/envelopes/{draft}/send")
    assert answer.status_code == 409
    assert "The envelope was not sent" in answer.text
    assert "Clara Client and Maya Manager" in answer.text
    assert manager.get(f"/api/v1/envelopes/{draft}").json()["state"] == "draft"


@pytest.mark.promise(65)
def test_what_was_sent_cannot_be_changed(manager, sent):
    answer = place(manager, sent)
    assert answer.status_code == 409
    assert "already sent" in answer.json()["detail"]
    editor = manager.get(f"/envelopes/{sent}/prepare", follow_redirects=False)
    assert (editor.status_code, editor.headers["location"]) == (303, f"/envelopes/{sent}")


def test_the_envelope_shows_people_history_and_document(manager, sent):
    page = manager.get(f"/envelopes/{sent}").text
    for words in (
        "Waiting for 2 of 2",
        "Clara Client",
        "Asked",
        "Turn comes later",
        "Maya Manager sent the envelope",
    ):
        assert words in page
    assert f"/api/v1/envelopes/{sent}/pages/1?width=600" in page
    document = manager.get(f"/api/v1/envelopes/{sent}/documents/sent/content")
    assert document.content.startswith(b"%PDF")
    assert manager.get(f"/api/v1/envelopes/{sent}/documents/signed/content").status_code == 404


def test_voiding_needs_a_reason_and_ends_it(manager, sent, site):
    assert post(manager, f"/envelopes/{sent}/void", reason=" ").status_code == 400
    assert post(manager, f"/envelopes/{sent}/void", reason="Wrong version").status_code == 303
    page = manager.get(f"/envelopes/{sent}").text
    assert "Voided" in page
    assert "Wrong version" in page
    assert "Void envelope" not in page
    again = post(manager, f"/envelopes/{sent}/void", reason="Again")
    assert again.status_code == 409


def test_a_reminder_too_soon_is_refused_in_words(manager, sent):
    answer = post(manager, f"/envelopes/{sent}/remind")
    assert answer.status_code == 409
    assert "a short while ago" in answer.text


def test_the_list_filters_by_state_and_title(manager, sent):
    assert "Services" in manager.get("/envelopes").text
    assert "Services" in manager.get("/envelopes?status=sent&search=serv&mine=true").text
    assert "Nothing found" in manager.get("/envelopes?status=completed").text
    assert manager.get("/envelopes?status=nonsense").status_code == 200
    assert [one["state"] for one in manager.get("/api/v1/envelopes?state=sent").json()["items"]] == ["sent"]
    assert manager.get("/api/v1/envelopes?state=nonsense").status_code == 400
    assert manager.get("/api/v1/envelopes?limit=0").status_code == 400


@pytest.mark.promise(21)
def test_a_foreign_envelope_and_an_unknown_one_answer_the_same_bytes(sent, site):
    stranger = site.sign_in(site.world.other_client)
    paths = (
        "/envelopes/{}",
        "/envelopes/{}/prepare",
        "/sign/{}",
        "/api/v1/envelopes/{}",
        "/api/v1/envelopes/{}/pages/1",
    )
    for path in paths:
        foreign, random = (stranger.get(path.format(which)) for which in (sent, unknown_id()))
        assert foreign.status_code == random.status_code == 404
        assert foreign.content == random.content


def test_somebody_who_only_signs_does_not_manage(sent, site):
    client = site.sign_in(site.world.client)
    page = client.get(f"/envelopes/{sent}").text
    assert "It is your turn" in page
    assert "Void envelope" not in page
    assert post(client, f"/envelopes/{sent}/void", reason="No").status_code == 403
    assert client.get(f"/envelopes/{sent}/prepare").status_code == 403


def test_every_icon_of_the_envelopes_history_exists(manager):
    from docvault.web.pages.envelopes import LOOKS
    from docvault.web.rendering import icon

    for look in LOOKS.values():
        assert re.search("<svg", icon(look.icon))


def test_what_is_said_of_a_field_is_taken_strictly_and_comes_back(manager, draft):
    person = recipients(manager, draft)[0]
    amount = signature(person, kind="number", key="n", detail={"least": 0.1, "decimals": 2, "prefilled": "7"})
    after = signature(
        person, kind="text", y=760.0, h=20.0, detail={"show_if": {"field": "n", "value": "7.00"}}
    )
    assert place(manager, draft, amount, after).status_code == 204
    first, second = manager.get(f"/api/v1/envelopes/{draft}/fields").json()["fields"]
    assert (first["detail"]["least"], first["detail"]["prefilled"]) == (0.1, "7.00")
    assert second["detail"]["show_if"] == {"field": first["id"], "value": "7.00"}
    assert "7.00" in manager.get(f"/envelopes/{draft}/prepare").text
    # Whoever may see the envelope sees where fields are, but not what was filled in for others.
    seen = manager.get(f"/api/v1/envelopes/{draft}").json()["fields"]
    assert [field["detail"]["prefilled"] for field in seen] == [None, None]
    for detail in ({"least": "1"}, {"pattern": ".*"}, {"format": "regex"}, {"choices": ["a"]}, {"locked": 1}):
        answer = place(manager, draft, signature(person, kind="number", detail=detail))
        assert answer.status_code == 400, detail
        assert answer.json()["detail"]


def test_a_completed_envelope_says_which_clock_proves_its_time_and_that_another_follows(manager, site):
    made, client = site.made, site.world.client
    envelope_id = signing.sent(made, (client, 1))
    signing.sign(made, client, envelope_id)
    signing.advance(made, envelope_id)
    page = manager.get(f"/envelopes/{envelope_id}").text
    assert "Northwind Advisory Timestamps" in page
    assert "added by itself" not in page
    with made.db.transaction() as tx:
        tx.connection.execute(update(tables.archive_stamps).values(awaits_others=True))
    assert "another timestamp is added by itself" in manager.get(f"/envelopes/{envelope_id}").text
    proofs = manager.get(f"/api/v1/envelopes/{envelope_id}").json()["proofs"]
    assert {(one["purpose"], one["awaits_others"]) for one in proofs} == {
        ("signed", True),
        ("certificate", True),
    }
