"""Guests upload by a link into a folder that they cannot read: what the link is worth, and what it never shows."""

import hashlib
import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from actions.world import NOW, everything, set_state
from docvault.database import messages, tables
from docvault.database.people import PersonState
from docvault.vault.files import SEGMENT
from docvault.web.cookies import SESSION, VISIT

from .portal import PART, TUS, folder, metadata, upload

VISIT_UPLOADS = "/api/v1/visit/uploads"
DEAD = "This link does not work any more"


@pytest.fixture
def manager(site):
    return site.sign_in(site.world.manager)


@pytest.fixture
def folder_id(manager, site):
    return folder(manager, site, "Tax 2025")


def ask(browser, folder_id, **more):
    body = {"title": "Tax papers", "until": "2026-03-09", "most_files": 3, "most_bytes": 10_000} | more
    made = browser.post(f"/api/v1/folders/{folder_id}/requests", json=body)
    assert made.status_code == 201, made.text
    return made.json()


def token_of(made):
    return made["path"].removeprefix("/r#")


def knock(browser, token, *, name="Gina Guest", email="gina@example.com", code=""):
    body = {"token": token, "name": name, "email": email, "code": code}
    return browser.post("/api/v1/visits", json=body)


def visiting(site, token, **who):
    guest = site.visit()
    answer = knock(guest, token, **who)
    assert answer.status_code == 204, answer.text
    return guest


def send(guest, name, data, **more):
    headers = PART | {"upload-length": str(len(data)), "upload-metadata": metadata(filename=name, **more)}
    return guest.post(VISIT_UPLOADS, headers=headers, content=data)


def test_a_guest_sends_files_and_keeps_a_receipt(site, manager, folder_id):
    made = ask(manager, folder_id)
    guest = visiting(site, token_of(made))
    page = guest.get("/r/files")
    assert "Tax papers" in page.text
    assert "Maya Manager" in page.text
    sent = send(guest, "payslip.pdf", b"data")
    assert sent.status_code == 201, sent.text
    digest = hashlib.sha256(b"data").hexdigest()
    assert (sent.headers["x-content-sha256"], "x-document-id" in sent.headers) == (digest, False)
    (one,) = guest.get("/api/v1/visit").json()["sent"]
    assert (one["name"], one["size"], one["sha256"]) == ("payslip.pdf", 4, digest)
    receipt = guest.get("/r/receipt")
    assert receipt.headers["content-disposition"].startswith("attachment")
    assert all(word in receipt.text for word in ("payslip.pdf", "4 bytes", digest, "Gina Guest"))
    assert digest in guest.get("/r/files").text


def test_pages_and_the_trail_say_who_brought_it_and_through_which_request(site, manager, folder_id):
    guest = visiting(site, token_of(ask(manager, folder_id)))
    send(guest, "payslip.pdf", b"data")
    (document,) = manager.get(f"/api/v1/folders/{folder_id}/documents").json()["items"]
    by = "Gina Guest (guest, through the request “Tax papers”)"
    assert document["by"] == by
    assert by in manager.get(f"/documents/{document['id']}").text
    entries = site.sign_in(site.world.officer).get("/api/v1/audit/entries").json()["items"]
    added = next(each for each in entries if each["kind"] == "document:version:added")
    assert by in str(added)
    kinds = [kind for kind, _ in site.world.entries()]
    assert [kind for kind in kinds if kind.startswith(("request", "document:version"))] == [
        "request:made",
        "request:opened",
        "document:version:added",
    ]


def test_a_file_of_several_segments_goes_on_where_it_stopped(site, manager, folder_id):
    made = ask(manager, folder_id, most_bytes=SEGMENT + 5)
    guest = visiting(site, token_of(made))
    data = bytes(SEGMENT) + b"12345"
    about = {"upload-length": str(len(data)), "upload-metadata": metadata(filename="big.bin")}
    url = guest.post(VISIT_UPLOADS, headers=TUS | about).headers["location"]
    guest.patch(url, headers=PART | {"upload-offset": "0"}, content=data[:SEGMENT])
    (left,) = guest.get(VISIT_UPLOADS).json()["items"]
    assert (left["received"], left["folder_id"], left["folder_name"]) == (SEGMENT, None, None)
    last = guest.patch(url, headers=PART | {"upload-offset": str(SEGMENT)}, content=data[SEGMENT:])
    assert last.headers["x-content-sha256"] == hashlib.sha256(data).hexdigest()


