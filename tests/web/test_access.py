"""The page of access reports, its table and its API."""

import csv
import io
from datetime import timedelta

import pytest

from .portal import folder


@pytest.fixture
def officer(site):
    return site.sign_in(site.world.officer)


@pytest.fixture
def folder_id(site):
    """A folder that Otto could see for a day, two days ago."""
    manager = site.sign_in(site.world.manager)
    made = folder(manager, site, "Takeover plans")
    otto = site.world.other_manager.person_id
    members = f"/api/v1/folders/{made}/members"
    assert manager.post(members, json={"person_id": otto, "role": "viewer"}).status_code == 204
    site.portal.clock.now += timedelta(days=1)
    manager = site.sign_in(site.world.manager)
    assert manager.delete(f"{members}/{otto}").status_code == 204
    site.portal.clock.now += timedelta(days=1)
    return made


def test_a_past_day_differs_from_today(site, folder_id):
    officer = site.sign_in(site.world.officer)
    today = officer.get("/access", params={"about": "folder", "words": "takeover"})
    assert today.status_code == 200
    who = today.text.partition("How that came about")[0]
    assert "Clara Client" in who
    assert "Otto Manager" not in who
    past = officer.get("/access", params={"about": "folder", "words": "takeover", "at": "2026-03-02T12:00"})
    assert "Otto Manager" in past.text.partition("How that came about")[0]
    assert "2026-03-02 12:00:00" in past.text


def test_the_table_is_of_the_same_moment(site, folder_id):
    officer = site.sign_in(site.world.officer)
    answer = officer.get(
        "/access/report.csv", params={"about": "folder", "id": folder_id, "at": "2026-03-02T12:00"}
    )
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    names = {row["name"] for row in csv.DictReader(io.StringIO(answer.text))}
    assert names == {"Clara Client", "Maya Manager", "Olga Officer", "Otto Manager"}
    of_person = officer.get(
        "/access/report.csv", params={"about": "person", "id": site.world.client.person_id}
    )
    assert "Takeover plans" in of_person.text


def test_a_person_is_found_by_name_and_their_folders_lead_on(site, folder_id):
    officer = site.sign_in(site.world.officer)
    several = officer.get("/access", params={"about": "person", "words": "client"}).text
    assert "Which one?" in several
    page = officer.get("/access", params={"about": "person", "words": "clara"}).text
    assert "Takeover plans" in page
    assert "A client sees, fills and arranges the folders of their own organisations" in page
    assert f"about=folder&amp;id={folder_id}" in page


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({"about": "folder", "words": "zebra"}, 404, "No folder has this in its name"),
        ({"about": "folder", "id": "{folder}", "at": "2031-01-01T00:00"}, 400, "has not come yet"),
        ({"about": "folder", "id": "{folder}", "at": "yesterday"}, 400, "check the form"),
        ({"about": "everything"}, 400, "check the form"),
        ({"about": "person", "id": "nobody"}, 404, "could not find"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_words(site, folder_id, query, status, words):
    officer = site.sign_in(site.world.officer)
    asked = {name: value.format(folder=folder_id) for name, value in query.items()}
    answer = officer.get("/access", params=asked)
    assert answer.status_code == status
    assert words in answer.text


def test_the_api_reports_both_ways(site, folder_id):
    officer = site.sign_in(site.world.officer)
    path = f"/api/v1/access/folders/{folder_id}"
    past = officer.get(path, params={"at": "2026-03-02T12:00:00Z"}).json()
    verbs = {one["name"]: one["verbs"] for one in past["viewers"]}
    assert verbs["Otto Manager"] == ["see", "read", "download"]
    assert [(one["role"], one["started_by"]) for one in past["history"]] == [("viewer", "Maya Manager")]
    now = officer.get(path).json()
    assert "Otto Manager" not in [one["name"] for one in now["viewers"]]
    otto = f"/api/v1/access/people/{site.world.other_manager.person_id}"
    then = officer.get(otto, params={"at": "2026-03-02T12:00:00Z"}).json()
    assert [one["id"] for one in then["folders"]] == [folder_id]
    assert (then["total"], then["role"]) == (1, "account_manager")
    assert officer.get(otto).json()["folders"] == []
    assert officer.get(path, params={"at": "2026-03-02T12:00:00"}).status_code == 400
