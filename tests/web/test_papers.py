"""Signing on paper over HTTP: offered where it may be, handed in by program as by page, decided on by the sender."""

import re

import pytest

from actions import envelope_world as signing
from docvault.actions.drafts import Wishes

from .test_ceremonies import enrol, prove

BINARY = {"content-type": "application/octet-stream"}


@pytest.fixture
def manager(site):
    return site.sign_in(site.world.manager)


@pytest.fixture
def client(site):
    return site.sign_in(site.world.client)


def sent(site, wishes=None):
    made = site.made
    envelope_id = signing.draft(made, (made.world.client, 1), wishes=wishes)
    signing.place(made, envelope_id)
    signing.send(made, envelope_id)
    return envelope_id


@pytest.fixture
def envelope(site):
    return sent(site, Wishes(may_use_paper=True))


def add(browser, envelope, content=None, name="page.pdf"):
    path = f"/api/v1/envelopes/{envelope}/ceremony/paper/sheets?filename={name}"
    return browser.post(path, content=signing.contract() if content is None else content, headers=BINARY)


def hand_in(browser, site, envelope, secret):
    base = f"/api/v1/envelopes/{envelope}/ceremony/paper"
    digest = browser.get(base).json()["digest"]
    proof = prove(browser, site, secret, digest)
    return browser.post(f"{base}/hand-in", json={"digest": digest, "step_up": proof})


@pytest.fixture
def handed_in(client, envelope, site):
    assert add(client, envelope).status_code == 201
    assert hand_in(client, site, envelope, enrol(site, site.world.client)).status_code == 204
    return envelope


def scan_of(browser, envelope):
    (scan,) = browser.get(f"/api/v1/envelopes/{envelope}/papers").json()["items"]
    return scan


def test_paper_is_offered_only_where_the_sender_takes_it(client, envelope, site):
    words = "Print it, sign by hand and hand in a scan"
    assert words in client.get(f"/sign/{envelope}").text
    assert "Photograph or scan" in client.get(f"/sign/{envelope}/paper").text
    other = sent(site)
    assert words not in client.get(f"/sign/{other}").text
    refused = client.get(f"/sign/{other}/paper")
    assert (refused.status_code, "does not take signatures on paper" in refused.text) == (409, True)


def test_the_sender_says_so_on_the_form_or_in_the_api_and_otherwise_nobody_may(manager, site, envelope):
    document = manager.get(f"/api/v1/envelopes/{envelope}").json()["documents"][0]["document_id"]
    people = f"{site.world.client.person_id}:1"
    given = {"document_id": document, "title": "T", "recipients": people}
    asked = []
    for more in ({"paper": "yes"}, {}):
        answer = manager.post("/envelopes", data=given | more, follow_redirects=False)
        made = answer.headers["location"].split("/")[2]
        asked.append(manager.get(f"/api/v1/envelopes/{made}").json()["may_use_paper"])
    assert asked == [True, False]
    named = {
        "title": "T",
        "document_id": document,
        "recipients": [{"person_id": site.world.client.person_id, "turn": 1}],
    }
    made = manager.post("/api/v1/envelopes", json=named | {"may_use_paper": True}).json()["id"]
    assert manager.get(f"/api/v1/envelopes/{made}").json()["may_use_paper"] is True


def test_sheets_are_added_shown_and_taken_away(client, envelope):
    added = add(client, envelope).json()
    assert (added["pages"], added["asked_pages"], added["sheets"][0]["name"]) == (2, 2, "page.pdf")
    base = f"/api/v1/envelopes/{envelope}/ceremony/paper"
    (sheet,) = added["sheets"]
    picture = client.get(f"{base}/sheets/{sheet['id']}/pages/2?width=600")
    assert picture.headers["content-type"] in {"image/png", "image/webp"}
    assert client.get(f"{base}/sheets/{sheet['id']}/pages/3?width=600").status_code == 404
    assert client.delete(f"{base}/sheets/{sheet['id']}").json()["sheets"] == []
    refused = add(client, envelope, b"no page")
    assert (refused.status_code, "neither a PDF nor a picture" in refused.json()["detail"]) == (422, True)
    assert client.get(base).json()["sheets"] == []


def test_the_page_of_who_handed_in_says_whose_turn_it_is_to_act(client, handed_in):
    page = client.get(f"/sign/{handed_in}").text
    assert "Maya Manager looks at your scan" in page
    back = client.get(f"/sign/{handed_in}/paper", follow_redirects=False)
    assert back.headers["location"] == f"/sign/{handed_in}"


def test_the_sender_sees_the_pages_and_accepts_them(manager, handed_in):
    scan = scan_of(manager, handed_in)
    page = manager.get(f"/envelopes/{handed_in}").text
    assert "Is this signed?" in page
    assert page.count(f"/papers/{scan['id']}/pages/") == 4  # each of two pages, and its larger picture
    content = manager.get(f"/api/v1/envelopes/{handed_in}/papers/{scan['id']}/content")
    assert content.headers["content-disposition"].startswith("attachment")
    picture = manager.get(f"/api/v1/envelopes/{handed_in}/papers/{scan['id']}/pages/1?width=600")
    assert picture.status_code == 200
    accepted = manager.post(
        f"/envelopes/{handed_in}/papers/{scan['id']}/accept", data={}, follow_redirects=False
    )
    assert accepted.headers["location"] == f"/envelopes/{handed_in}?notice=paper-accepted"
    after = manager.get(f"/envelopes/{handed_in}").text
    assert "Is this signed?" not in after
    assert "Signed on paper" in after
    again = manager.post(f"/envelopes/{handed_in}/papers/{scan['id']}/accept", data={})
    assert (again.status_code, "No scan of this person waits" in again.text) == (409, True)


def test_a_scan_goes_back_with_words_and_the_signer_reads_them(manager, client, handed_in):
    scan = scan_of(manager, handed_in)
    path = f"/envelopes/{handed_in}/papers/{scan['id']}/return"
    assert manager.post(path, data={"reason": " "}).status_code == 400
    answer = manager.post(path, data={"reason": "Page 2 is dark"}, follow_redirects=False)
    assert answer.headers["location"].endswith("notice=paper-returned")
    page = client.get(f"/sign/{handed_in}/paper").text
    assert "Page 2 is dark" in page
    assert re.search(r"Maya Manager sent your scan back", page)


def test_a_program_accepts_and_returns_as_the_page_does(manager, client, handed_in):
    scan = scan_of(manager, handed_in)
    base = f"/api/v1/envelopes/{handed_in}/papers/{scan['id']}"
    assert manager.post(f"{base}/return", json={"reason": ""}).status_code == 400
    assert manager.post(f"{base}/return", json={"reason": "Dark"}).status_code == 204
    assert scan_of(client, handed_in)["reason"] == "Dark"
    assert manager.post(f"{base}/acceptance").status_code == 409
