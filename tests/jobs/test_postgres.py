"""A whole installation on PostgreSQL: made from nothing, served, and an envelope completed by its worker."""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
from sqlalchemy.engine import make_url

from actions import envelope_world as signing
from docvault import wiring
from docvault.actions import audit
from docvault.audit.kinds import Kind
from docvault.database.engine import DatabaseAway
from docvault.rules.envelopes import State
from docvault.settings import Settings
from docvault.values import utc_now
from wire import Wire

from .test_worker import all_left, assert_completed_once, signed_by_both, state, wait_until

START = 60  # seconds a server gets to answer


@pytest.fixture
def settings(tmp_path, empty_postgres_url):
    return Settings(data=tmp_path / "data", database_url=empty_postgres_url)


@contextmanager
def running(settings, *arguments, log=subprocess.PIPE):
    """Run a program of ours on this installation; it must end in order. log: a file for what it says."""
    own = {"DOCVAULT_DATA": str(settings.data), "DOCVAULT_DATABASE_URL": settings.database_url}
    others = {name: value for name, value in os.environ.items() if not name.startswith("DOCVAULT_")}
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env=others | own,
        stdout=log,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said


def test_an_installation_is_made_once_and_opened_again(settings):
    with pytest.raises(wiring.NotPrepared):
        wiring.build(settings)
    with pytest.raises(wiring.NotPrepared):
        wiring.trusted_roots(settings)
    first = wiring.prepare(settings, organisation="Northwind Advisory")
    again = wiring.prepare(settings)
    assert again.log_key.public.text == first.log_key.public.text
    assert wiring.trusted_roots(settings) == tuple(first.authority.roots)
    assert not (settings.data / "docvault.sqlite").exists()
    first.close()
    again.close()


def test_servers_that_start_at_the_same_moment_make_one_installation(settings):
    with ThreadPoolExecutor(3) as pool:
        portals = list(pool.map(lambda _: wiring.prepare(settings), range(3)))
    assert len({portal.log_key.public.text for portal in portals}) == 1
    assert len({portal.authority.roots for portal in portals}) == 1
    for portal in portals:
        portal.close()


def test_a_database_that_is_away_is_said_in_words(tmp_path):
    away = Settings(data=tmp_path / "data", database_url=f"postgresql://docvault@/none?host={tmp_path}")
    for start in (wiring.prepare, wiring.build, wiring.trusted_roots):
        with pytest.raises(DatabaseAway, match="does not answer"):
            start(away)


def test_a_worker_process_completes_an_envelope(settings):
    portal = wiring.prepare(settings)
    made = signing.of_portal(portal)
    envelope_id = signed_by_both(made)
    with running(settings, "docvault.jobs"):
        wait_until(lambda: state(made, envelope_id) is State.COMPLETED and all_left(made))
    assert_completed_once(made, envelope_id)
    audit.publish_checkpoint(portal.db, portal.log_key, now=utc_now())
    checked = audit.check_log(portal.db, portal.log_key.public)
    assert checked.size == sum(1 for _ in made.world.entries())
    assert (Kind.ENVELOPE_COMPLETED.value, envelope_id) in made.world.entries()
    portal.close()


@pytest.mark.promise(85)
def test_a_worker_outlives_a_database_that_went_away_and_does_what_came_meanwhile(settings, tmp_path):
    portal = wiring.prepare(settings)
    made = signing.of_portal(portal)
    place = make_url(settings.database_url)
    wire = Wire(Path(place.query["host"]) / ".s.PGSQL.5432")
    through = msgspec.structs.replace(
        settings, database_url=f"postgresql://docvault@127.0.0.1:{wire.port}/{place.database}"
    )
    said = tmp_path / "worker.log"
    with said.open("w") as log, running(through, "docvault.jobs", log=log):
        wait_until(lambda: "worker.started" in said.read_text())
        wire.cut()
        envelope_id = signed_by_both(made)
        wait_until(lambda: "database does not answer" in said.read_text())
        wire.mend()
        wait_until(lambda: state(made, envelope_id) is State.COMPLETED and all_left(made))
    wire.cut()
    assert_completed_once(made, envelope_id)
    portal.close()


def test_the_portal_serves_from_postgresql(settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with running(settings, "docvault.cli", "serve", "--port", str(port)) as process:
        deadline = time.monotonic() + START
        while not _ready(address):
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < deadline
            time.sleep(0.2)  # waiting for another process: there is nothing to be told by
        page = httpx.get(f"{address}/login")
        assert page.status_code == 200
        assert "Sign in" in page.text
        refused = httpx.get(f"{address}/api/v1/folders")
        assert refused.status_code == 401


def _ready(address):
    try:
        return httpx.get(f"{address}/health/ready").status_code == 200
    except httpx.TransportError:
        return False
