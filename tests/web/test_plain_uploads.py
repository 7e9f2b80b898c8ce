"""Without JavaScript a plain form sends a small file: never spooled, never without the session's token."""

import pytest

from .portal import folder

BOUNDARY = "----lineofthetest"


@pytest.fixture
def browser(site):
    return site.sign_in(site.world.manager)


@pytest.fixture
def folder_id(browser, site):
    return folder(browser, site)


def post(browser, folder_id, *parts, token=None):
    body = b""
    for head, content in (('name="csrf"', (token or browser.headers["x-csrf-token"]).encode()), *parts):
        body += f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
    body += f"--{BOUNDARY}--\r\n".encode()
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    anonymous = {"cookie": browser.headers["cookie"]}
    return browser.request(
        "POST",
        f"/folders/{folder_id}/files",
        content=body,
        headers=headers | anonymous,
        follow_redirects=False,
    )


def test_a_file_arrives_by_a_plain_form(browser, folder_id):
    token = browser.headers["x-csrf-token"]
    del browser.headers["x-csrf-token"]
    sent = post(browser, folder_id, ('name="file"; filename="Grüße.txt"', b"hello"), token=token)
    assert (sent.status_code, sent.headers["location"]) == (303, f"/folders/{folder_id}")
    (one,) = browser.get(f"/api/v1/folders/{folder_id}/documents").json()["items"]
    assert (one["name"], one["size"]) == ("Grüße.txt", 5)


@pytest.mark.promise(84)
def test_a_plain_form_without_the_sessions_token_is_refused(browser, folder_id, site):
    del browser.headers["x-csrf-token"]
    sent = post(browser, folder_id, ('name="file"; filename="a.txt"', b"hello"), token="other")
    assert sent.status_code == 403
    assert site.count("documents") == 0


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([], 400),
        ([('name="file"; filename=""', b"")], 400),
        ([('name="other"; filename="a"', b"x")], 400),
        ([('name="file"; filename="a"', b"x"), ('name="file"; filename="b"', b"y")], 400),
        ([('name="file"; filename="a\u202eb"', b"x")], 400),
        ([('name="file"; filename="a"', bytes(8 * 1024 * 1024 + 200_000))], 413),
    ],
)
def test_what_is_not_one_small_file_is_refused_in_words(browser, folder_id, site, parts, status):
    sent = post(browser, folder_id, *parts)
    assert sent.status_code == status
    assert site.count("documents") == 0
