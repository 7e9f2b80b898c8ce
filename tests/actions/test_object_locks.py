"""What envelopes ended with is locked in the store until retention ends, and nothing locked goes in part."""

import io
import itertools
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from docvault.actions import disposals, object_locks, uploads
from docvault.blobs.s3 import S3Blobs
from docvault.blobs.store import BlobLocked, StoreFailed
from docvault.database import disposals as rows
from docvault.database import retention, tables
from docvault.database.object_locks import day_was_set
from docvault.rules.retention import Rule
from docvault.vault import invariants
from docvault.vault.files import SEGMENT
from docvault.web.meanings import meaning_of
from locking_folder import LockingFolder

from .papers_kept import folder, hold, paper, put_in_bin, run_jobs, stones, years
from .test_every_call_fails import Blobs, Faults, let_fail
from .world import NOW, standing

TEN = datetime(2036, 3, 3, tzinfo=UTC)  # the day after ten years, as [contract] has it
DAY = timedelta(days=1)


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url, blobs=LockingFolder(tmp_path / "objects"))


@pytest.fixture
def small(tmp_path):
    yield from standing(tmp_path, blobs=LockingFolder(tmp_path / "objects"))


def signed(world, *, kind="contract", size=10, number=1):
    """A document whose envelope was completed: return its id and the versions that count."""
    place = folder(world, kind)
    document_id = paper(world, place)
    made = [
        world.vault.store(
            world.db,
            document_id=document_id,
            purpose=purpose,
            media_type="application/pdf",
            created_by=None,
            source=io.BytesIO(b"x" * size),
            now=NOW,
        ).id
        for purpose in ("signed", "certificate")
    ]
    with world.db.transaction() as tx:
        tx.connection.execute(
            tables.envelopes.insert().values(
                id=f"e{number}".ljust(26, "e"),
                organisation_id=world.acme,
                folder_id=place,
                sender_id=world.manager.person_id,
                title="Contract",
                message="",
                state="completed",
                created_at=NOW,
                changed_at=NOW,
                completed_at=NOW,
                certificate_version_id=made[1],
            )
        )
        tx.connection.execute(
            tables.envelope_documents.insert().values(
                envelope_id=f"e{number}".ljust(26, "e"),
                position=1,
                document_id=document_id,
                name="Contract",
                page_sizes="[]",
                signed_version_id=made[0],
            )
        )
    return document_id, made


def keys_of(world, version_ids):
    with world.db.reading() as tx:
        chosen = select(tables.versions.c.blob).where(tables.versions.c.id.in_(version_ids))
        blobs = list(tx.connection.execute(chosen).scalars())
    return {key for blob in blobs for key in world.vault.blobs.list(f"{blob}/")}


def lock(world, now=NOW):
    return object_locks.lock_due(world.db, world.vault, now=now)


def recorded(world):
    with world.db.reading() as tx:
        chosen = select(tables.object_locks).order_by(tables.object_locks.c.version_id)
        return {row.version_id: row for row in tx.connection.execute(chosen)}


def faults(world):
    return {(fault.rule, fault.subject) for fault in invariants.faults(world.db, world.vault)}


def destroy(world, document_id, now):
    with world.db.transaction() as tx:
        rows.begin(tx, document_id, Rule.TWO_PEOPLE, now)
    disposals.finish_begun(world.db, world.vault, stones(world), now=now)


def test_the_signed_document_and_its_certificate_are_locked_until_their_retention_ends(world):
    document_id, made = signed(world)
    assert lock(world) == 2
    assert world.vault.blobs.locks == dict.fromkeys(keys_of(world, made), TEN)
    assert {row.locked_until for row in recorded(world).values()} == {TEN}
    assert [about for kind, about in world.entries() if kind == "document:locked"] == [document_id] * 2
    assert lock(world) == 0  # done once
    assert lock(world, NOW + 2 * DAY) == 0  # and looked at again: nothing changed
    assert world.vault.blobs.asked == 2
    assert faults(world) == set()


