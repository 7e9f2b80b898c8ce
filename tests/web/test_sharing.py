"""Folders in folders, shares with an end and people who are kept out, over HTTP."""

from datetime import timedelta

import pytest

from .portal import folder, unknown_id


@pytest.fixture
def manager(site):
    return site.sign_in(site.world.manager)


@pytest.fixture
def other(site):
    return site.sign_in(site.world.other_manager)


def post(browser, path, **fields):
    return browser.post(path, data=fields, follow_redirects=False)


def test_a_folder_is_made_inside_by_the_form_and_shows_where_it_lies(manager, site):
    outer = folder(manager, site, "Outer")
    answer = post(manager, f"/folders/{outer}/folders", name="Inner", kind="general")
    assert answer.status_code == 303
    page = manager.get(answer.headers["location"]).text
    assert f'<a href="/folders/{outer}">Outer</a>' in page
    assert "Inner" in manager.get(f"/folders/{outer}").text
    assert "in Outer" in manager.get("/folders").text


def test_a_folder_is_made_inside_over_the_api(manager, site):
    outer = folder(manager, site, "Outer")
    inner = manager.post("/api/v1/folders", json={"parent_id": outer, "name": "Inner"}).json()["id"]
    assert manager.get(f"/api/v1/folders/{inner}").json()["parent_id"] == outer
    listed = manager.get("/api/v1/folders", params={"parent": outer}).json()["items"]
    assert [one["id"] for one in listed] == [inner]


@pytest.mark.promise(24)
@pytest.mark.parametrize("places", [{}, {"organisation_id": "{acme}", "parent_id": "{outer}"}])
def test_a_folder_lies_in_one_place(manager, site, places):
    names = {"acme": site.world.acme, "outer": folder(manager, site)}
    before = site.count("folders")
    body = {name: value.format(**names) for name, value in places.items()}
    answer = manager.post("/api/v1/folders", json=body | {"name": "Nowhere"})
    assert answer.status_code == 400
    assert "either organisation_id or parent_id" in answer.json()["detail"]
    assert site.count("folders") == before


@pytest.mark.promise(21)
def test_the_api_does_not_name_a_folder_above_that_may_not_be_seen(manager, other, site):
    outer = folder(manager, site, "Takeover plans")
    inner = manager.post("/api/v1/folders", json={"parent_id": outer, "name": "Inner"}).json()["id"]
    body = {"person_id": site.world.other_manager.person_id, "role": "viewer"}
    assert manager.post(f"/api/v1/folders/{inner}/members", json=body).status_code == 204
    for path in (f"/api/v1/folders/{inner}", "/api/v1/folders", f"/folders/{inner}", "/folders"):
        answer = other.get(path)
        assert answer.status_code == 200
        assert "Takeover plans" not in answer.text
        assert outer not in answer.text
    foreign, random = (
        other.get("/api/v1/folders", params={"parent": which}) for which in (outer, unknown_id())
    )
    assert foreign.status_code == random.status_code == 404
    assert foreign.content == random.content


def test_a_share_with_an_end_says_so_and_ends(manager, other, site):
    folder_id = folder(manager, site)
    today = site.portal.clock.now.date()
    person = {"person_id": site.world.other_manager.person_id}
    share = {**person, "role": "signer", "until": today.isoformat()}
    assert post(manager, f"/folders/{folder_id}/share", **share).status_code == 303
    assert f"until {today.day} {today:%B %Y}" in manager.get(f"/folders/{folder_id}").text
    listed = {
        one["person_id"]: one for one in manager.get(f"/api/v1/folders/{folder_id}/members").json()["items"]
    }
    assert listed[person["person_id"]]["until"] == today.isoformat()
    assert other.get(f"/folders/{folder_id}").status_code == 200
    site.portal.clock.now += timedelta(days=1)
    later = site.sign_in(site.world.other_manager)
    assert later.get(f"/folders/{folder_id}").status_code == 404


def test_a_last_day_that_is_over_is_refused_on_the_page_in_words(manager, site):
    folder_id = folder(manager, site)
    answer = post(
        manager,
        f"/folders/{folder_id}/share",
        person_id=site.world.other_manager.person_id,
        role="viewer",
        until="2001-01-01",
    )
    assert answer.status_code == 400
    assert "is over already" in answer.text
    bad = post(
        manager,
        f"/folders/{folder_id}/share",
        person_id=site.world.other_manager.person_id,
        role="viewer",
        until="tomorrow",
    )
    assert bad.status_code == 400


def test_a_share_is_changed_by_the_form_and_over_the_api(manager, other, site):
    folder_id = folder(manager, site)
    person = {"person_id": site.world.other_manager.person_id}
    post(manager, f"/folders/{folder_id}/share", role="viewer", **person)
    assert post(manager, f"/folders/{folder_id}/change", role="contributor", **person).status_code == 303
    assert "Drop files or folders here" in other.get(f"/folders/{folder_id}").text
    path = f"/api/v1/folders/{folder_id}/members/{person['person_id']}"
    assert manager.put(path, json={"role": "viewer"}).status_code == 204
    assert "Drop files or folders here" not in other.get(f"/folders/{folder_id}").text


def test_keeping_somebody_out_and_letting_them_in_again(manager, site):
    folder_id = folder(manager, site)
    clara = site.sign_in(site.world.client)
    person = {"person_id": site.world.client.person_id}
    assert clara.get(f"/folders/{folder_id}").status_code == 200
    assert post(manager, f"/folders/{folder_id}/keep-out", **person).status_code == 303
    assert clara.get(f"/folders/{folder_id}").status_code == 404
    assert "Let in" in manager.get(f"/folders/{folder_id}").text
    denials = f"/api/v1/folders/{folder_id}/denials"
    assert [one["person_id"] for one in manager.get(denials).json()["items"]] == [person["person_id"]]
    assert post(manager, f"/folders/{folder_id}/let-in", **person).status_code == 303
    assert clara.get(f"/folders/{folder_id}").status_code == 200
    assert manager.post(denials, json=person).status_code == 204
    assert clara.get(f"/folders/{folder_id}").status_code == 404
    assert manager.delete(f"{denials}/{person['person_id']}").status_code == 204
    assert clara.get(f"/folders/{folder_id}").status_code == 200


def test_one_does_not_keep_oneself_out(manager, site):
    folder_id = folder(manager, site)
    answer = post(manager, f"/folders/{folder_id}/keep-out", person_id=site.world.manager.person_id)
    assert answer.status_code == 400
    assert "Nobody changes their own access" in answer.text
