"""Archive timestamps of what was signed: of others where ours had to do, and new ones before they weaken."""

import logging
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import BytesIO
from shutil import copytree

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from pyhanko.pdf_utils.reader import PdfFileReader
from sqlalchemy import func, select, text, update

from docvault.actions import completions, envelopes, renewals
from docvault.audit.kinds import Kind
from docvault.blobs.filesystem import FileBlobs
from docvault.blobs.store import StoreFailed
from docvault.database import archive_stamps, tables
from docvault.database.engine import Database
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.pdf.reasons import Verdict
from docvault.rules import archive as rules
from docvault.timestamps.clocks import RESTS, Clocks
from docvault.values import DocVaultError
from docvault.vault import authority_keys
from docvault.vault.authority import Authority
from docvault.vault.files import Vault
from tsa import pem, standing

from . import envelope_world as signing
from . import world as worlds

OWN, OTHER = "Northwind Advisory Timestamps", "Northern Clocks Timestamps"
BOTH = ["signed", "certificate"]


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def set(self, moment: datetime) -> None:
        self.ahead = moment - datetime.now(UTC)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tsa(clock):
    with standing(clock=clock) as found:
        yield found


def build(tmp_path, pdf, clock, url=None):
    world = signing.build_signing(tmp_path, pdf, url)
    object.__setattr__(world, "authority", Authority.load(world.db, world.vault, clock=clock))
    return world


@pytest.fixture(scope="module")
def completed(tmp_path_factory, pdf):
    """Have one envelope signed to its end, once for all tests; return its id, its folder and its world."""
    folder = tmp_path_factory.mktemp("completed")
    world = build(folder, pdf, Clock())
    envelope_id = complete(world, Clock())
    world.vault.close()
    world.db.close()
    return envelope_id, folder, world


@pytest.fixture
def envelope_id(completed):
    return completed[0]


@pytest.fixture
def made(tmp_path, pdf, clock, completed):
    """A copy of that world with a clock of its own."""
    _, folder, world = completed
    copytree(folder, tmp_path, dirs_exist_ok=True)
    db = Database(worlds._file(tmp_path), worlds.POLICY)
    vault = Vault(
        HeldKeys.before_masters(FileKeyring.open(tmp_path / worlds.KEY_FILE)), FileBlobs(tmp_path / "blobs")
    )
    copy = replace(world.world, db=db, vault=vault, folder=tmp_path)
    yield signing.SigningWorld(copy, pdf, Authority.load(db, vault, clock=clock), world.log_key)
    vault.close()
    db.close()


def complete(made, clock):
    """Have one person sign an envelope to its end; return its id."""
    client = made.world.client
    envelope_id = signing.sent(made, (client, 1), now=clock())
    signing.sign(made, client, envelope_id, now=clock())
    signing.advance(made, envelope_id, now=clock())
    return envelope_id


def renew(made, clock) -> int:
    """Put the jobs that are due and carry them out; return how many timestamps were added."""
    with made.db.reading() as tx:
        waiting = archive_stamps.due(tx, clock(), 10)
    renewals.put_jobs(made.db, now=clock())
    return sum(look_at(made, clock, each) for each in waiting)


def look_at(made, clock, version_id) -> bool:
    return renewals.look_at(made.db, made.vault, made.pdf, made.authority, version_id=version_id, now=clock())


def proofs(made, envelope_id):
    with made.db.reading() as tx:
        return archive_stamps.of_envelope(tx, envelope_id)


def report_of(made, data):
    with signing.as_scratch(data) as source:
        return made.authority.validate(made.pdf, source)


def entries(made, kind) -> int:
    with made.db.reading() as tx:
        table = tables.audit_entries
        return tx.connection.execute(
            select(func.count()).select_from(table).where(table.c.kind == kind.value)
        ).scalar_one()


def due_of(made, envelope_id):
    with made.db.reading() as tx:
        table = tables.archive_stamps
        chosen = select(table.c.due_at).where(table.c.envelope_id == envelope_id, table.c.due_at.is_not(None))
        return set(tx.connection.execute(chosen).scalars())


def served(made, envelope_id):
    return [signing.content(made, made.world.client, envelope_id, which) for which in BOTH]


def end_of_unit(made) -> datetime:
    """Return when the certificate of the built-in clock ends."""
    return made.authority._authority.timestamp.certificate.not_valid_after_utc


def another_unit(made, clock):
    """Give the authority a timestamp unit that runs for longer than the one it has."""
    with made.db.transaction() as tx:
        authority_keys.renew(tx, made.vault.records, "timestamp", clock())
    made.authority.refresh()


