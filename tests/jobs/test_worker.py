"""The worker as a real process: killed at random, it loses nothing and does nothing twice."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from dbos import _serialization
from sqlalchemy import func, select

from actions import envelope_world as signing
from docvault import wiring
from docvault.actions import envelopes
from docvault.audit.kinds import Kind
from docvault.database import tables, work
from docvault.jobs import worker
from docvault.pdf import validate
from docvault.pdf.reasons import Verdict
from docvault.rules.envelopes import State
from docvault.settings import Settings
from docvault.values import utc_now

PROGRAM = Path(__file__).parent / "worker_program.py"
DEAD_AFTER = 2  # seconds without a pulse in these tests
PATIENCE = 90  # seconds for everything to be done


@pytest.fixture
def made(tmp_path):
    portal = wiring.prepare(Settings(data=tmp_path / "data"))
    yield signing.of_portal(portal)
    portal.close()


def start(made):
    """Start a worker process and return it once it is about to work."""
    environment = {**os.environ, "DOCVAULT_DATA": str(made.world.folder)}
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(DEAD_AFTER)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


@contextmanager
def working(made):
    process = start(made)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[0]
        assert process.returncode == 0, said


def kill(process):
    process.kill()  # SIGKILL: nothing can be tidied up
    process.communicate()


def wait_until(check):
    deadline = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.2)


def state(made, envelope_id):
    return envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id).state


def messages(made):
    """Return template, address and whether it left, of every message."""
    with made.db.reading() as tx:
        table = tables.messages
        chosen = select(table.c.template, table.c.recipient, table.c.sent_at.is_not(None))
        return sorted(tuple(row) for row in tx.connection.execute(chosen))


def count(made, kind):
    with made.db.reading() as tx:
        table = tables.audit_entries
        chosen = select(func.count()).select_from(table).where(table.c.kind == kind.value)
        return tx.connection.execute(chosen).scalar_one()


def all_left(made):
    return all(left for _, _, left in messages(made))


def signed_by_both(made):
    envelope_id = signing.sent(made, now=utc_now())
    signing.sign(made, made.world.client, envelope_id, now=utc_now())
    signing.sign(made, made.world.manager, envelope_id, signature=signing.TYPED, now=utc_now())
    return envelope_id


def assert_completed_once(made, envelope_id):
    client, manager = made.world.client, made.world.manager
    assert state(made, envelope_id) is State.COMPLETED
    assert count(made, Kind.ENVELOPE_COMPLETED) == 1
    assert count(made, Kind.SIGNATURE_APPLIED) == 2
    assert messages(made) == [
        ("envelope_completed", client.email, True),
        ("envelope_completed", manager.email, True),
        ("sign_request", client.email, True),
        ("sign_request", manager.email, True),
    ]
    assert count(made, Kind.MESSAGE_SENT) == 4
    with signing.as_scratch(signing.content(made, client, envelope_id, "signed")) as signed:
        report = validate.validate(made.pdf, signed, roots=made.authority.roots)
    assert report.verdict is Verdict.VALID
    assert sum(one.kind == "signature" for one in report.signatures) == 3


@pytest.mark.slow
def test_a_worker_killed_again_and_again_completes_an_envelope_exactly_once(made, record_property):
    envelope_id = signed_by_both(made)
    seed = random.randrange(10**9)
    record_property("seed", seed)
    chance = random.Random(seed)
    kills = 0
    while state(made, envelope_id) is not State.COMPLETED and kills < 3:
        process = start(made)
        time.sleep(chance.uniform(0.2, 2.4))  # a completion takes some two seconds from here
        kill(process)
        kills += 1
    with working(made):
        wait_until(lambda: state(made, envelope_id) is State.COMPLETED and all_left(made))
    assert kills, f"seed {seed}"
    assert_completed_once(made, envelope_id)


@pytest.mark.slow
def test_a_living_worker_takes_over_the_jobs_of_a_dead_one(made):
    envelope_id = signed_by_both(made)
    first = start(made)
    wait_until(lambda: count(made, Kind.SIGNING_CERTIFICATE_ISSUED))
    with working(made):
        kill(first)
        wait_until(lambda: state(made, envelope_id) is State.COMPLETED and all_left(made))
    assert_completed_once(made, envelope_id)


@pytest.mark.slow
def test_two_workers_on_one_envelope_complete_it_once(made):
    envelope_id = signed_by_both(made)
    with made.db.transaction() as tx:
        for _ in range(4):
            work.enqueue(tx, work.AdvanceEnvelope(envelope_id))
    with working(made), working(made):
        wait_until(lambda: state(made, envelope_id) is State.COMPLETED and all_left(made))
    assert_completed_once(made, envelope_id)


def test_the_web_never_runs_a_job(made):
    """Enqueuing creates a client only: jobs wait until a worker comes."""
    signed_by_both(made)
    time.sleep(1.5)  # a job would begin within one; that nothing happens cannot be waited for
    assert count(made, Kind.SIGNATURE_APPLIED) == 0
    assert not all_left(made)


def test_a_pickle_in_the_queue_is_refused(monkeypatch):
    """Whoever can write to the database must not be able to run code in the worker, which holds keys."""
    monkeypatch.setattr(
        _serialization.DefaultSerializer, "deserialize", _serialization.DefaultSerializer.deserialize
    )
    worker.refuse_pickles()
    smuggled = _serialization.DefaultSerializer().serialize({"args": ("x",), "kwargs": {}})
    with pytest.raises(ValueError, match="refused"):
        _serialization.deserialize_args(smuggled, "py_pickle", work.JsonSerializer())


def test_jobs_are_kept_as_json(made):
    signing.sent(made, now=utc_now())
    with made.db.reading() as tx:
        found = tx.connection.exec_driver_sql("SELECT serialization FROM workflow_status").scalars().all()
    assert set(found) == {"docvault-json"}


def test_failures_are_kept_without_what_they_quote():
    serializer = work.JsonSerializer()
    kept = serializer.serialize(ValueError("the signer's secret"))
    assert "secret" not in kept
    assert str(serializer.deserialize(kept)) == "ValueError"