def test_a_longer_retention_and_a_hold_make_the_lock_longer_at_once_and_nothing_makes_it_shorter(world):
    document_id, _ = signed(world)
    lock(world)
    with world.db.transaction() as tx:
        retention.override(tx, document_id, years(12), by=world.officer.person_id, now=NOW)
        day_was_set(tx, document_id, NOW)
    assert lock(world) == 2
    (until,) = {row.locked_until for row in recorded(world).values()}
    assert years(12) < until <= years(12) + DAY
    with world.db.transaction() as tx:
        retention.override(tx, document_id, years(1), by=world.officer.person_id, now=NOW)
        day_was_set(tx, document_id, NOW)
    assert lock(world) == 0
    hold(world, "document", document_id, years(11.99))
    assert lock(world, years(11.99)) == 2
    (held,) = {row.locked_until for row in recorded(world).values()}
    assert held >= years(11.99) + timedelta(days=90)
    assert lock(world, years(11.99) + timedelta(days=29)) == 0
    assert lock(world, years(11.99) + timedelta(days=31)) == 2  # the hold goes on, and so does the lock


def test_what_is_destroyed_before_its_lock_ends_loses_its_keys_and_keeps_its_ciphertext_whole(world):
    """Two people decided: nobody can read it any more, and the store lets go of the rest at its day."""
    document_id, made = signed(world, size=SEGMENT + 1)
    now = datetime.now(UTC)  # collection goes by the store's clock, which is the machine's
    with world.db.transaction() as tx:
        retention.override(tx, document_id, now + 40 * DAY, by=world.officer.person_id, now=NOW)
    lock(world)
    kept = keys_of(world, made)
    assert len(kept) == 4
    destroy(world, document_id, now)
    uploads.collect_abandoned(world.db, world.vault, now=now)
    assert {key for key in world.vault.blobs.list("") if not key.startswith("shredded")} == kept
    assert world.vault.blobs.refused == 0  # what is known to be locked is not even tried, at no object of it
    assert faults(world) == set()
    shown = disposals.show_certificate(world.db, acting=world.officer, document_id=document_id)
    until = shown.disposal.ciphertext_until
    assert until == max(world.vault.blobs.locks.values())
    table = disposals.certificate_as_csv(world.db, acting=world.officer, document_id=document_id).decode()
    assert f"{until:%Y-%m-%dT}" in table
    with world.db.transaction() as tx:  # its day has come
        past = {"asked_until": now - DAY, "locked_until": now - DAY}
        tx.connection.execute(update(tables.object_locks).values(**past))
    world.vault.blobs.locks.clear()
    uploads.collect_abandoned(world.db, world.vault, now=now)
    assert {key for key in world.vault.blobs.list("") if not key.startswith("shredded")} == set()


def test_at_the_end_of_the_schedule_nothing_is_locked_any_more(small):
    document_id, _ = signed(small)
    lock(small)
    small.vault.blobs.now = years(11)
    run_jobs(small, years(10.1))
    run_jobs(small, years(10.2))
    assert not [key for key in small.vault.blobs.list("") if not key.startswith("shredded")]
    shown = disposals.show_certificate(small.db, acting=small.officer, document_id=document_id)
    assert shown.disposal.ciphertext_until is None


def test_a_lock_that_somebody_else_set_stops_no_collection_and_is_no_fault(small):
    put_in_bin(small, paper(small, folder(small)), by=None)
    (locked,) = small.vault.blobs.list("")
    small.vault.blobs.lock(locked, datetime.now(UTC) + DAY)
    small.vault.blobs.put(f"{'ff' * 16}/000000", b"waste")
    run_jobs(small, NOW + timedelta(days=31))
    uploads.collect_abandoned(small.db, small.vault, now=NOW)
    assert [key for key in small.vault.blobs.list("") if not key.startswith("shredded")] == [locked]
    assert faults(small) == set()


def test_a_lock_that_is_gone_from_the_store_is_a_fault(small):
    _, made = signed(small)
    lock(small)
    (lost, *_) = sorted(keys_of(small, made))
    del small.vault.blobs.locks[lost]
    assert faults(small) == {("unlocked", lost)}


def test_a_store_without_locks_is_asked_for_nothing_and_nothing_breaks(small):
    signed(small)
    small.vault.blobs.able = False
    assert lock(small) == 0
    assert recorded(small) == {}
    small.vault.blobs.able = True  # its bucket learns to: the next run locks what was completed before
    assert lock(small) == 2