@pytest.mark.promise(60)
@pytest.mark.promise(85)
def test_a_document_completed_without_the_others_gets_their_timestamp_later(
    tmp_path, pdf, clock, tsa, database_url
):
    made = build(tmp_path, pdf, clock, database_url)
    made.authority.clocks = Clocks([tsa.url], (tsa.root,), clock=clock)
    tsa.lie = "fails"
    envelope_id = complete(made, clock)
    assert renew(made, clock) == 0
    assert {(one.clock, one.awaits_others) for one in proofs(made, envelope_id)} == {(OWN, True)}
    before = served(made, envelope_id)
    tsa.lie = ""
    assert renew(made, clock) == 0, "not before its time"
    clock.ahead += rules.AGAIN
    assert renew(made, clock) == 2
    after = served(made, envelope_id)
    for old, new in zip(before, after, strict=True):
        assert new.startswith(old)
        report = report_of(made, new)
        assert report.verdict is Verdict.VALID, report.reasons
        assert [one.clock for one in report.signatures][-2:] == [OWN, OTHER]
    assert [(one.clock, one.awaits_others, one.renewed) for one in proofs(made, envelope_id)] == [
        (OTHER, False, 1)
    ] * 2
    assert (entries(made, Kind.ARCHIVE_RENEWED), entries(made, Kind.ARCHIVE_FAILED)) == (2, 0)
    clock.ahead += rules.AGAIN
    assert renew(made, clock) == 0, "once"
    made.vault.close()
    made.db.close()


def test_a_document_stamped_as_wanted_is_left_alone_until_its_timestamp_nears_its_end(
    made, envelope_id, clock
):
    assert renew(made, clock) == 0
    assert due_of(made, envelope_id) == {end_of_unit(made) - rules.BEFORE}
    assert [(one.clock, one.awaits_others) for one in proofs(made, envelope_id)] == [(OWN, False)] * 2


