"""Documents over HTTP: bytes leave as attachments under safe names, in ranges, with nothing that runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.exceptions import HTTPException

from actions import envelope_world as signing
from docvault.web.downloads import Part, disposition, part_of, safe_name

from .portal import begin, folder, send_part, unknown_id, upload


@pytest.fixture
def browser(site):
    return site.sign_in(site.world.manager)


@pytest.fixture
def contract(browser, site):
    return upload(browser, folder(browser, site), "Contract ‘31.pdf", signing.contract())


def content_of(document, number=1):
    return f"/api/v1/documents/{document}/versions/{number}/content"


@pytest.mark.promise(32)
@pytest.mark.parametrize("name", ["page.html", "picture.svg", "notes.txt", "mail.eml"])
@pytest.mark.asvs("3.2.1")
@pytest.mark.asvs("3.5.4")
def test_what_people_sent_is_never_shown_by_the_browser(browser, site, name):
    document = upload(browser, folder(browser, site), name, b"<script>alert(1)</script>")
    answer = browser.get(content_of(document))
    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.promise(33)
@given(st.text(max_size=400))
def test_no_name_breaks_out_of_its_header(name):
    value = disposition(name)
    assert value.isascii()
    assert value.isprintable()
    quoted, _, extended = value.removeprefix('attachment; filename="').partition("\"; filename*=UTF-8''")
    assert '"' not in quoted
    assert "\\" not in quoted
    assert quoted
    assert all(letter.isalnum() or letter in "-._~%" for letter in extended)


@pytest.mark.promise(33)
@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("plan.pdf", "plan.pdf"),
        ("a\r\nSet-Cookie: x=y.pdf", "aSet-Cookie_ x=y.pdf"),
        ("nul\x00.pdf", "nul.pdf"),
        ("annex\u202efdp.exe", "annexfdp.exe"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\temp\\a.pdf", "C__temp_a.pdf"),
        ("  ..  ", "document"),
        ("", "document"),
        ("契約書 żółć.pdf", "契約書 żółć.pdf"),
        ("x" * 500 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_a_name_keeps_what_is_harmless(name, safe):
    assert safe_name(name) == safe


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("bytes=0-9", Part(0, 10)),
        ("bytes=90-", Part(90, 100)),
        ("bytes=-10", Part(90, 100)),
        ("bytes=-1000", Part(0, 100)),
        ("bytes=0-1000", Part(0, 100)),
        ("bytes=5-2", None),
        ("bytes=0-1,4-5", None),
        ("bytes=-", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
    ],
)
def test_a_range_is_read_as_rfc_9110_says(header, part):
    assert part_of(header, 100) == part


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=" + "9" * 30 + "-"])
def test_a_range_outside_the_file_is_refused_with_its_size(header):
    with pytest.raises(HTTPException) as refused:
        part_of(header, 100)
    assert refused.value.status_code == 416
    assert refused.value.headers == {"content-range": "bytes */100"}


def test_a_part_of_a_file_is_that_part(browser, contract):
    whole = browser.get(content_of(contract))
    part = browser.get(content_of(contract), headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole.content)}"
    assert part.headers["etag"] == whole.headers["etag"]
    changed = browser.get(content_of(contract), headers={"range": "bytes=10-19", "if-range": '"other"'})
    assert (changed.status_code, changed.content) == (200, whole.content)
    outside = browser.get(content_of(contract), headers={"range": f"bytes={len(whole.content)}-"})
    assert outside.status_code == 416


def test_pages_are_pictures_from_a_closed_ladder(browser, contract):
    pages = f"/api/v1/documents/{contract}/versions/1/pages"
    picture = browser.get(f"{pages}/1?width=600")
    assert (picture.status_code, picture.content[:4]) == (200, b"\x89PNG")
    assert browser.get(f"{pages}/1?width=601").status_code == 404
    assert browser.get(f"{pages}/99?width=600").status_code == 404


def test_the_text_of_a_page_lies_over_its_picture(browser, contract):
    page = browser.get(f"/documents/{contract}")
    assert page.status_code == 200
    assert '<svg class="textlayer"' in page.text
    assert "Services agreement, part 1" in page.text
    runs = browser.get(f"/api/v1/documents/{contract}/versions/1/pages/2/text").json()["items"]
    assert any("part 2" in run["text"] for run in runs)
    reading = browser.get(f"/documents/{contract}/text")
    assert "Services agreement, part 2" in reading.text


def test_a_file_without_pages_is_offered_for_download(browser, site):
    document = upload(browser, folder(browser, site), "figures.bin", b"a,b\n1,2\n")
    page = browser.get(f"/documents/{document}")
    assert page.status_code == 200
    assert "Download the file" in page.text
    assert "Send for signature" not in page.text
    assert browser.get(f"/documents/{document}/text").status_code == 422


@pytest.mark.promise(21)
def test_a_foreign_document_and_an_unknown_one_answer_the_same_bytes(contract, site):
    stranger = site.sign_in(site.world.other_client)
    for path in (
        "/api/v1/documents/{}",
        "/api/v1/documents/{}/versions/1/content",
        "/documents/{}",
        "/documents/{}/text",
    ):
        foreign, random = (stranger.get(path.format(which)) for which in (contract, unknown_id()))
        assert foreign.status_code == random.status_code == 404
        assert foreign.content == random.content


@pytest.mark.promise(28)
def test_an_officer_sees_that_it_exists_but_not_what_is_in_it(contract, site):
    officer = site.sign_in(site.world.officer)
    page = officer.get(f"/documents/{contract}")
    assert page.status_code == 200
    assert "not what is in it" in page.text
    assert "Services agreement, part 1" not in page.text
    assert officer.get(content_of(contract)).status_code == 403
    assert officer.get(f"/api/v1/documents/{contract}/versions/1/pages/1").status_code == 403


def test_an_older_version_says_so_and_leads_to_the_newest(browser, contract, site):
    view = browser.get(f"/api/v1/documents/{contract}").json()
    begun = begin(browser, 3, folder=view["folder_id"], filename="x.txt", document=contract)
    send_part(browser, begun.headers["location"], 0, b"new")
    page = browser.get(f"/documents/{contract}?version=1")
    assert "This is version 1 of 2" in page.text
    assert browser.get(f"/documents/{contract}?version=7").status_code == 404
