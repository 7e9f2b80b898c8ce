"""Uploads by tus 1.0: nothing lost, nothing wrong kept, every refusal in words."""

import base64
import hashlib
import os

import pytest

from docvault.vault.files import SEGMENT
from docvault.web.api import uploads as door

from .portal import PART, TUS, begin, folder, metadata, send_part, unknown_id, upload

REST = 12_345  # bytes after the last whole segment


@pytest.fixture
def browser(site):
    return site.sign_in(site.world.manager)


@pytest.fixture
def folder_id(browser, site):
    return folder(browser, site)


def test_the_server_says_what_it_can_do(site):
    answer = site.visit().options("/api/v1/uploads")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert set(answer.headers["tus-extension"].split(",")) == {
        "creation",
        "termination",
        "checksum",
        "expiration",
    }
    assert answer.headers["tus-checksum-algorithm"] == "sha256"
    assert int(answer.headers["tus-max-size"]) == site.portal.db.policy.numbers.uploads.max_bytes


def test_a_file_of_several_segments_arrives_whole(browser, folder_id):
    data = os.urandom(SEGMENT + REST)
    begun = begin(browser, len(data), folder=folder_id, filename="plans.bin")
    assert begun.status_code == 201
    assert "GMT" in begun.headers["upload-expires"]
    url = begun.headers["location"]
    first = send_part(browser, url, 0, data[:SEGMENT], checked=True)
    assert (first.status_code, first.headers["upload-offset"]) == (204, str(SEGMENT))
    last = send_part(browser, url, SEGMENT, data[SEGMENT:], checked=True)
    assert last.headers["x-content-sha256"] == hashlib.sha256(data).hexdigest()
    content = browser.get(f"/api/v1/documents/{last.headers['x-document-id']}/versions/1/content")
    assert content.content == data


def test_a_lost_connection_goes_on_at_the_last_whole_segment(browser, folder_id):
    data = os.urandom(2 * SEGMENT)
    url = begin(browser, len(data), folder=folder_id, filename="plans.bin").headers["location"]
    cut = send_part(browser, url, 0, data[: SEGMENT + REST])
    assert cut.headers["upload-offset"] == str(SEGMENT)
    asked = browser.head(url, headers=TUS)
    assert (asked.headers["upload-offset"], asked.headers["upload-length"]) == (str(SEGMENT), str(len(data)))
    assert asked.headers["cache-control"] == "no-store"
    whole = send_part(browser, url, SEGMENT, data[SEGMENT:])
    assert whole.headers["x-content-sha256"] == hashlib.sha256(data).hexdigest()


def test_a_part_that_was_damaged_on_its_way_is_not_kept(browser, folder_id):
    data = os.urandom(REST)
    url = begin(browser, len(data), folder=folder_id, filename="plans.bin").headers["location"]
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    headers = PART | {"upload-offset": "0", "upload-checksum": f"sha256 {wrong}"}
    answer = browser.patch(url, headers=headers, content=data)
    assert answer.status_code == 460
    assert "damaged" in answer.json()["detail"]
    assert browser.head(url, headers=TUS).headers["upload-offset"] == "0"
    assert send_part(browser, url, 0, data, checked=True).status_code == 204


def test_a_wrong_offset_is_refused_with_the_right_one(browser, folder_id):
    url = begin(browser, SEGMENT + REST, folder=folder_id, filename="plans.bin").headers["location"]
    answer = send_part(browser, url, SEGMENT, b"x" * REST)
    assert (answer.status_code, answer.headers["upload-offset"]) == (409, "0")
    assert answer.headers["tus-resumable"] == "1.0.0"


def test_more_bytes_than_announced_are_refused(browser, folder_id, site):
    url = begin(browser, REST, folder=folder_id, filename="plans.bin").headers["location"]
    for checked in (False, True):
        answer = send_part(browser, url, 0, b"x" * (REST + 1), checked=checked)
        assert answer.status_code == 413
    assert browser.head(url, headers=TUS).headers["upload-offset"] == "0"


def test_a_part_too_short_to_keep_says_how_long_it_must_be(browser, folder_id):
    url = begin(browser, 2 * SEGMENT, folder=folder_id, filename="plans.bin").headers["location"]
    answer = send_part(browser, url, 0, b"x" * REST)
    assert answer.status_code == 400
    assert str(SEGMENT) in answer.json()["detail"]


