"""Asking for a new password says nothing about who has an account, not even by how long it takes."""

import time

import pytest

from docvault.web import running

ADDRESSES = ("known", "unknown")


def _ask(browser, site, who, path):
    email = {"known": site.world.client.email, "unknown": "nobody@example.com"}[who]
    began = time.perf_counter()
    if path.startswith("/api"):
        answer = browser.post(path, json={"email": email})
    else:
        answer = browser.post(path, data={"email": email})
    return answer, time.perf_counter() - began


@pytest.mark.promise(9)
@pytest.mark.parametrize("path", ["/api/v1/password-resets", "/forgot"])
def test_known_and_unknown_addresses_are_answered_alike_and_at_the_same_moment(site, path):
    """The mail to somebody who is known costs as much again as all the rest: both wait for longer than that."""
    answers = {who: _ask(site.visit(), site, who, path) for who in ADDRESSES}
    (known, known_took), (unknown, unknown_took) = answers["known"], answers["unknown"]
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert site.count("messages") == 1
    assert min(known_took, unknown_took) >= running.EVEN