def newest_by_openssl(made, data, folder, at) -> str:
    """Return what openssl says of the last timestamp of a file at a moment, trusting our root alone."""
    last = PdfFileReader(BytesIO(data)).embedded_timestamp_signatures[-1]
    first, size, after, rest = (int(each) for each in last.byte_range)
    (folder / "data").write_bytes(data[first : first + size] + data[after : after + rest])
    (folder / "token").write_bytes(last.pkcs7_content)
    own = made.authority._authority
    (folder / "root.pem").write_bytes(pem(own.root.der))
    (folder / "issuing.pem").write_bytes(pem(own.issuing.der))
    command = ["openssl", "ts", "-verify", "-in", "token", "-token_in", "-data", "data", "-CAfile", "root.pem",
               "-untrusted", "issuing.pem", "-attime", str(int(at.timestamp()))]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def valid_by_pdfsig(data, folder) -> int:
    """Return how many signatures pdfsig calls valid; it checks no archive timestamps."""
    (folder / "file.pdf").write_bytes(data)
    command = ["pdfsig", "-nocert", "file.pdf"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.count("Signature is Valid.")


@pytest.mark.promise(60)
def test_timestamps_are_renewed_under_a_clock_of_years_and_the_document_stays_valid(
    made, envelope_id, clock, tmp_path
):
    renew(made, clock)
    first = served(made, envelope_id)
    clock.set(end_of_unit(made) - rules.BEFORE - timedelta(days=1))
    assert renew(made, clock) == 0
    clock.ahead += timedelta(days=2)
    another_unit(made, clock)
    assert renew(made, clock) == 2
    assert renew(made, clock) == 0, "once"
    clock.ahead += timedelta(days=365)  # the first unit, the seal and the person's certificate are long over
    for old, new in zip(first, served(made, envelope_id), strict=True):
        assert new.startswith(old)
        report = report_of(made, new)
        assert report.verdict is Verdict.VALID
        assert report_of(made, old).verdict is not Verdict.VALID, "without it nothing would be left"
        assert "Verification: OK" in newest_by_openssl(made, new, tmp_path, clock())
        assert "expired" in newest_by_openssl(made, old, tmp_path, clock())
        assert valid_by_pdfsig(new, tmp_path) == sum(each.kind == "signature" for each in report.signatures)


def test_a_clock_that_proves_no_longer_is_said_and_nothing_is_added(made, envelope_id, clock, caplog):
    caplog.set_level(logging.CRITICAL)
    renew(made, clock)
    before = served(made, envelope_id)
    clock.set(end_of_unit(made) - timedelta(days=10))
    for _ in range(2):
        assert renew(made, clock) == 0
        clock.ahead += rules.AGAIN
    assert served(made, envelope_id) == before
    assert entries(made, Kind.ARCHIVE_FAILED) == 2, "one a file, however often it is tried"
    assert renewals.state(made.db) == {"awaiting": 0, "trouble": 2}
    another_unit(made, clock)
    assert renew(made, clock) == 2
    assert renewals.state(made.db) == {"awaiting": 0, "trouble": 0}


@pytest.fixture
def others(made, clock, tsa):
    """Timestamp authorities of others, which were away when the envelope was completed."""
    made.authority.clocks = Clocks([tsa.url], (tsa.root,), clock=clock)
    with made.db.transaction() as tx:
        tx.connection.execute(update(tables.archive_stamps).values(awaits_others=True, due_at=clock()))


def test_a_run_that_dies_before_its_end_leaves_everything_as_it_was(
    made, envelope_id, clock, others, monkeypatch
):
    before = served(made, envelope_id)

    def die(*_):
        raise StoreFailed

    with monkeypatch.context() as broken:
        broken.setattr(archive_stamps, "replace", die)
        with pytest.raises(StoreFailed):
            renew(made, clock)
    assert served(made, envelope_id) == before
    assert entries(made, Kind.ARCHIVE_RENEWED) == 0
    clock.ahead += rules.AGAIN
    assert renew(made, clock) == 2


def test_two_runs_at_once_add_one_timestamp(made, envelope_id, clock, others):
    with made.db.reading() as tx:
        one = archive_stamps.find(tx, archive_stamps.due(tx, clock(), 10)[0])
    bench = renewals._Bench(made.db, made.vault, made.pdf, made.authority, clock())
    assert [bench.tend(one), bench.tend(one), look_at(made, clock, one.version_id)] == [
        True,
        False,
        False,
    ]
    report = report_of(made, served(made, envelope_id)[BOTH.index(one.purpose)])
    assert [one.clock for one in report.signatures if one.kind == "timestamp"] == [OWN, OTHER]
    assert entries(made, Kind.ARCHIVE_RENEWED) == 1


def test_one_file_that_is_in_trouble_keeps_no_other_from_its_timestamp(
    made, envelope_id, clock, others, monkeypatch
):
    good = made.authority.validate
    asked = []

    def validate(workers, source):
        asked.append(source)
        if len(asked) == 1:
            raise DocVaultError("The disk is on fire.")
        return good(workers, source)

    monkeypatch.setattr(made.authority, "validate", validate)
    assert renew(made, clock) == 1
    assert renewals.state(made.db)["trouble"] == 1
    assert entries(made, Kind.ARCHIVE_FAILED) == 1
    clock.ahead += rules.AGAIN
    assert renew(made, clock) == 1
    assert [one.clock for one in proofs(made, envelope_id)] == [OTHER, OTHER]


def test_a_file_that_does_not_hold_any_more_is_not_served_anew(made, envelope_id, clock, others, monkeypatch):
    before = served(made, envelope_id)
    good = made.authority.renew

    def other(workers, source):
        with signing.as_scratch(before[0]) as one, good(workers, one) as renewed:
            return signing.as_scratch(renewed.read())

    monkeypatch.setattr(made.authority, "renew", other)
    assert renew(made, clock) == 1, (
        "the signed document got its own; the certificate of completion got another's"
    )
    assert served(made, envelope_id)[1] == before[1]
    assert renewals.state(made.db)["trouble"] == 1


def test_what_is_due_is_found_by_an_index(made):
    with made.db.reading() as tx:
        plan = tx.connection.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT * FROM archive_stamps WHERE due_at <= '2099-01-01' ORDER BY due_at"
            )
        ).all()
    assert any("ix_archive_stamps_due_at" in row[3] for row in plan), plan


def test_what_was_complete_before_there_were_renewals_is_looked_at_once(made, envelope_id, clock):
    step = import_module("docvault.database.migrations.versions.0018_archive_stamps")
    with made.db.transaction() as tx:
        tables.archive_stamps.drop(tx.connection)
        with Operations.context(MigrationContext.configure(tx.connection)):
            step.upgrade()
    assert renew(made, clock) == 0
    assert [(one.clock, one.awaits_others) for one in proofs(made, envelope_id)] == [(OWN, False)] * 2


def test_what_was_destroyed_is_looked_at_no_more(made, clock):
    with made.db.transaction() as tx:
        tx.connection.execute(update(tables.documents).values(disposed_at=clock()))
    with made.db.reading() as tx:
        assert archive_stamps.due(tx, clock(), 10) == []


def test_an_envelope_says_which_clock_proves_its_times(made, envelope_id, clock, others):
    seen = envelopes.show_envelope(made.db, acting=made.world.client, envelope_id=envelope_id)
    assert {one.purpose: one.clock for one in seen.proofs} == {"signed": OWN, "certificate": None}
    assert signing.queued(made).count("renew_archive") == 0
    clock.ahead += RESTS
    renew(made, clock)
    assert signing.queued(made).count("renew_archive") == 2
    seen = envelopes.show_envelope(made.db, acting=made.world.client, envelope_id=envelope_id)
    assert {(one.purpose, one.clock) for one in seen.proofs} == {(which, OTHER) for which in BOTH}
    assert completions.retry_stuck(made.db, now=clock()) == 0
