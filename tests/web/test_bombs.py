"""What a person sees who brings a bomb, by accident or not: a refusal that says what to do (promise 30)."""

import re

import pytest
from tests.pdf import crafted

from .portal import begin, folder, send_part, upload

WAY_OUT = "print it to a new PDF and upload that"


@pytest.fixture
def manager(site):
    return site.sign_in(site.world.manager)


@pytest.fixture
def place(manager, site):
    return folder(manager, site)


def words(answer):
    """What is said, without the page around it."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text))


@pytest.mark.promise(30)
def test_preparing_a_bomb_for_signing_is_refused_with_a_way_out_and_leaves_nothing(manager, site, place):
    bomb = upload(manager, place, "Contract.pdf", crafted.form_recursion())  # kept: nobody has drawn it yet
    people = f"{site.world.client.person_id}:1"
    asked = {"document_id": bomb, "title": "Services", "recipients": people}
    answer = manager.post("/envelopes", data=asked, follow_redirects=False)
    assert answer.status_code == 422
    assert WAY_OUT in words(answer)
    assert manager.get("/api/v1/envelopes").json()["items"] == []


@pytest.mark.promise(30)
def test_looking_at_a_bomb_and_comparing_it_are_refused_in_words_and_all_else_goes_on(manager, place):
    bomb = upload(manager, place, "Contract.pdf", crafted.form_recursion())
    second = crafted.plain()
    begun = begin(manager, len(second), folder=place, filename="Contract.pdf", document=bomb)
    assert send_part(manager, begun.headers["location"], 0, second).status_code == 204
    picture = manager.get(f"/api/v1/documents/{bomb}/versions/1/pages/1?width=600")
    compared = manager.get(f"/documents/{bomb}/compare?from=1&to=2")
    for answer in (picture, compared):
        assert answer.status_code == 422
        assert WAY_OUT in words(answer)
    assert manager.get(f"/api/v1/documents/{bomb}/versions/2/pages/1?width=600").status_code == 200
    assert (
        manager.get(f"/api/v1/documents/{bomb}/versions/1/content").status_code == 200
    )  # and is kept as it is
