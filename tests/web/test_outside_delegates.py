"""Handing one's part to somebody without an account, over HTTP: the forms, the words, the code shown once."""

import re

import pytest

from actions import envelope_world as signing
from actions import outside
from actions.test_outside_delegates import CODE, DORA, guest, link, mailed, sent

from .test_words import speak


def post(browser, path, **fields):
    return browser.post(path, data=fields, follow_redirects=False)


@pytest.mark.promise(37)
def test_somebody_without_an_account_hands_it_on_and_the_sender_makes_a_new_code(site):
    envelope = sent(site.made, guest(site.made, CODE))
    phone = site.carry(outside.come_in(site.made, envelope, CODE).session)
    manager = site.sign_in(site.world.manager)
    assert f'href="/sign/{envelope}/delegate"' in phone.get(f"/sign/{envelope}").text
    page = phone.get(f"/sign/{envelope}/delegate").text
    assert 'name="naming" value="yes"' in page
    assert site.world.client.email not in page  # nobody of an organisation is shown to a stranger
    assert phone.get(f"/api/v1/envelopes/{envelope}/ceremony/colleagues").json() == {
        "items": [],
        "may_name_others": True,
    }
    wrong = {"naming": "yes", "name": "Dora", "email": "dora", "reason": "On leave"}
    refused = post(phone, f"/sign/{envelope}/delegate", **wrong)
    assert refused.status_code == 400
    assert "complete e-mail address" in refused.text
    assert 'value="dora"' in refused.text  # what was typed is still there
    right = wrong | {"name": DORA.name, "email": DORA.email}
    asked = post(phone, f"/sign/{envelope}/delegate", **right)
    assert asked.headers["location"] == f"/envelopes/{envelope}?notice=handed-over"
    assert "Your colleague has been asked" in phone.get(asked.headers["location"]).text
    assert "You receive a copy" in phone.get(f"/sign/{envelope}").text
    path = mailed(site.made, "access_code_needed", site.world.manager.email)[0]["path"]
    seen = manager.get(f"/envelopes/{envelope}").text
    assert f'href="{path}"' in seen
    assert "Dora Delegate waits for an access code from you" in seen
    assert f"/envelopes/{envelope}/remind" not in seen  # there is nobody to remind
    assert phone.get(path).status_code == 403
    assert "Make a code and invite them" in manager.get(path).text
    assert mailed(site.made, "part_handed_outside") == []  # looking changes nothing
    made = manager.post(path)
    shown = re.search(r"(\d{4}) (\d{4})</p>", made.text)
    assert (made.status_code, made.headers["cache-control"]) == (200, "no-store")
    assert shown[1] not in manager.get(path).text
    again = manager.post(f"/api/v1{path}").json()["code"]
    assert "waits for an access code" not in manager.get(f"/envelopes/{envelope}").text
    knocked = outside.knock(site.made, link(site.made))
    entered = outside.give(site.made, knocked, None, again)
    dora = outside.enrol(site.made, entered)
    signing.sign(site.made, dora.acting, envelope)
    assert manager.post(f"/api/v1{path}").status_code == 409
    assert "given it already" in manager.get(path).text


def test_an_account_holder_chooses_from_the_list_or_names_somebody_and_reads_why_not_in_their_language(site):
    envelope = sent(site.made)
    client = site.sign_in(site.world.client)
    speak(site, site.world.client, "de")
    form = {"name": DORA.name, "email": DORA.email, "reason": "Urlaub"}
    both = post(client, f"/sign/{envelope}/delegate", **form, person_id="0" * 26)
    assert both.status_code == 400
    assert "nicht beides" in both.text
    mine = post(client, f"/sign/{envelope}/delegate", **form | {"email": site.world.client.email})
    assert "Das ist Ihre eigene Adresse" in mine.text
    path = f"/api/v1/envelopes/{envelope}/ceremony/delegate"
    assert client.post(path, json=form | {"person_id": "0" * 26}).status_code == 400
    elsewhere = form | {"email": site.world.other_client.email}
    assert client.post(path, json=elsewhere).status_code == 400
    assert client.post(path, json=form).status_code == 204
    view = site.sign_in(site.world.manager).get(f"/api/v1/envelopes/{envelope}").json()
    assert (view["may_delegate_outside"], view["handovers"][0]["to_name"]) == (True, DORA.name)
    assert client.post(path, json=form).status_code == 409
