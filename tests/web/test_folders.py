"""Folders over HTTP: who sees them and why, sharing, and what a person is told when something is wrong."""

from datetime import timedelta

import pytest

from .portal import folder, unknown_id, upload


@pytest.fixture
def manager(site):
    return site.sign_in(site.world.manager)


@pytest.fixture
def client(site):
    return site.sign_in(site.world.client)


def post(browser, path, **fields):
    return browser.post(path, data=fields, follow_redirects=False)


def test_a_new_folder_is_made_by_the_form_and_shown(manager, site):
    answer = post(
        manager, "/folders", organisation_id=site.world.acme, name="Agreements 2031", kind="contract"
    )
    assert answer.status_code == 303
    page = manager.get(answer.headers["location"])
    assert "Agreements 2031" in page.text
    assert "Drop files or folders here" in page.text
    assert "No documents yet" in page.text


def test_a_name_that_cannot_be_is_refused_in_words_and_makes_nothing(manager, site):
    before = site.count("folders")
    for name in ("", "a\u202eb"):
        answer = post(manager, "/folders", organisation_id=site.world.acme, name=name)
        assert answer.status_code == 400
        assert "name" in answer.text
    assert site.count("folders") == before


def test_only_an_account_manager_is_offered_a_new_folder(manager, client):
    assert "New folder" in manager.get("/folders").text
    assert "New folder" not in client.get("/folders").text


def test_the_list_can_be_searched_and_goes_on(manager, site):
    for number in range(3):
        folder(manager, site, f"Folder {number}")
        site.portal.clock.now += timedelta(minutes=1)
    assert "Folder 1" in manager.get("/folders?search=folder 1").text
    assert "Nothing found" in manager.get("/folders?search=zebra").text
    first = manager.get("/api/v1/folders?limit=2").json()
    rest = manager.get("/api/v1/folders", params={"limit": 2, "after": first["next"]}).json()
    names = [one["name"] for one in (*first["items"], *rest["items"])]
    assert names == ["Folder 2", "Folder 1", "Folder 0"]
    assert rest["next"] is None


def test_the_folder_says_who_sees_it_and_why(manager, site):
    page = manager.get(f"/folders/{folder(manager, site)}").text
    assert "Clara Client" in page
    assert "Looks after this client" in page
    assert "Gil Client" not in page


def test_sharing_lets_a_person_in_and_ending_it_shuts_them_out(manager, site):
    folder_id = folder(manager, site)
    other = site.sign_in(site.world.other_manager)
    assert other.get(f"/folders/{folder_id}").status_code == 404
    person = {"person_id": site.world.other_manager.person_id}
    assert post(manager, f"/folders/{folder_id}/share", role="viewer", **person).status_code == 303
    seen = other.get(f"/folders/{folder_id}")
    assert seen.status_code == 200
    assert "Drop files here" not in seen.text
    assert post(manager, f"/folders/{folder_id}/unshare", **person).status_code == 303
    assert other.get(f"/folders/{folder_id}").status_code == 404


def test_members_over_the_api(manager, site):
    folder_id = folder(manager, site)
    body = {"person_id": site.world.other_manager.person_id, "role": "contributor"}
    members = f"/api/v1/folders/{folder_id}/members"
    assert manager.post(members, json=body).status_code == 204
    listed = {one["person_id"]: one["role"] for one in manager.get(members).json()["items"]}
    assert listed[site.world.other_manager.person_id] == "contributor"
    assert manager.delete(f"{members}/{site.world.other_manager.person_id}").status_code == 204
    assert manager.post(members, json=body | {"role": "king"}).status_code == 400


def test_a_client_adds_documents_to_the_folder_of_their_organisation(manager, client, site):
    folder_id = folder(manager, site)
    document = upload(client, folder_id, "answer.txt", b"yes")
    listed = manager.get(f"/api/v1/folders/{folder_id}/documents").json()["items"]
    assert [one["id"] for one in listed] == [document]
    assert "answer.txt" in manager.get(f"/folders/{folder_id}").text
    assert "answer.txt" in client.get("/inbox").text


@pytest.mark.promise(21)
def test_a_foreign_folder_and_an_unknown_one_answer_the_same_bytes(manager, site):
    folder_id = folder(manager, site)
    stranger = site.sign_in(site.world.other_client)
    for path in (
        "/folders/{}",
        "/api/v1/folders/{}",
        "/api/v1/folders/{}/members",
        "/api/v1/folders/{}/documents",
    ):
        foreign, random = (stranger.get(path.format(which)) for which in (folder_id, unknown_id()))
        assert foreign.status_code == random.status_code == 404
        assert foreign.content == random.content


def test_markup_in_a_name_stays_text(manager, site):
    folder_id = folder(manager, site, "<img src=x onerror=alert(1)>")
    page = manager.get(f"/folders/{folder_id}").text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_an_empty_inbox_says_what_to_do_next(client):
    page = client.get("/inbox").text
    assert "Nothing is waiting for you" in page
    assert "Open the folders" in page


def test_a_folder_says_before_it_hurts_that_ones_own_store_is_nearly_full(site, manager):
    folder_id, person_id = folder(manager, site), site.world.manager.person_id
    upload(manager, folder_id, "plan.bin", bytes(900_000))
    assert "nearly full" not in manager.get(f"/folders/{folder_id}").text
    administrator = site.sign_in(site.world.administrator)
    path = f"/api/v1/people/{person_id}/storage"
    assert administrator.put(path, json={"most": 1024**2}).status_code == 204
    page = manager.get(f"/folders/{folder_id}").text
    assert "Your own storage is nearly full" in page
    assert "The storage of Acme" not in page
    own = manager.get("/api/v1/account/storage").json()
    assert own == administrator.get(path).json()
    assert (own["used"], own["most"], own["own"]) == (900_000, 1024**2, True)
    assert "85 %" in manager.get("/account/storage").text


def test_an_administrator_gives_somebody_a_limit_by_the_form(site):
    administrator, person_id = site.sign_in(site.world.administrator), site.world.client.person_id
    path = f"/people/{person_id}/storage"
    assert path in administrator.get(f"/people/{person_id}").text
    assert post(administrator, path, gigabytes="0").status_code == 400
    assert post(administrator, path, gigabytes="2").headers["location"] == path
    assert "a limit of their own" in administrator.get(path).text