def test_giving_up_leaves_nothing(browser, folder_id, site):
    before = site.count("documents")
    url = begin(browser, REST, folder=folder_id, filename="plans.bin").headers["location"]
    assert browser.delete(url, headers=TUS).status_code == 204
    assert browser.head(url, headers=TUS).status_code == 404
    assert site.count("documents") == before
    assert site.count("uploads") == 0


@pytest.mark.parametrize(
    ("size", "status", "words"),
    [
        ("0", 400, "empty"),
        (str(10**14), 413, "too large"),
        ("", 400, "Upload-Length"),
        ("-1", 400, "Upload-Length"),
        ("١٢", 400, "Upload-Length"),
        ("9" * 400, 400, "Upload-Length"),
    ],
)
def test_a_length_that_cannot_be_is_refused_in_words(browser, folder_id, site, size, status, words):
    headers = TUS | {"upload-metadata": metadata(folder=folder_id, filename="a.pdf")}
    raw = [(name.encode(), value.encode()) for name, value in (headers | {"upload-length": size}).items()]
    answer = browser.post("/api/v1/uploads", headers=raw)
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
    assert site.count("uploads") == 0


@pytest.mark.parametrize(
    "header", ["folder", "folder !!!", "folder YQ==,folder YQ==", "a" * 5000, "folder gICA"]
)
def test_a_description_that_cannot_be_read_is_refused(browser, header):
    answer = browser.post("/api/v1/uploads", headers=TUS | {"upload-length": "5", "upload-metadata": header})
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_another_version_of_the_protocol_is_refused(browser, folder_id):
    headers = {
        "tus-resumable": "0.2.0",
        "upload-length": "5",
        "upload-metadata": metadata(folder=folder_id, filename="a"),
    }
    answer = browser.post("/api/v1/uploads", headers=headers)
    assert (answer.status_code, answer.headers["tus-version"]) == (412, "1.0.0")


def test_a_part_in_another_media_type_is_refused(browser, folder_id):
    url = begin(browser, 5, folder=folder_id, filename="a").headers["location"]
    answer = browser.patch(
        url, headers=TUS | {"upload-offset": "0", "content-type": "text/plain"}, content=b"12345"
    )
    assert answer.status_code == 415


@pytest.mark.parametrize("header", ["md5 YQ==", "sha256 YQ==", "sha256", "sha256 !!!"])
def test_a_checksum_that_is_not_sha_256_is_refused(header):
    with pytest.raises(door.TusRefused):
        door.read_checksum(header)


def test_a_new_version_becomes_the_newest(browser, folder_id):
    document = upload(browser, folder_id, "terms.txt", b"one")
    begun = begin(browser, 3, folder=folder_id, filename="terms.txt", document=document)
    assert send_part(browser, begun.headers["location"], 0, b"two").headers["x-document-id"] == document
    numbers = [one["number"] for one in browser.get(f"/api/v1/documents/{document}").json()["versions"]]
    assert sorted(numbers) == [1, 2]


@pytest.mark.promise(21)
def test_somebody_elses_upload_and_an_unknown_one_answer_the_same_bytes(browser, folder_id, site):
    url = begin(browser, 5, folder=folder_id, filename="a").headers["location"]
    other = site.sign_in(site.world.other_manager)
    for method, headers in (("PATCH", PART | {"upload-offset": "0"}), ("DELETE", TUS)):
        answers = [
            other.request(method, address, headers=headers, content=b"12345" if method == "PATCH" else None)
            for address in (url, f"/api/v1/uploads/{unknown_id()}")
        ]
        assert [one.status_code for one in answers] == [404, 404]
        assert answers[0].content == answers[1].content
    foreign = [begin(other, 5, folder=where, filename="a") for where in (folder_id, unknown_id())]
    assert foreign[0].status_code == foreign[1].status_code == 404
    assert foreign[0].content == foreign[1].content


def test_without_a_csrf_token_nothing_is_taken(browser, folder_id, site):
    del browser.headers["x-csrf-token"]
    assert begin(browser, 5, folder=folder_id, filename="a").status_code == 403
    assert site.count("uploads") == 0