def test_an_object_that_is_missing_keeps_no_other_from_being_locked(small):
    first, second = signed(small, number=1)[1], signed(small, number=2)[1]
    for key in keys_of(small, first):
        (small.vault.blobs._path(key)).unlink()
    assert lock(small) == 2
    assert set(small.vault.blobs.locks) == keys_of(small, second)


def test_an_object_that_the_store_refuses_to_lock_lets_the_others_go_first_and_is_counted(small):
    first, second = signed(small, number=1)[1], signed(small, number=2)[1]
    (refused, *_) = sorted(keys_of(small, first))
    keep = small.vault.blobs.lock

    def lock_but_one(key, until):
        if key == refused:
            raise StoreFailed
        keep(key, until)

    small.vault.blobs.lock = lock_but_one
    with suppress(StoreFailed):
        lock(small)
    with suppress(StoreFailed):
        lock(small, NOW + timedelta(minutes=1))
    assert set(small.vault.blobs.locks) == (keys_of(small, first) | keys_of(small, second)) - {refused}
    assert object_locks.state(small.db, now=NOW + timedelta(minutes=2)) == {"locked": 3, "waiting": 1}


def test_what_waits_too_long_for_its_lock_is_counted(small):
    signed(small)
    small.vault.blobs.lock = lambda *_: (_ for _ in ()).throw(StoreFailed())
    with pytest.raises(StoreFailed):
        lock(small)
    assert object_locks.state(small.db, now=NOW + timedelta(hours=2)) == {"locked": 0, "waiting": 2}
    del small.vault.blobs.lock
    lock(small, NOW + timedelta(hours=2))
    assert object_locks.state(small.db, now=NOW + timedelta(hours=2)) == {"locked": 2, "waiting": 0}


class LockCalls(Blobs):
    def lock(self, key, until):
        self._call(lambda: self.inner.lock(key, until))


@pytest.mark.promise(85)
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_each_call_of_locking_may_fail_once_and_nothing_locked_goes_in_part(tmp_path, late):
    """Destroyed right after the failure: either nothing of a version was locked and all goes, or all stays."""
    for place in itertools.count(1, 3):
        home = tmp_path / str(place)
        home.mkdir()
        failing = Faults()
        inner = LockingFolder(home / "objects")
        for world in standing(home, blobs=LockCalls(inner, failing)):
            let_fail(world.db, failing)
            document_id, made = signed(world)
            with failing.at(place, late=late), suppress(StoreFailed, OperationalError):
                lock(world)
            struck = failing.struck
            if place % 2:
                lock(world)
                assert inner.locks == dict.fromkeys(keys_of(world, made), TEN)
            whole = {key.partition("/")[0]: key for key in keys_of(world, made)}
            destroy(world, document_id, NOW)
            uploads.collect_abandoned(world.db, world.vault, now=NOW)
            left = {key.partition("/")[0] for key in world.vault.blobs.list("")} & set(whole)
            assert {key.partition("/")[0] for key in inner.locks} <= left
            assert faults(world) == set()
        if not struck:
            return


def test_a_real_bucket_keeps_what_was_signed_and_is_emptied_of_it_after_its_day(tmp_path, s3_server):
    bucket = s3_server.locking_bucket()
    for world in standing(tmp_path, blobs=S3Blobs(bucket)):
        document_id, made = signed(world)
        now = datetime.now(UTC)
        with world.db.transaction() as tx:
            retention.override(tx, document_id, now + 40 * DAY, by=world.officer.person_id, now=NOW)
        assert lock(world) == 2
        assert lock(world) == 0
        kept = keys_of(world, made)
        for key in kept:
            with pytest.raises(BlobLocked) as refused:
                world.vault.blobs.delete(key)
            assert meaning_of(refused.value).status == 409
        assert faults(world) == set()
        destroy(world, document_id, now)
        uploads.collect_abandoned(world.db, world.vault, now=now)
        assert {key for key in world.vault.blobs.list("") if not key.startswith("shredded")} == kept
        assert faults(world) == set()
