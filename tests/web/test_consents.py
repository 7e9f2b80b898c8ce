"""Asking for paper over HTTP: said on a page of its own, shown to both sides, undone by agreeing."""

import pytest

from .test_ceremonies import agree, client, envelope  # noqa: F401 - fixtures
from .test_envelopes import post


@pytest.mark.promise(72)
def test_who_would_rather_sign_on_paper_says_so_and_both_sides_read_it(client, envelope, site):  # noqa: F811
    path = f"/sign/{envelope}/withdraw"
    assert f'href="{path}"' in client.get(f"/sign/{envelope}").text
    assert "who then writes to you about signing on paper" in client.get(path).text
    long = post(client, path, note="x" * 1001)
    assert (long.status_code, "at most 1000 characters" in long.text) == (400, True)
    assert post(client, path, note="By post, please").headers["location"] == f"/sign/{envelope}"
    page = client.get(f"/sign/{envelope}").text
    assert ("You would rather sign on paper" in page, "I have changed my mind" in page) == (True, True)
    assert client.get(path, follow_redirects=False).status_code == 303
    manager = site.sign_in(site.world.manager)
    shown = manager.get(f"/envelopes/{envelope}").text
    assert "Clara Client would rather sign on paper</b> and does not sign electronically" in shown
    assert "“By post, please”" in shown
    assert "By post, please" not in client.get(f"/envelopes/{envelope}").text  # it was written to the sender
    assert agree(client, envelope).status_code == 303
    assert "rather sign on paper</b> and does not" not in manager.get(f"/envelopes/{envelope}").text
    assert "Take back your consent" in client.get(f"/sign/{envelope}").text
    answer = client.post(f"/api/v1/envelopes/{envelope}/ceremony/withdraw", json={})
    assert answer.status_code == 204
    assert client.get(f"/api/v1/envelopes/{envelope}/ceremony").json()["consented"] is False
