"""Erasing a person's details over HTTP: what the form says first, and what the report says afterwards."""

import pytest

from actions import two_people
from actions.world import NOW, person
from docvault.actions import disposals
from docvault.actions.people import disable_person
from docvault.policy.vocabulary import Role


@pytest.mark.promise(88)
def test_the_form_says_what_stands_against_it_and_the_report_what_was_done(site):
    world = site.world
    zora = person(world.db, "Zora Erasable", Role.CLIENT, world.acme)
    second = person(world.db, "Sven Officer", Role.COMPLIANCE_OFFICER, world.operator)
    officer, administrator = site.sign_in(world.officer), site.sign_in(world.administrator)
    form = f"/proposals/new?kind=erase-person&person_id={zora.person_id}"
    assert "Their email" in officer.get("/proposals/new?kind=erase-person").text
    page = officer.get(form).text
    assert "Their account is still open" in page
    assert 'id="propose"' not in page
    asked = f"/api/v1/people/{zora.person_id}/erasure"
    assert len(officer.get(asked).json()["reasons"]) == 1
    disable_person(world.db, acting=world.administrator, person_id=zora.person_id, now=NOW)
    assert 'id="propose"' in officer.get(form).text
    assert "kind=erase-person" in administrator.get(f"/people/{zora.person_id}").text
    made = two_people.propose(world, world.officer, "erase-person", person_id=zora.person_id)
    two_people.confirm(world, second, made)
    assert "Under way" in officer.get("/retention").text
    disposals.finish_begun(site.portal.db, site.portal.vault, site.portal.stones, now=NOW)
    page = officer.get("/retention").text
    assert zora.person_id in page
    assert "without details now" in page
    [found] = officer.get("/api/v1/erasures").json()["items"]
    assert (found["person_id"], found["kept"], found["kept_until"]) == (zora.person_id, 0, None)
    assert officer.get(asked).json()["done"] == found
    for each in (page, officer.get(f"/proposals/{made.id}").text, administrator.get("/people").text):
        assert "Zora" not in each
    assert officer.get("/api/v1/people/nobody/erasure").status_code == 404
