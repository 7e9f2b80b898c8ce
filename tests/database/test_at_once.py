"""Many at the same moment, on SQLite and PostgreSQL: what may happen once happens once, and the log stays one."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from threading import Barrier

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, func, select, text

from actions import envelope_world as signing
from actions.members import accept, invite
from actions.world import NOW, POLICY, person, standing
from docvault.actions import audit as trail
from docvault.actions import ceremonies, factors, folders, organisations, people, sharing
from docvault.actions.envelope_files import envelope_pages
from docvault.audit.checkpoints import LogKey
from docvault.audit.kinds import Kind
from docvault.credentials import totp
from docvault.database import audit, audit_checkpoints, step_ups, tables, throttles, work
from docvault.database import people as people_rows
from docvault.database.engine import Database
from docvault.policy.vocabulary import Role
from docvault.values import DocVaultError, NotFound

KEY = LogKey("docvault.example/audit", Ed25519PrivateKey.from_private_bytes(b"k" * 32))


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


def at_once(times, deed):
    """Do it in as many threads, all let go together; return what each gave or was refused with."""
    ready = Barrier(times)

    def attempt(number):
        ready.wait()
        try:
            return deed(number)
        except DocVaultError as error:
            return error

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(attempt, range(times)))


def count(db, kind):
    with db.reading() as tx:
        entries = tables.audit_entries
        chosen = select(func.count()).select_from(entries).where(entries.c.kind == kind.value)
        return tx.connection.execute(chosen).scalar_one()


@pytest.fixture
def sent(tmp_path, database_url, pdf):
    made = signing.build_signing(tmp_path, pdf, database_url)
    yield made, signing.sent(made)
    made.db.close()


def test_twenty_signatures_of_one_person_at_once_are_one(sent):
    made, envelope_id = sent
    client = made.world.client
    seen = signing.read_and_agree(made, client, envelope_id)
    proofs = [signing.step_up(made, client, seen.digest) for _ in range(20)]

    def sign(number):
        ceremonies.sign_envelope(
            made.db,
            made.vault,
            made.pdf,
            acting=client,
            envelope_id=envelope_id,
            answers=signing.answers_for(seen),
            signature=signing.DRAWN,
            step_up_id=proofs[number],
            now=NOW,
        )

    outcomes = at_once(20, sign)
    assert outcomes.count(None) == 1, Counter(map(repr, outcomes))
    assert count(made.db, Kind.ENVELOPE_SIGNED) == 1
    with made.db.reading() as tx:
        used = select(func.count()).select_from(tables.step_ups).where(tables.step_ups.c.used_at.is_not(None))
        assert tx.connection.execute(used).scalar_one() == 1
    assert signing.queued(made).count(work.AdvanceEnvelope.NAME) == 1


def test_one_proof_spent_ten_times_at_once_counts_once(sent):
    made, envelope_id = sent
    client = made.world.client
    seen = signing.read_and_agree(made, client, envelope_id)
    proof = signing.step_up(made, client, seen.digest)

    def spend(_number):
        with made.db.transaction() as tx:
            step_ups.spend(tx, client, proof, ceremonies.STEP_UP, seen.digest, NOW)

    assert at_once(10, spend).count(None) == 1


def test_an_envelope_opened_eight_times_at_once_is_one_entry(sent):
    made, envelope_id = sent
    client = made.world.client
    opened = at_once(
        8, lambda _: envelope_pages(made.db, acting=client, envelope_id=envelope_id, now=NOW).envelope_id
    )
    assert opened == [envelope_id] * 8
    assert count(made.db, Kind.ENVELOPE_READ) == 1


@pytest.mark.parametrize("before", [0, 3])
def test_eight_writers_do_not_fork_the_log(world, before):
    def write(number):
        for at in range(12):
            with world.db.transaction() as tx:
                audit.append(
                    tx, Kind.FOLDER_SHARED, at=NOW, acting=world.manager, facts={"n": number, "at": at}
                )

    with world.db.transaction() as tx:
        tx.connection.execute(delete(tables.audit_state))  # as before the very first entry
    for _ in range(before):
        with world.db.transaction() as tx:
            audit.append(tx, Kind.FOLDER_CREATED, at=NOW, acting=world.manager)
    assert at_once(8, write) == [None] * 8
    trail.publish_checkpoint(world.db, KEY, now=NOW)
    assert trail.check_log(world.db, KEY.public).size == before + 8 * 12


def test_a_log_is_checked_as_of_one_moment_while_others_write(world, monkeypatch):
    def write():
        with world.db.transaction() as tx:
            audit.append(tx, Kind.FOLDER_CREATED, at=NOW, acting=world.manager)

    write()
    state = audit_checkpoints.audit_trail.state

    def overtaken(tx):
        found = state(tx)
        write()
        return found

    monkeypatch.setattr(audit_checkpoints.audit_trail, "state", overtaken)
    assert trail.check_log(world.db, KEY.public).size == 1
    monkeypatch.undo()
    assert trail.check_log(world.db, KEY.public).size == 2


def test_tries_and_successes_at_once_are_all_judged(world):
    """Whoever succeeds removes the counter that others wait for."""
    bucket = throttles.source(world.db.policy.numbers.passwords.throttle, "203.0.113.80")

    def attempt(number):
        with world.db.transaction() as tx:
            throttles.take(tx, bucket, NOW)
            if number % 2:
                throttles.clear(tx, bucket)

    assert at_once(16, attempt) == [None] * 16


def test_a_folder_shared_twice_at_once_is_shared_once(world):
    now = NOW
    folder_id = folders.create_folder(
        world.db, world.vault, acting=world.manager, organisation_id=world.acme, name="x", kind="rfp", now=now
    )
    colleague = person(world.db, "Cara Client", Role.CLIENT, world.acme)

    def share(_number):
        sharing.share_folder(
            world.db,
            acting=world.manager,
            folder_id=folder_id,
            person_id=colleague.person_id,
            role="viewer",
            now=now,
        )

    outcomes = at_once(6, share)
    assert outcomes.count(None) == 1
    assert sum(isinstance(each, NotFound) for each in outcomes) == 5
    assert count(world.db, Kind.FOLDER_SHARED) == 1


def test_a_client_given_six_times_at_once_is_given_once(world):
    def give(_number):
        organisations.assign_client(
            world.db,
            acting=world.administrator,
            person_id=world.manager.person_id,
            organisation_id=world.globex,
            now=NOW,
        )

    assert at_once(6, give) == [None] * 6
    assert count(world.db, Kind.ORGANISATION_ASSIGNED) == 1


def test_somebody_disabled_while_they_join_stays_disabled(world, monkeypatch):
    """Their proof is judged before they become active; whoever disables them meanwhile has the last word."""
    session = accept(world, invite(world).token)
    begun = factors.begin_enrolment(world.db, world.vault.records, acting=session.acting, now=NOW)
    judge = factors.factors.confirm

    def disable():
        people.disable_person(
            world.db, acting=world.administrator, person_id=session.acting.person_id, now=NOW
        )

    with ThreadPoolExecutor(1) as pool:
        disabling = []

        def overtaken(*arguments, **named):
            disabling.append(pool.submit(disable))
            wait(disabling, timeout=1)  # on the lock that we hold; without one, it would be done by now
            return judge(*arguments, **named)

        monkeypatch.setattr(factors.factors, "confirm", overtaken)
        code = totp.code_at(begun.seed, totp.step_at(NOW))
        factors.confirm_enrolment(world.db, world.vault.records, acting=session.acting, code=code, now=NOW)
        disabling[0].result()
    with world.db.reading() as tx:
        person_now = people_rows.by_id(tx, session.acting.person_id)
        assert person_now.state == people_rows.PersonState.DISABLED
        alive = (tables.sessions.c.person_id == person_now.id, tables.sessions.c.ended_at.is_(None))
        assert tx.connection.execute(select(tables.sessions.c.id).where(*alive)).all() == []


def test_a_nul_is_looked_for_and_not_found(world):
    with pytest.raises(NotFound):
        folders.show_folder(world.db, acting=world.manager, folder_id="a\0b")
    found = people.list_people(world.db, acting=world.administrator, search="Clara\0")
    assert found.items == []


def test_no_writer_waits_for_ever_on_postgresql(postgres_url):
    db = Database(postgres_url, POLICY)
    with db.reading() as tx:
        for setting, expected in (("lock_timeout", "30s"), ("idle_in_transaction_session_timeout", "1min")):
            assert tx.connection.execute(text(f"SHOW {setting}")).scalar_one() == expected
    db.close()


def test_moments_come_back_in_utc_whatever_the_servers_zone(world):
    with world.db.transaction() as tx:
        if tx.connection.dialect.name == "postgresql":
            tx.connection.execute(text("SET LOCAL TimeZone = 'Asia/Kathmandu'"))
        people_rows.add(
            tx,
            organisation_id=world.acme,
            email="zone@example.com",
            name="Zone",
            role=Role.CLIENT,
            by=None,
            now=NOW + timedelta(microseconds=7),
        )
        found = people_rows.by_email(tx, "zone@example.com")
        assert found.created_at == NOW + timedelta(microseconds=7)
        assert found.created_at.utcoffset() == timedelta(0)
