"""Workers are killed again and again while they scan, draw, index, seal and destroy: all of it happens, once."""

import os
import random
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from actions import envelope_world as signing
from actions import papers, papers_kept
from actions.test_renditions import photo
from docvault import wiring
from docvault.actions import indexing, uploads
from docvault.audit.kinds import Kind
from docvault.database import tables
from docvault.rules.scans import Scan
from docvault.settings import Settings
from docvault.values import utc_now
from docvault.vault import invariants
from jobs.test_worker import PROGRAM

ROUNDS = 2
MANY = 200
REST_EVERY = 10  # rounds: one worker does all that is left
SEALED_EVERY = 4  # rounds: an envelope takes longer than all else
SEED = 20_261_126
LONGEST = 0.8  # seconds a worker works before the plug is pulled
DEAD_AFTER = 0.5  # seconds without a pulse until the next worker takes a dead one's jobs
PATIENCE = 120  # seconds for whatever is to happen
CANARY = b"marsupial-canary"
ENDED = {"SUCCESS"}


@dataclass
class Doomed:
    """An installation whose workers die, and what was brought into it."""

    portal: wiring.Portal
    made: signing.SigningWorld
    folder: Path
    folder_id: str = ""
    kept: dict[str, bytes] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    envelopes: list[str] = field(default_factory=list)

    @property
    def world(self):
        return self.made.world

    def bring(self, number: int) -> None:
        """Put new work into the queue: two files, one to destroy, and now and then signatures to seal."""
        now = utc_now()
        text = b"%s number %d" % (CANARY, number)
        for name, data in (("note.txt", text), ("photo.png", photo(90 + number, 60))):
            self.kept[papers.file(self.world, self.folder_id, data, name, now=now)] = data
        long_ago = now - timedelta(days=60)
        old = papers.file(self.world, self.folder_id, b"old " + text, "old.txt", now=long_ago)
        papers_kept.put_in_bin(self.world, old, by=self.world.manager.person_id, at=long_ago)
        self.gone.append(old)
        if number % SEALED_EVERY == 0:
            self.envelopes.append(self._signed(now))

    def _signed(self, now) -> str:
        self.made.vault._scanning = False  # its document is there already, from before there was a scanner
        envelope_id = signing.sent(self.made, now=now)
        self.made.vault._scanning = True
        signing.sign(self.made, self.world.client, envelope_id, now=now)
        signing.sign(self.made, self.world.manager, envelope_id, signature=signing.TYPED, now=now)
        return envelope_id

    @contextmanager
    def worker(self):
        """Run a worker process, which ends in the block."""
        own = {"DOCVAULT_DATA": str(self.portal.settings.data), "DOCVAULT_CLAMD": self.portal.settings.clamd}
        log = self.folder / "worker.log"
        with log.open("a") as output:
            process = subprocess.Popen(
                [sys.executable, str(PROGRAM), str(DEAD_AFTER)],
                env={**os.environ, **own, "TMPDIR": str(self.folder / "tmp")},
                stdout=output,
                stderr=output,
            )
        try:
            yield process
            wait_until(lambda: process.poll() is not None, log)
        finally:
            process.kill()
            process.wait()

    def steps(self) -> tuple[int, ...]:
        """Return how much was done so far, by any worker."""
        done = (tables.audit_entries, tables.renditions)
        with self.portal.db.reading() as tx:
            return tuple(
                tx.connection.execute(select(func.count()).select_from(each)).scalar_one() for each in done
            )

    def jobs(self) -> list[str]:
        return self._column("SELECT status FROM workflow_status")

    def all_is_done(self) -> bool:
        """Tell whether nothing is left to do for any worker."""
        return (
            set(self.jobs()) <= ENDED
            and indexing.progress(self.portal.db).waiting == 0
            and len(self.entries(Kind.ENVELOPE_COMPLETED)) == len(self.envelopes)
            and len(self.entries(Kind.DOCUMENT_DISPOSED)) == len(self.gone)
        )

    def entries(self, kind: Kind) -> list[str]:
        return sorted(about for name, about in self.world.entries() if name == kind.value)

    def faults(self) -> list[invariants.Fault]:
        """Look at everything as `docvault doctor --deep` does."""
        wired = self.portal
        return list(invariants.faults(wired.db, wired.vault, log_key=wired.log_key.public))

    def collect(self) -> None:
        """Remove what the dead left behind, as a worker does a day later."""
        uploads.collect_abandoned(self.portal.db, self.portal.vault, now=utc_now() + timedelta(days=9))

    def _column(self, statement: str) -> list:
        with self.portal.db.reading() as tx:
            return list(tx.connection.exec_driver_sql(statement).scalars())


