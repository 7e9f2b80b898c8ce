"""The page that explains decisions, and its API."""

import pytest

from .portal import folder, unknown_id


@pytest.fixture
def administrator(site):
    return site.sign_in(site.world.administrator)


@pytest.fixture
def officer(site):
    return site.sign_in(site.world.officer)


@pytest.fixture
def folder_id(site):
    return folder(site.sign_in(site.world.manager), site, "Takeover plans")


def question(site, folder_id, whom="client", does="folder:see"):
    return {"person": getattr(site.world, whom).email, "does": does, "on": f"folder:{folder_id}"}


def test_the_page_lists_every_rule_with_its_sentence(administrator, site):
    page = administrator.get("/policy").text
    for rule in site.portal.db.policy.rules:
        assert f'id="rule-{rule.id}"' in page
    assert "A person with whom a folder is shared sees it." in page


def test_a_grant_and_a_refusal_are_explained_without_names(administrator, site, folder_id):
    allowed = administrator.get("/policy", params=question(site, folder_id)).text
    assert "Allowed" in allowed
    assert "A client sees, fills and arranges the folders of their own organisations" in allowed
    refused = administrator.get("/policy", params=question(site, folder_id, "other_client")).text
    assert "No rule allows it. It would be allowed if" in refused
    assert "Takeover plans" not in allowed + refused


@pytest.mark.promise(28)
def test_an_administrator_finds_no_folder_by_name_and_an_officer_does(administrator, officer, folder_id):
    assert "Takeover" not in administrator.get("/policy", params={"find": "takeo"}).text
    assert "Takeover plans" in officer.get("/policy", params={"find": "takeo"}).text


def test_an_unclear_person_is_asked_about_again(administrator):
    page = administrator.get("/policy", params={"person": "client", "does": "folder:see"}).text
    assert "Which one?" in page
    assert "Clara Client" in page
    assert "Gil Client" in page
    nobody = administrator.get("/policy", params={"person": "zebra"})
    assert nobody.status_code == 404
    assert "nobody with this name" in nobody.text


def test_a_question_that_cannot_be_asked_is_answered_in_words(administrator, site):
    asked = {"person": site.world.client.email, "does": "folder:see", "on": "the blue one"}
    answer = administrator.get("/policy", params=asked)
    assert answer.status_code == 400
    assert "paste the address" in answer.text
    assert administrator.get("/policy", params=asked | {"on": f"folder:{unknown_id()}"}).status_code == 404


def test_the_api_explains(officer, site, folder_id):
    found = officer.get("/api/v1/policy/explanation", params=question(site, folder_id, "other_client")).json()
    assert (found["verdict"], found["decided"]) == ("refused", [])
    assert {rule["id"] for rule in found["could"]} == {"clients-own-folders", "members-see-folders"}
    assert len(officer.get("/api/v1/policy/rules").json()["items"]) == len(site.portal.db.policy.rules)


def test_a_refused_page_says_what_to_do_next_and_no_rule(site):
    answer = site.sign_in(site.world.client).get("/policy")
    assert answer.status_code == 403
    assert "ask your administrator" in answer.text
    for rule in site.portal.db.policy.rules:
        assert rule.id not in answer.text