def test_a_guest_sees_nothing_but_what_they_sent_in_this_visit(site, manager, folder_id):
    document = upload(manager, folder_id, "secret.txt", b"secret")
    token = token_of(ask(manager, folder_id))
    first, second = visiting(site, token), visiting(site, token, name="Greg", email="greg@example.com")
    begun = first.post(
        VISIT_UPLOADS, headers=TUS | {"upload-length": "5", "upload-metadata": metadata(filename="mine.txt")}
    ).headers["location"]
    send(first, "first.txt", b"1")
    for guest in (second, visiting(site, token)):
        assert guest.get("/api/v1/visit").json()["sent"] == []
        assert guest.head(begun, headers=TUS).status_code == 404
        assert guest.delete(begun, headers=TUS).status_code == 404
        for path in (f"/folders/{folder_id}", f"/documents/{document}", "/inbox", "/folders"):
            assert guest.get(path, follow_redirects=False).status_code == 303  # to the sign-in page
        for path in (f"/api/v1/folders/{folder_id}/documents", f"/api/v1/documents/{document}", "/api/v1/me"):
            assert guest.get(path).status_code == 401
    # The requester does not send a guest's file either, nor sees it among their own unfinished ones.
    assert manager.get("/api/v1/uploads").json()["items"] == []
    assert manager.head(begun.replace("/visit", ""), headers=TUS).status_code == 404
    # Nobody makes a new version of what is there, or names another folder.
    sent = send(first, "secret.txt", b"2", document=document, folder="elsewhere")
    assert sent.status_code == 201
    versions = manager.get(f"/api/v1/documents/{document}").json()["versions"]
    assert len(versions) == 1


@pytest.mark.promise(38)
@pytest.mark.promise(39)
def test_links_that_work_and_links_that_do_not_look_the_same_until_somebody_says_who_they_are(
    site, manager, folder_id
):
    working = token_of(ask(manager, folder_id))
    closed, ended, full = (ask(manager, folder_id, most_files=1) for _ in range(3))
    manager.post(f"/api/v1/requests/{closed['id']}/close")
    assert send(visiting(site, token_of(full)), "a.txt", b"x").status_code == 201
    change(site, ended, ends_at=NOW - timedelta(seconds=1))
    before = site.world.rows()
    pages = {site.visit().get("/r").text for _ in range(50)}
    assert len({re.sub(r"\s+", " ", page) for page in pages}) == 1
    assert site.visit().head("/r").status_code in {200, 405}
    assert site.world.rows() == before  # opening consumes nothing
    answers = [knock(site.visit(), token_of(made)) for made in (closed, ended, full)]
    answers.append(knock(site.visit(), "unknown"))
    assert {(each.status_code, each.content) for each in answers} == {(404, answers[0].content)}
    assert DEAD in answers[0].json()["detail"]
    assert knock(site.visit(), working).status_code == 204


def change(site, made, **values):
    with site.world.db.transaction() as tx:
        requests = tables.file_requests
        tx.connection.execute(requests.update().where(requests.c.id == made["id"]).values(values))


@pytest.mark.promise(19)
@pytest.mark.parametrize("how", ["disabled", "kept out", "closed", "over"])
def test_a_link_is_worth_what_its_maker_may_do_now(site, manager, folder_id, how):
    made = ask(manager, folder_id)
    guest = visiting(site, token_of(made))
    url = guest.post(
        VISIT_UPLOADS, headers=TUS | {"upload-length": "5", "upload-metadata": metadata(filename="a.txt")}
    ).headers["location"]
    with site.world.db.transaction() as tx:
        if how == "disabled":
            set_state(tx, site.world.manager.person_id, PersonState.DISABLED)
        if how == "kept out":
            portfolios = tables.portfolios
            tx.connection.execute(portfolios.update().values(ended_at=NOW))
    if how == "closed":
        manager.post(f"/api/v1/requests/{made['id']}/close")
    if how == "over":
        change(site, made, ends_at=NOW)
    part = guest.patch(url, headers=PART | {"upload-offset": "0"}, content=b"12345")
    assert (part.status_code, DEAD in part.text) == (404, True)
    assert send(guest, "b.txt", b"x").status_code == 404
    assert knock(site.visit(), token_of(made)).status_code == 404
    assert site.count("documents") == 1  # the one that was begun; nothing of it can be seen


def test_limits_of_a_request_hold_and_give_back(site, manager, folder_id):
    guest = visiting(site, token_of(ask(manager, folder_id, most_files=2, most_bytes=10)))
    refused = send(guest, "big.bin", bytes(11))
    assert (refused.status_code, "takes 10 bytes more" in refused.json()["detail"]) == (409, True)
    begun = guest.post(
        VISIT_UPLOADS, headers=TUS | {"upload-length": "10", "upload-metadata": metadata(filename="a.txt")}
    ).headers["location"]
    assert send(guest, "b.txt", b"x").status_code == 409
    assert guest.delete(begun, headers=TUS).status_code == 204
    assert send(guest, "b.txt", b"x").status_code == 201
    assert send(guest, "c.txt", b"").status_code == 201
    full = send(guest, "d.txt", b"")
    assert (full.status_code, "all the files" in full.json()["detail"]) == (409, True)


