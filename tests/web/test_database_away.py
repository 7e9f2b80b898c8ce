"""Promise 85 for the database: away, restarted or silent, people are told so, and it goes on by itself afterwards."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from docvault.database import engine
from docvault.web.api import health
from wire import Wire

from .portal import standing

pytestmark = [pytest.mark.promise(85), pytest.mark.slow]


@pytest.fixture
def wire(postgres_url):
    socket = Path(make_url(postgres_url).query["host"]) / ".s.PGSQL.5432"
    made = Wire(socket)
    yield made
    made.cut()


@pytest.fixture
def site(tmp_path, pdf, postgres_url, wire):
    address = f"postgresql://docvault@127.0.0.1:{wire.port}/{make_url(postgres_url).database}"
    for made in standing(tmp_path, pdf, address):
        yield made
        wire.mend()


@pytest.fixture
def browser(site):
    return site.sign_in(site.world.manager)


@pytest.fixture
def folder(site):
    return {"organisation_id": site.world.acme, "name": "Contracts", "kind": "contract"}


def test_while_the_database_is_away_everybody_is_told_in_words_and_then_it_goes_on(
    browser, site, wire, folder
):
    before = site.count("folders")
    wire.cut()
    answer = browser.post("/api/v1/folders", json=folder)
    assert answer.status_code == 503, answer.text
    assert answer.headers["retry-after"] == "10"
    assert answer.json()["type"] == "/api/docs#problem-database-away"
    assert "database does not answer right now" in answer.json()["detail"]
    page = browser.get("/folders", headers={"accept": "text/html"})
    assert (page.status_code, "The portal cannot be used right now" in page.text) == (503, True)
    assert site.visit().get("/health/ready").status_code == 503
    assert site.visit().get("/health/live").status_code == 200
    wire.mend()
    assert site.visit().get("/health/ready").status_code == 200
    assert browser.post("/api/v1/folders", json=folder).status_code == 201
    assert site.count("folders") == before + 1


def test_a_connection_that_died_while_it_rested_is_noticed_before_it_is_used(browser, site, wire, folder):
    assert browser.get("/api/v1/envelopes").status_code == 200
    wire.cut()
    wire.mend()
    assert browser.post("/api/v1/folders", json=folder).status_code == 201


def test_a_transaction_that_loses_its_connection_keeps_nothing_and_says_what_is_unknown(site, wire):
    before = site.count("folders")
    lost = pytest.raises(engine.DatabaseGone, match="whether your last step was kept")
    with lost, site.portal.db.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE folders SET name = 'Another'")
        wire.cut()
        tx.connection.exec_driver_sql("UPDATE folders SET name = 'A third'")
    wire.mend()
    assert site.count("folders") == before
    with site.portal.db.reading() as tx:
        names = tx.connection.exec_driver_sql("SELECT name FROM folders").scalars().all()
    assert not {"Another", "A third"} & set(names)


def test_a_database_that_says_nothing_is_not_ready_and_answers_late_but_once(
    browser, site, wire, folder, monkeypatch
):
    monkeypatch.setattr(health, "PATIENCE", 0.3)
    before = site.count("folders")
    wire.hold()
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(browser.post, "/api/v1/folders", json=folder)
        assert site.visit().get("/health/ready").status_code == 503
        assert site.visit().get("/health/live").status_code == 200
        assert not late.done()
        wire.mend()
        assert late.result(30).status_code == 201
    assert site.count("folders") == before + 1


def test_a_database_that_is_silent_while_somebody_connects_is_given_up(site, wire, monkeypatch):
    monkeypatch.setitem(engine.SIGNS_OF_LIFE, "connect_timeout", 2)  # libpq's least
    db = engine.Database(site.portal.db.url, site.portal.db.policy)
    wire.hold()
    with pytest.raises(engine.DatabaseGone), db.reading():
        pass
    wire.mend()
    db.close()


def test_what_an_operator_says_of_connections_in_the_url_counts(postgres_url):
    joint = "&" if "?" in postgres_url else "?"
    made = engine._engine(f"{postgres_url}{joint}connect_timeout=9")
    with made.connect() as connection:
        said = connection.connection.dbapi_connection.info.get_parameters()
    made.dispose()
    assert (said["connect_timeout"], said["tcp_user_timeout"]) == ("9", "20000")
