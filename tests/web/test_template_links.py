"""Links to templates over HTTP: made and closed by pages, opened by whoever has one."""

import pytest

from actions import bulk, outside

from .test_envelopes import post


@pytest.fixture
def manager(site):
    return site.sign_in(site.world.manager)


def token_of(page):
    return page.text.partition('id="made-link">')[2].partition("<")[0].partition("#")[2]


def test_a_link_is_shown_once_opened_by_a_stranger_and_closed(site, manager):
    made = site.made
    path = f"/templates/{bulk.template(made, both=True)}/links"
    chosen = {"with-role-1": "", "with-role-2": site.world.manager.person_id, "with-value-1": "March"}
    refused = post(manager, path, **{**chosen, "with-role-2": ""})
    assert (refused.status_code, "every role but one" in refused.text) == (409, True)
    shown = post(manager, path, **chosen, most_uses="2")
    token = token_of(shown)
    assert (shown.status_code, len(token) > 40, token in manager.get(path).text) == (200, True, False)
    assert "0 of 2</span> used" in manager.get(path).text

    stranger = site.visit()
    assert "Say who you are" in stranger.get("/begin").text
    said = {"token": token, "name": "Olga Outside", "email": outside.OLGA}
    assert stranger.post("/api/v1/template-link-codes", json=said).status_code == 204
    assert "The code from your mail" in stranger.get("/begin/code").text
    wrong = post(stranger, "/begin/code", code="0000 0000")
    assert (wrong.status_code, "That is not right" in wrong.text) == (403, True)
    code = outside.mailed(made, "mail_code")["code"]
    given = post(stranger, "/begin/code", code=code)
    assert (given.status_code, given.headers["location"]) == (303, "/enrol")
    assert "1 of 2</span> used" in manager.get(path).text

    link_id = manager.get(path).text.partition('action="/template-links/')[2].partition("/")[0]
    assert post(manager, f"/template-links/{link_id}/close").status_code == 303
    stranger = site.visit()
    closed = stranger.post("/api/v1/template-link-codes", json=said | {"email": "p@outside.example"})
    unknown = stranger.post("/api/v1/template-link-codes", json=said | {"token": "x"})
    assert (closed.status_code, closed.json()["detail"]) == (404, unknown.json()["detail"])