def test_a_guest_learns_nothing_of_the_store_of_the_organisation(site, manager, folder_id):
    administrator = site.sign_in(site.world.administrator)
    path = f"/api/v1/organisations/{site.world.acme}/storage"
    assert administrator.put(path, json={"most": 1024**2}).status_code == 204
    guest = visiting(site, token_of(ask(manager, folder_id, most_bytes=10**9)))
    refused = send(guest, "a.bin", bytes(1024**2 + 1))
    assert refused.status_code == 409
    assert "Acme" not in refused.text
    assert "Acme Industries may store" in upload_refused(manager, folder_id)


def upload_refused(browser, folder_id):
    about = {"upload-length": str(2 * 1024**2), "upload-metadata": metadata(folder=folder_id, filename="b")}
    answer = browser.post("/api/v1/uploads", headers=TUS | about)
    assert answer.status_code == 507
    return answer.json()["detail"]


def test_the_access_code_is_asked_for_and_guesses_wait(site, manager, folder_id):
    made = ask(manager, folder_id, access_code=True)
    code = made["access_code"]
    assert re.fullmatch(r"\d{8}", code)
    spaced = f"{code[:4]} {code[4:]}"
    assert knock(site.visit(), token_of(made), code=spaced).status_code == 204
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    answers = [knock(site.visit(), token_of(made), code=wrong).status_code for _ in range(7)]
    assert answers == [403] * 5 + [429] * 2
    late = knock(site.visit(), token_of(made), code=code)
    assert (late.status_code, "retry-after" in late.headers) == (429, True)
    site.portal.clock.now += timedelta(seconds=5)
    assert knock(site.visit(), token_of(made), code=code).status_code == 204


def test_visits_from_one_source_are_bounded(site, manager, folder_id):
    token = token_of(ask(manager, folder_id))
    answers = [knock(site.visit(), token).status_code for _ in range(53)]
    assert answers[:50] == [204] * 50
    assert answers[-1] == 429


@pytest.mark.parametrize(
    ("name", "email"),
    [("", "g@example.com"), ("Gina", "nobody"), ("x" * 101, "g@example.com"), ("a\u202eb", "")],
)
def test_a_guest_says_who_they_are_before_anything_is_looked_up(site, manager, folder_id, name, email):
    made = ask(manager, folder_id)
    answers = [knock(site.visit(), token, name=name, email=email) for token in (token_of(made), "unknown")]
    assert [each.status_code for each in answers] == [400, 400]
    assert answers[0].content == answers[1].content
    assert site.count("visits") == 0


def test_the_requester_is_told_once_a_visit(site, manager, folder_id):
    token = token_of(ask(manager, folder_id))
    guest = visiting(site, token)
    for name in ("a", "b", "c"):
        send(guest, name, b"x")
    with site.world.db.reading() as tx:
        found = messages.newest(tx, site.world.vault.records).items
    told = [each for each in found if each.template == "guest_files"]
    assert [each.recipient for each in told] == [site.world.manager.email]
    assert told[0].values["who"] == "Gina Guest"
    assert token not in str(told[0].values)


@pytest.mark.promise(37)
def test_the_secret_of_a_link_and_of_a_visit_are_kept_nowhere(site, manager, folder_id, capsys):
    made = ask(manager, folder_id, access_code=True)
    guest = visiting(site, token_of(made), code=made["access_code"])
    send(guest, "a.txt", b"x")
    cookie = guest.cookies[VISIT]
    kept = everything(site.world.db)
    said = capsys.readouterr()
    for secret in (token_of(made), cookie, made["access_code"]):
        assert secret.encode() not in kept
        assert secret not in said.out + said.err
    with site.world.db.reading() as tx:
        (row,) = tx.connection.execute(select(tables.file_requests)).all()
    assert row.token_hash == hashlib.sha256(token_of(made).encode()).digest()
    assert len(token_of(made)) == 43  # 256 bits in base64url


def test_a_visit_belongs_to_one_browser_and_ends(site, manager, folder_id):
    token = token_of(ask(manager, folder_id))
    answer = knock(site.visit(), token)
    attributes = answer.headers["set-cookie"]
    assert attributes.startswith(f"{VISIT}=")
    assert all(each in attributes for each in ("Secure", "HttpOnly", "Path=/"))
    assert SESSION + "=" not in attributes
    left, stays = visiting(site, token), visiting(site, token)
    assert left.delete("/api/v1/visit").status_code == 204
    assert left.get("/api/v1/visit").status_code == 401
    assert stays.get("/api/v1/visit").status_code == 200
    site.portal.clock.now += timedelta(hours=12)
    assert stays.get("/api/v1/visit").status_code == 401


