"""Uploads by tus 1.0: nothing lost, nothing wrong kept, every refusal in words."""

import base64
import hashlib
import os

import pytest
from sqlalchemy import select

from docvault.database import tables
from docvault.vault.files import SEGMENT
from docvault.web import tus as door

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
        "creation-with-upload",
        "termination",
        "checksum",
        "expiration",
    }
    assert set(answer.headers["tus-checksum-algorithm"].split(",")) == {"sha256", "sha1"}
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


@pytest.mark.parametrize("header", ["md5 YQ==", "sha256 YQ==", "sha1 YQ==", "sha256", "sha256 !!!", ""])
def test_a_checksum_that_is_none_of_ours_is_refused(header):
    with pytest.raises(door.TusRefused):
        door.read_checksum(header)


def test_a_new_version_becomes_the_newest(browser, folder_id):
    document = upload(browser, folder_id, "terms.txt", b"one")
    begun = begin(browser, 3, folder=folder_id, filename="terms.txt", document=document)
    assert send_part(browser, begun.headers["location"], 0, b"two").headers["x-document-id"] == document
    numbers = [one["number"] for one in browser.get(f"/api/v1/documents/{document}").json()["versions"]]
    assert sorted(numbers) == [1, 2]


@pytest.mark.parametrize("size", [0, 1])
def test_the_smallest_files_are_kept(browser, folder_id, size):
    begun = begin(browser, size, folder=folder_id, filename="small.txt")
    if size:
        begun = send_part(browser, begun.headers["location"], 0, b"x", checked=True)
    assert begun.headers["x-content-sha256"] == hashlib.sha256(b"x" * size).hexdigest()
    content = browser.get(f"/api/v1/documents/{begun.headers['x-document-id']}/versions/1/content")
    assert content.content == b"x" * size


def test_a_small_file_arrives_with_its_announcement(browser, folder_id, site):
    headers = PART | {"upload-length": "5", "upload-metadata": metadata(folder=folder_id, filename="a.txt")}
    made = browser.post("/api/v1/uploads", headers=headers, content=b"12345")
    assert (made.status_code, made.headers["upload-offset"]) == (201, "5")
    assert made.headers["x-content-sha256"] == hashlib.sha256(b"12345").hexdigest()
    before = site.count("versions")
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    damaged = headers | {"upload-checksum": f"sha256 {wrong}"}
    assert browser.post("/api/v1/uploads", headers=damaged, content=b"12345").status_code == 460
    assert browser.post("/api/v1/uploads", headers=headers, content=b"123456").status_code == 413
    assert site.count("versions") == before  # nothing half done


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_each_algorithm_finds_a_damaged_part(browser, folder_id, algorithm):
    url = begin(browser, 3, folder=folder_id, filename="a.txt").headers["location"]
    for sent, status in ((b"abd", 460), (b"abc", 204)):
        digest = base64.b64encode(hashlib.new(algorithm, b"abc").digest()).decode()
        headers = PART | {"upload-offset": "0", "upload-checksum": f"{algorithm} {digest}"}
        assert browser.patch(url, headers=headers, content=sent).status_code == status


def test_what_is_unfinished_can_be_found_again(browser, folder_id, site):
    url = begin(browser, SEGMENT + 5, folder=folder_id, filename="plans.bin").headers["location"]
    send_part(browser, url, 0, bytes(SEGMENT))
    upload(browser, folder_id, "done.txt", b"done")
    (one,) = browser.get("/api/v1/uploads").json()["items"]
    assert url.endswith(one["id"])
    assert (one["filename"], one["size"], one["received"]) == ("plans.bin", SEGMENT + 5, SEGMENT)
    assert (one["folder_id"], one["folder_name"]) == (folder_id, "Contracts")
    assert site.sign_in(site.world.client).get("/api/v1/uploads").json()["items"] == []


def test_a_name_that_is_taken_is_known_before_anything_is_sent(browser, folder_id, site):
    document = upload(browser, folder_id, "Übersicht.pdf", b"one")
    body = {"folder": folder_id, "names": ["U\u0308bersicht.pdf", "other.pdf"]}  # as a Mac spells it
    found = browser.post("/api/v1/uploads/names", json=body).json()["items"]
    assert found == [{"name": "Übersicht.pdf", "id": document}]
    stranger = site.sign_in(site.world.other_manager).post("/api/v1/uploads/names", json=body)
    assert stranger.status_code == 404


def test_a_new_version_says_what_changed(browser, folder_id, site):
    document = upload(browser, folder_id, "terms.txt", b"one")
    about = {"folder": folder_id, "filename": "terms.txt", "document": document}
    begin(browser, 0, **about, comment="  Clause 4:\nthirty days ")
    assert comments(site, document) == [None, "Clause 4: thirty days"]
    assert begin(browser, 0, **about, comment="x" * 501).status_code == 400
    assert begin(browser, 0, **about, comment="x\u202ey").status_code == 400
    assert len(comments(site, document)) == 2


def comments(site, document_id):
    versions = tables.versions.c
    with site.world.db.reading() as tx:
        chosen = select(versions.comment).where(versions.document_id == document_id).order_by(versions.number)
        return list(tx.connection.execute(chosen).scalars())


@pytest.mark.promise(33)
@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..\\..\\boot.ini", "C:\\x.txt", "a.pdf.exe", "%PDF-1.7", ".", "..", "/", "x" * 255],
)
def test_a_name_is_data_and_never_a_path(browser, folder_id, site, name):
    document = upload(browser, folder_id, name, b"data")
    assert browser.get(f"/api/v1/documents/{document}").json()["name"] == name
    content = browser.get(f"/api/v1/documents/{document}/versions/1/content")
    assert content.content == b"data"
    assert content.headers["content-disposition"].startswith("attachment")
    assert not list(site.portal.settings.data.rglob("*passwd*"))


@pytest.mark.promise(33)
@pytest.mark.parametrize("name", ["invoice\u202efdp.exe", "a\nb.txt", "a\0b", "x" * 256, " ", "\u2028"])
def test_a_name_that_would_look_like_another_is_refused_before_anything_is_sent(
    browser, folder_id, site, name
):
    answer = begin(browser, 5, folder=folder_id, filename=name)
    assert answer.status_code == 400
    assert "name" in answer.json()["detail"]
    assert site.count("uploads") == site.count("versions") == 0


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
