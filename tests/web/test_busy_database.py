"""Promise 85 for writers who wait in vain for others: a page or an answer in words, and nothing is changed."""

from contextlib import ExitStack

import pytest

from docvault.database import audit, engine

SHORT = 200  # milliseconds


@pytest.fixture
def browser(site, monkeypatch):
    """An account manager's; the portal waits for other writers for a moment only."""
    browser = site.sign_in(site.world.manager)
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", SHORT)
    site.portal.db.engine.dispose()
    return browser


@pytest.mark.promise(85)
def test_who_cannot_be_recognised_for_want_of_a_connection_is_asked_to_come_back(site, browser, monkeypatch):
    pool = site.portal.db.engine.pool
    monkeypatch.setattr(pool, "_timeout", SHORT / 1000)
    with ExitStack() as held:
        for _ in range(pool.size() + pool._max_overflow):
            held.enter_context(site.portal.db.reading())
        answer = browser.get("/api/v1/me")
    assert (answer.status_code, answer.json()["type"]) == (503, "/api/docs#problem-busy")
    assert browser.get("/api/v1/me").status_code == 200


@pytest.mark.promise(85)
def test_who_waits_in_vain_for_other_writers_is_asked_to_come_back(site, browser):
    body = {"organisation_id": site.world.acme, "name": "Contracts", "kind": "contract"}
    before = site.count("folders")
    with site.portal.db.transaction() as tx:
        audit.locked_edge(tx)
        answer = browser.post("/api/v1/folders", json=body)
    assert answer.status_code == 503, answer.text
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["type"] == "/api/docs#problem-busy"
    assert "Many people are at work" in answer.json()["detail"]
    assert site.count("folders") == before
    assert browser.post("/api/v1/folders", json=body).status_code == 201
