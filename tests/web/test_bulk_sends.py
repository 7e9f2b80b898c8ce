"""Bulk sends over HTTP: a file is tried by a plain form, started by one button, followed and cancelled."""

import pytest

from actions import bulk
from docvault.actions import bulk_rows
from docvault.rules.bulk_files import BYTES_MOST
from docvault.vault.preflight import Problem

from .test_envelopes import post

BOUNDARY = "----lineofthetest"


@pytest.fixture
def manager(site):
    return site.sign_in(site.world.manager)


@pytest.fixture
def made(site):
    return site.made


@pytest.fixture
def template(made):
    return bulk.template(made)


def upload(browser, template, content, **fields):
    body = b""
    given = {"csrf": browser.headers["x-csrf-token"]} | fields
    for name, value in given.items():
        body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    head = 'Content-Disposition: form-data; name="file"; filename="list.csv"'
    body += f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return browser.request(
        "POST", f"/templates/{template}/bulk", content=body, headers=headers, follow_redirects=False
    )


def test_a_list_is_tried_started_and_followed_by_pages_alone(manager, site, made, template):
    page = manager.get(f"/templates/{template}/bulk").text
    assert "Client email" in page
    assert (
        manager.get(f"/templates/{template}/list.csv").text.strip("\ufeff\r\n")
        == "Client name,Client email,month"
    )
    sent = upload(manager, template, bulk.listed(2) + b"\n;;x", **{"with-role-1": ""})
    assert sent.status_code == 303
    path = sent.headers["location"]
    tried = manager.get(path).text
    for words in (
        "2 envelopes can be sent",
        "Send 2 envelopes",
        "“Client” is missing",
        "olga1@outside.example",
    ):
        assert words in tried
    assert post(manager, f"{path}/start").status_code == 303
    assert "0</span> of 2 sent" in manager.get(path).text
    bulk.run(made, path.rpartition("/")[2])
    done = manager.get(path).text
    assert "2</span> of 2 sent" in done
    assert done.count('href="/envelopes/') >= 2
    assert "olga1@outside.example" not in done
    assert "Why it was not sent" in manager.get(f"{path}/unsent.csv").text
    assert "Monthly services" in manager.get("/bulk-sends").text


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"Name\nOlga\n", "means nothing to this template"), (b"x" * (BYTES_MOST + 1), "larger than 1 MiB")],
)
def test_a_file_that_does_not_fit_is_refused_in_words_and_nothing_is_kept(
    manager, site, template, content, said
):
    refused = upload(manager, template, content)
    assert (refused.status_code, said in refused.text) == (422, True)
    assert site.count("bulk_sends") == 0


def test_what_was_started_is_not_started_twice_and_says_so(manager, made, template):
    path = upload(manager, template, bulk.listed(1)).headers["location"]
    assert post(manager, f"{path}/start").status_code == 303
    again = post(manager, f"{path}/start")
    assert (again.status_code, "started or discarded already" in again.text) == (409, True)
    assert post(manager, f"{path}/cancel").status_code == 303
    assert "1 row was not sent" in manager.get(path).text


def test_programs_try_a_list_start_it_and_read_why_rows_failed(manager, made, template, monkeypatch):
    wrong = {"csv": bulk.listed(1).decode(), "people": [{"role": "Boss", "person_id": "x"}]}
    refused = manager.post(f"/api/v1/templates/{template}/bulk-sends", json=wrong)
    assert (refused.status_code, "has the roles Client" in refused.text) == (409, True)
    body = {"csv": bulk.listed(2).decode()}
    path = f"/api/v1/bulk-sends/{manager.post(f'/api/v1/templates/{template}/bulk-sends', json=body).json()['id']}"
    assert manager.get(path).json()["stage"] == "checked"
    assert manager.post(f"{path}/start").status_code == 204
    monkeypatch.setattr(type(made.authority), "preflight", lambda *_, **__: [Problem("No.", "No.")])
    bulk.step(made, path.rpartition("/")[2])
    monkeypatch.undo()
    bulk.run(made, path.rpartition("/")[2])
    (failed,) = manager.get(f"{path}/rows?status=failed").json()["items"]
    assert (failed["number"], failed["trouble"], failed["envelope_id"]) == (2, "No.", None)
    assert manager.post(f"{path}/retry").status_code == 204
    bulk.run(made, path.rpartition("/")[2])
    end = manager.get(path).json()
    assert (end["stage"], end["sent"], end["failed"]) == ("finished", 2, 0)
    assert bulk_rows.OURS not in manager.get(f"{path}/rows").text
