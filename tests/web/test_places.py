"""Renaming, moving, the bin and older versions by the pages' own forms: all of it works without scripts."""

import io
import re
import zipfile

import pytest

from .portal import begin, folder, send_part, upload


@pytest.fixture
def manager(site):
    return site.sign_in(site.world.manager)


def post(browser, path, **fields):
    fields = {
        name.replace("_", "-") if name.startswith("pick") else name: each for name, each in fields.items()
    }
    return browser.post(
        path, data={**fields, "csrf": browser.headers["x-csrf-token"]}, follow_redirects=False
    )


def test_what_is_ticked_is_moved_through_the_folders_by_links_and_one_button(manager, site):
    here, there = folder(manager, site, "Here"), folder(manager, site, "There")
    papers = [upload(manager, here, f"{number}.txt", b"bytes") for number in range(2)]
    ticked = {f"pick-document-{each}": "on" for each in papers}
    answer = post(manager, f"/folders/{here}/selected", deed="move", **ticked)
    assert answer.status_code == 303
    page = manager.get(answer.headers["location"]).text
    assert "It lies here already" in page
    top = manager.get(f"/move?documents={'.'.join(papers)}").text
    (into,) = re.findall(rf'href="(/move[^"]*into={there}[^"]*)"', top)
    page = manager.get(into.replace("&amp;", "&")).text
    assert "Move here" in page
    moved = post(manager, "/move", documents=".".join(papers), into=there)
    assert moved.headers["location"] == f"/folders/{there}"
    assert all(f"{number}.txt" in manager.get(f"/folders/{there}").text for number in range(2))
    assert "0.txt" not in manager.get(f"/folders/{here}").text


def test_nothing_ticked_and_a_name_that_cannot_be_are_said_in_words(manager, site):
    here = folder(manager, site, "Here")
    paper = upload(manager, here, "a.txt", b"bytes")
    answer = post(manager, f"/folders/{here}/selected", deed="bin")
    assert (answer.status_code, "tick at least one" in answer.text) == (409, True)
    for path in (f"/folders/{here}/rename", f"/documents/{paper}/rename"):
        answer = post(manager, path, name="a\u202eb")
        assert (answer.status_code, "invisible characters" in answer.text) == (400, True)


def test_the_bin_shows_who_and_gives_back_or_asks_for_another_place(manager, site):
    here, other = folder(manager, site, "Here"), folder(manager, site, "Other")
    paper = upload(manager, here, "a.txt", b"bytes")
    binned = post(manager, f"/documents/{paper}/bin")
    assert "in the bin now" in manager.get(binned.headers["location"]).text
    page = manager.get("/bin").text
    assert "a.txt" in page
    assert "Maya Manager" in page
    assert manager.get(f"/documents/{paper}").status_code == 404
    assert post(manager, f"/folders/{here}/bin").headers["location"] == "/folders"
    answer = post(manager, f"/bin/documents/{paper}/restore")
    assert answer.headers["location"] == f"/move?documents={paper}&binned=yes"
    assert "Bring back" in manager.get(answer.headers["location"]).text
    back = post(manager, "/move", documents=paper, into=other, binned="true")
    assert back.headers["location"] == f"/folders/{other}"
    assert "a.txt" in manager.get(f"/folders/{other}").text
    assert post(manager, f"/bin/folders/{here}/restore").headers["location"] == f"/folders/{here}"


def test_an_older_version_comes_back_from_the_page_that_says_what_changed(manager, site):
    here = folder(manager, site)
    paper = upload(manager, here, "a.txt", b"one")
    begun = begin(manager, 3, folder=here, filename="a.txt", document=paper, comment="Lower fees")
    send_part(manager, begun.headers["location"], 0, b"two")
    page = manager.get(f"/documents/{paper}/versions").text
    assert "Lower fees" in page
    assert post(manager, f"/documents/{paper}/versions/1/restore").status_code == 303
    assert "Version 1, brought back" in manager.get(f"/documents/{paper}/versions").text
    assert manager.get(f"/api/v1/documents/{paper}/versions/3/content").content == b"one"
    assert post(manager, f"/documents/{paper}/versions/3/restore").status_code == 409


def test_the_api_moves_bins_and_brings_back(manager, site):
    here, there = folder(manager, site, "Here"), folder(manager, site, "There")
    paper = upload(manager, here, "a.txt", b"bytes")
    assert manager.put(f"/api/v1/documents/{paper}/folder", json={"folder_id": there}).status_code == 204
    assert manager.put(f"/api/v1/folders/{there}/parent", json={"parent_id": here}).status_code == 204
    refused = manager.put(f"/api/v1/folders/{here}/parent", json={"parent_id": there})
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("place-refused")
    assert manager.delete(f"/api/v1/folders/{here}").status_code == 204
    assert manager.get(f"/api/v1/documents/{paper}").status_code == 404
    assert [one["name"] for one in manager.get("/api/v1/bin").json()["items"]] == ["Here"]
    assert manager.post(f"/api/v1/bin/folders/{here}/restore", json={}).json() == {"folder_id": here}
    assert manager.get(f"/api/v1/documents/{paper}/versions/1/content").content == b"bytes"


def test_what_is_ticked_or_a_whole_folder_comes_as_one_archive(manager, site):
    here = folder(manager, site, "Here")
    papers = [upload(manager, here, f"{number}.txt", b"bytes") for number in range(2)]
    ticked = post(
        manager, f"/folders/{here}/selected", deed="download", **{f"pick-document-{papers[0]}": "on"}
    )
    assert ticked.headers["content-type"] == "application/zip"
    assert ticked.headers["content-disposition"].startswith("attachment")
    assert zipfile.ZipFile(io.BytesIO(ticked.content)).namelist() == ["0.txt", "MANIFEST.txt"]
    whole = manager.get(f"/api/v1/folders/{here}/archive")
    assert "Here.zip" in whole.headers["content-disposition"]
    assert zipfile.ZipFile(io.BytesIO(whole.content)).namelist() == [
        "Here/0.txt",
        "Here/1.txt",
        "MANIFEST.txt",
    ]
    nothing = manager.get(f"/api/v1/folders/{folder(manager, site, 'Empty')}/archive")
    assert (nothing.status_code, "nothing" in nothing.json()["detail"]) == (422, True)


def test_two_versions_that_are_no_pdfs_are_not_compared_and_the_page_says_so(manager, site):
    here = folder(manager, site)
    made = upload(manager, here, "a.txt", b"one")
    begun = begin(manager, 3, folder=here, filename="a.txt", document=made)
    send_part(manager, begun.headers["location"], 0, b"two")
    answer = manager.get(f"/documents/{made}/compare?from=1&to=2")
    assert (answer.status_code, "Only two different versions" in answer.text) == (422, True)
    assert "What changed" not in manager.get(f"/documents/{made}/versions").text


def test_asking_about_a_file_says_size_kind_and_tag_and_is_no_download(manager, site):
    made = upload(manager, folder(manager, site), "a.txt", b"bytes")
    address = f"/api/v1/documents/{made}/versions/1/content"
    whole = manager.get(address)
    before = site.count("audit_entries")
    asked = manager.head(address)
    same = ("content-length", "content-type", "etag", "accept-ranges", "content-disposition")
    assert {name: asked.headers[name] for name in same} == {name: whole.headers[name] for name in same}
    assert (asked.status_code, asked.content) == (200, b"")
    assert site.count("audit_entries") == before
    several = manager.get(address, headers={"range": "bytes=0-0,2-3"})
    assert (several.status_code, several.content) == (200, b"bytes")  # the whole, which RFC 9110 allows