@pytest.fixture
def doomed(tmp_path, clamd_address):
    (tmp_path / "tmp").mkdir()
    portal = wiring.prepare(Settings(data=tmp_path / "data", clamd=clamd_address))
    made = signing.of_portal(portal)
    yield Doomed(portal, made, tmp_path, papers.folder(made.world))
    portal.close()


def wait_until(check, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)  # waiting for another process: there is nothing to be told by


def children(process: subprocess.Popen) -> list[int]:
    """Return the processes that a worker has started and that run now."""
    lists = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(child) for one in lists for child in one.read_text().split()]


def is_running(process_id: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(") ")[2][0] != "Z"
    return False


def one_life(doomed: Doomed, lasting: float) -> None:
    """Let a worker live until it did something, and this much longer; nothing that it started outlives it."""
    log = doomed.folder / "worker.log"
    before = doomed.steps()
    with doomed.worker() as process:
        wait_until(lambda: process.poll() is not None or doomed.steps() != before, log)
        assert process.poll() is None, log.read_text()
        time.sleep(lasting)  # the moment is what this is about
        started = children(process)
        process.kill()
    wait_until(lambda: not any(map(is_running, started)), log)


def survive(doomed: Doomed, rounds: int) -> None:
    """Bring work and kill the worker in the middle of it; look at everything after each time."""
    chance = random.Random(SEED)
    for number in range(rounds):
        if number % REST_EVERY == REST_EVERY - 1:
            come_to_the_end(doomed)
        doomed.bring(number)
        one_life(doomed, chance.uniform(0, LONGEST))
        assert [fault for fault in doomed.faults() if fault.rule != "orphan"] == [], f"round {number}"
        doomed.collect()
        assert doomed.faults() == [], f"round {number}"


def wait_for_more(doomed: Doomed) -> None:
    """Wait for the next thing that is done: all of them may take a busy machine long."""
    before = doomed.steps()
    wait_until(lambda: doomed.steps() != before or doomed.all_is_done(), doomed.folder / "worker.log")


def come_to_the_end(doomed: Doomed) -> None:
    """Let a worker do all that is left."""
    with doomed.worker() as process:
        while not doomed.all_is_done():
            wait_for_more(doomed)
        process.terminate()
    assert process.returncode == 0, (doomed.folder / "worker.log").read_text()


def check(doomed: Doomed) -> None:
    """Hold the end to what was asked for: every deed done once, everything kept there, nothing readable left."""
    assert doomed.faults() == []
    assert doomed.entries(Kind.DOCUMENT_DISPOSED) == sorted(doomed.gone)
    assert doomed.entries(Kind.ENVELOPE_COMPLETED) == sorted(doomed.envelopes)
    assert len(doomed.entries(Kind.SIGNATURE_APPLIED)) == 2 * len(doomed.envelopes)
    scanned = doomed.entries(Kind.DOCUMENT_SCANNED)
    assert len(set(scanned)) == len(scanned)
    for document_id, data in doomed.kept.items():
        assert papers.read(doomed.world, document_id) == data
    with doomed.portal.db.reading() as tx:
        kept = tables.versions.c.document_id.in_(doomed.kept)
        found = tx.connection.execute(
            select(tables.versions.c.scan).where(kept, tables.versions.c.purpose == "original")
        )
        assert set(found.scalars()) == {Scan.CLEAN}
        chosen = (
            select(func.count())
            .select_from(tables.renditions)
            .join(tables.versions, tables.versions.c.id == tables.renditions.c.version_id)
        )
        drawn = tx.connection.execute(chosen.where(kept)).scalar_one()
    assert drawn == 3 * len(doomed.kept)
    left = [path for path in doomed.folder.rglob("*") if path.is_file() and CANARY in path.read_bytes()]
    assert left == []


@pytest.mark.promise(85)
@pytest.mark.slow
def test_a_worker_that_is_killed_at_any_moment_leaves_every_job_to_the_next(doomed):
    survive(doomed, ROUNDS)
    come_to_the_end(doomed)
    check(doomed)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.promise(85)
def test_two_hundred_dead_workers_lose_nothing_and_do_nothing_twice(doomed):
    survive(doomed, MANY)
    come_to_the_end(doomed)
    check(doomed)
