"""The page and the API of searching: what is found, and that others' documents change nothing."""

import pytest

from docvault.actions import indexing

from .portal import folder, strangers, unknown_id, upload


@pytest.fixture
def manager(site):
    return site.sign_in(site.world.manager)


@pytest.fixture
def client(site):
    return site.sign_in(site.world.client)


def index(site, *documents):
    portal = site.portal
    for document_id in documents:
        indexing.index_document(portal.db, portal.vault, portal.pdf, document_id=document_id)


def test_a_document_is_found_by_its_name_and_by_words_inside(manager, client, site):
    note = upload(manager, folder(manager, site), "Lease <b>.txt", b"rent is due")
    index(site, note)
    page = client.get("/search?name=lease").text
    assert f'href="/documents/{note}"' in page
    assert "Lease &lt;b&gt;.txt" in page
    assert f'href="/documents/{note}"' in client.get("/search?inside=RENT+due").text
    found = client.get("/api/v1/search", params={"inside": "rent", "kind": "contract"}).json()
    assert [one["id"] for one in found["items"]] == [note]
    assert found["next"] is None


def test_the_page_says_what_to_try(manager, site):
    assert "Find a document" in manager.get("/search").text
    nothing = manager.get("/search?name=zebra&kind=nonsense&first=tomorrow")
    assert nothing.status_code == 200
    assert "inside=zebra" in nothing.text
    unclear = manager.get("/search?inside=!!")
    assert unclear.status_code == 400
    assert "letters or digits" in unclear.text


def test_every_page_offers_the_search_to_those_who_have_folders(manager, site):
    assert 'action="/search"' in manager.get("/folders").text
    administrator = site.sign_in(site.world.administrator)
    assert 'action="/search"' not in administrator.get("/people").text


@pytest.mark.promise(21)
def test_documents_of_others_change_no_byte_of_an_answer(manager, site):
    questions = [
        "/search?name=canary",
        "/search?inside=canary",
        "/search?by=maya",
        "/api/v1/search?name=canary&limit=1",
        "/api/v1/search?inside=canary&limit=1",
        "/api/v1/search?status=unscanned",
        f"/api/v1/search?organisation={site.world.acme}",
    ]
    browsers = {name: site.sign_in(acting) for name, acting in strangers(site).items()}
    before = {name: [each.get(path).content for path in questions] for name, each in browsers.items()}
    place = folder(manager, site, "Canaries")
    index(site, *(upload(manager, place, f"canary {number}.txt", b"canary") for number in range(3)))
    after = {name: [each.get(path).content for path in questions] for name, each in browsers.items()}
    assert before == after
    for each in browsers.values():
        organisation, nobody = (
            each.get(f"/api/v1/search?organisation={one}").content for one in (site.world.acme, unknown_id())
        )
        assert organisation == nobody
    assert len(manager.get("/api/v1/search?inside=canary").json()["items"]) == 3