def test_the_page_shows_a_link_once_and_lists_what_is_open(site, manager, folder_id):
    fields = {"csrf": manager.headers["x-csrf-token"], "title": "Contracts", "until": "2026-03-20"}
    made = manager.post(f"/folders/{folder_id}/requests", data=fields | {"access_code": "yes"})
    (token,) = re.findall(r"https://vault.example.com/r#([\w-]{43})", made.text)
    assert re.search(r"\d{4} \d{4}", made.text)
    again = manager.get(f"/folders/{folder_id}/requests")
    assert token not in again.text
    assert "Contracts" in again.text
    (one,) = manager.get(f"/api/v1/folders/{folder_id}/requests").json()["items"]
    assert (one["state"], one["has_code"], one["files"]) == ("open", True, 0)
    assert f"/folders/{folder_id}/requests" in manager.get(f"/folders/{folder_id}").text
    data = {"csrf": manager.headers["x-csrf-token"]}
    assert manager.post(f"/requests/{one['id']}/close", data=data, follow_redirects=False).status_code == 303
    (one,) = manager.get(f"/api/v1/folders/{folder_id}/requests").json()["items"]
    assert one["state"] == "closed"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", " "),
        ("title", "x" * 201),
        ("message", "x" * 2001),
        ("until", "2026-03-01"),
        ("until", "2030-01-01"),
        ("most_files", 0),
        ("most_files", 10**6),
        ("most_bytes", 0),
    ],
)
def test_a_request_that_cannot_be_is_refused_in_words(site, manager, folder_id, field, value):
    body = {"title": "Tax", "until": str(date(2026, 3, 9)), "most_files": 3, "most_bytes": 10} | {
        field: value
    }
    answer = manager.post(f"/api/v1/folders/{folder_id}/requests", json=body)
    assert answer.status_code == 400
    assert len(answer.json()["detail"]) > 20
    assert site.count("file_requests") == 0


def test_a_guest_who_leaves_or_comes_late_is_led_to_an_end_and_not_to_a_sign_in(site, manager, folder_id):
    guest = visiting(site, token_of(ask(manager, folder_id)))
    assert "arrived at" in guest.get("/r/files").text  # there, and hidden until something has arrived
    assert re.search(r'id="thanks"\s+hidden', guest.get("/r/files").text)
    send(guest, "a.txt", b"x")
    page = guest.get("/r/files").text
    assert re.search(r'(?s)id="thanks">.*1 file</span> arrived at .*You can close this page', page)
    about = TUS | {"upload-length": "5", "upload-metadata": metadata(filename="b.txt")}
    guest.post(VISIT_UPLOADS, headers=about)
    assert re.search(r'id="thanks"\s+hidden', guest.get("/r/files").text)  # one is still on its way
    assert guest.delete("/api/v1/visit").status_code == 204
    for path in ("/r/files", "/r/receipt"):
        late = guest.get(path, follow_redirects=False)
        assert (late.status_code, late.headers["location"]) == (303, "/r/over")
    assert "Your visit is over" in guest.get("/r/over").text


def test_the_page_of_a_link_puts_nothing_that_is_typed_into_an_address(site):
    (form,) = re.findall(r"<form[^>]*id=\"knock\"[^>]*>", site.visit().get("/r").text)
    assert "hidden" in form  # until the module is there that posts it


def test_somebody_signed_in_who_opens_the_link_is_a_guest_like_everybody(site, manager, folder_id):
    client = site.sign_in(site.world.client)
    answer = knock(client, token_of(ask(manager, folder_id)))
    client.headers["cookie"] += f"; {VISIT}={answer.cookies[VISIT]}"  # as a browser sends both
    assert send(client, "a.txt", b"x").status_code == 201
    (document,) = manager.get(f"/api/v1/folders/{folder_id}/documents").json()["items"]
    assert document["by"].startswith("Gina Guest (guest")
    without = {"x-csrf-token": ""}
    refused = client.post(VISIT_UPLOADS, headers=PART | without | {"upload-length": "0"}, content=b"")
    assert refused.status_code == 403


def test_the_page_of_requests_says_who_came_and_what_arrived(site, manager, folder_id):
    token = token_of(ask(manager, folder_id))
    assert "Nobody has come" in manager.get(f"/folders/{folder_id}/requests").text
    send(visiting(site, token), "a.txt", b"four")
    visiting(site, token, name="<b>Greg</b>", email="greg@example.com")
    page = manager.get(f"/folders/{folder_id}/requests").text
    assert all(
        words in page for words in ("2 visits", "gina@example.com", "1 file, 4 bytes", "Nothing arrived yet")
    )
    assert "&lt;b&gt;Greg" in page
    (one,) = manager.get(f"/api/v1/folders/{folder_id}/requests").json()["items"]
    assert {(each["name"], each["files"]) for each in one["visits"]} == {
        ("Gina Guest", 1),
        ("<b>Greg</b>", 0),
    }
