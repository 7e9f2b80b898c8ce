"""The log in a bucket outside: all of it goes out, nothing there is taken back, and a rewritten log is found out."""

import itertools
import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from sqlalchemy import delete
from sqlalchemy.exc import OperationalError

import faults
import seaweed
from docvault.actions import audit as actions
from docvault.actions import publications
from docvault.actions.publications import LogForked, PublicationTampered
from docvault.audit import tiles
from docvault.audit.checkpoints import sign_checkpoint
from docvault.audit.kinds import Kind
from docvault.audit.tree import HASH, root_of
from docvault.blobs.log_bucket import LogBucket
from docvault.blobs.store import BlobMissing, Copy, PublishedOtherwise, StoreFailed
from docvault.database import audit, audit_publications, tables
from docvault.policy.engine import Forbidden

from .test_audit import KEY, record
from .test_every_call_fails import Faults, let_fail
from .world import NOW, standing

POLICY = Path(__file__).parents[2] / "docs" / "log-bucket-policy.json"
OF_LOG = (
    tables.audit_details,
    tables.audit_entries,
    tables.audit_tiles,
    tables.audit_checkpoints,
    tables.audit_state,
)


class Shelf:
    """A bucket with versions and locks, in memory, whose calls fail as the faults say."""

    place = "bucket on a shelf"

    def __init__(self, failing=None):
        self.kept: dict[str, list[bytes | None]] = {}  # every version, the oldest first; None hides
        self.locked: dict[str, datetime] = {}
        self.failing = failing or Faults()

    def keep(self, path, data, until):
        if self.failing.strikes(late=False):
            raise StoreFailed
        if self.kept.setdefault(path, [data])[-1] != data:
            raise PublishedOtherwise(path)
        self.locked[path] = until
        if self.failing.strikes(late=True):
            raise StoreFailed

    def copies(self, prefix):
        for path in sorted(self.kept):
            if path.startswith(prefix):
                for number, data in reversed(list(enumerate(self.kept[path]))):
                    yield Copy(path, str(number), hides=data is None)

    def read(self, copy):
        if copy.path not in self.kept:
            raise BlobMissing
        return self.kept[copy.path][int(copy.version)]

    def can_lock(self):
        return True

    def checkpoints(self):
        return [int(path[-20:]) for path in sorted(self.kept) if path.startswith("checkpoints/")]


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


@pytest.fixture
def small(tmp_path):
    yield from standing(tmp_path)


def sign(world, now=NOW):
    return actions.publish_checkpoint(world.db, KEY, now=now)


def publish(world, shelf, now=NOW):
    return publications.publish(world.db, shelf, now=now)


def check(world, shelf):
    return publications.check_published(world.db, shelf, KEY)


def leaves(shelf, size):
    """Read the tree of a checkpoint from the published tiles alone."""
    hashes = b""
    for index in range(-(-size // tiles.WIDTH)):
        width = min(tiles.WIDTH, size - index * tiles.WIDTH)
        hashes += shelf.kept[tiles.path(0, index, width)][0]
    return [hashes[at : at + HASH] for at in range(0, len(hashes), HASH)]


def write_anew(world, count, *, other=()):
    """Take the log away and write it again, other entries at some places, as whoever has all of the portal could."""
    with world.db.transaction() as tx:
        for table in OF_LOG:
            tx.connection.execute(delete(table))
    write(world, 0, count, other=other)


def write(world, start, count, *, other=()):
    with world.db.transaction() as tx:
        for index in range(start, start + count):
            facts = {"n": index, "other": index in other}
            audit.append(tx, Kind.ENVELOPE_SENT, at=NOW + timedelta(seconds=index), facts=facts)


@pytest.mark.promise(82)
def test_every_checkpoint_goes_out_with_its_tiles_and_is_locked_for_the_longest_schedule(world):
    shelf, sizes = Shelf(), []
    for count in (3, 253, 1, 300):
        record(world, count)
        sizes.append(sign(world).size)
        assert publish(world, shelf) == 1
    assert publish(world, shelf) == 0
    assert shelf.checkpoints() == sizes
    for size in sizes:
        hashed = leaves(shelf, size)
        assert len(hashed) == size
        (note,) = shelf.kept[audit_publications.path(size)]
        assert note.decode() == sign_checkpoint(KEY, size, root_of(hashed))
    roots = [root_of(leaves(shelf, 512)[at : at + 256]) for at in (0, 256)]
    assert shelf.kept["tile/1/000.p/2"] == [b"".join(roots)]
    assert set(shelf.locked) == set(shelf.kept)
    assert set(shelf.locked.values()) == {datetime(2036, 3, 3, tzinfo=UTC)}
    assert check(world, shelf) == publications.Agreed(4, sizes[-1])


@pytest.mark.promise(85)
def test_what_was_signed_while_the_bucket_was_away_goes_out_later_and_is_told_meanwhile(world):
    shelf, away = Shelf(), Shelf(Faults())
    away.kept, away.keep = shelf.kept, lambda *_: (_ for _ in ()).throw(StoreFailed())
    record(world)
    sign(world)
    publish(world, shelf)
    later = [NOW + timedelta(minutes=5 * step) for step in range(1, 5)]
    for now in later:
        record(world)
        sign(world, now)
        with pytest.raises(StoreFailed):
            publish(world, away, now)
    found = publications.show_state(world.db, away, acting=world.officer)
    assert (found.waiting, found.since) == (4, later[0])
    assert not publications.is_late(found, later[0] + timedelta(minutes=14))
    assert publications.is_late(found, later[0] + timedelta(minutes=16))
    with pytest.raises(Forbidden):
        publications.show_state(world.db, away, acting=world.client)
    assert publish(world, shelf, later[-1]) == 4
    assert not publications.is_late(publications.state(world.db, shelf), later[-1] + timedelta(days=9))
    assert check(world, shelf).checkpoints == 5


def test_a_long_log_goes_out_in_steps_and_begins_with_its_newest_checkpoint(small, monkeypatch):
    monkeypatch.setattr(audit_publications, "LONGEST", 2 * tiles.WIDTH)
    monkeypatch.setattr(publications, "AT_ONCE", 3)
    write(small, 0, 10)
    sign(small)
    write(small, 10, 1290)
    sign(small)
    shelf, runs = Shelf(), 0
    while not publish(small, shelf):
        runs += 1
    assert runs >= 2
    assert shelf.checkpoints() == [1300]
    assert len(leaves(shelf, 1300)) == 1300
    assert check(small, shelf).newest == 1300


def test_another_bucket_gets_the_log_from_its_newest_checkpoint_on(small):
    record(small)
    sign(small)
    publish(small, Shelf())
    other = Shelf()
    other.place = "another bucket"
    assert publish(small, other) == 1
    assert check(small, other).checkpoints == 1


@pytest.mark.promise(82)
@pytest.mark.parametrize(("at", "published"), [(0, [5]), (3, [5]), (300, [5, 310]), (7, [5, 310])])
def test_a_log_that_was_rewritten_and_signed_anew_is_found_out_and_the_first_bad_entry_named(
    small, at, published
):
    shelf = Shelf()
    write_anew(small, 0)
    before = 0
    for size in published:
        write(small, before, size - before)
        sign(small)
        publish(small, shelf)
        before = size
    write_anew(small, 320, other=[at, at + 2])
    sign(small)
    with small.db.transaction() as tx:
        tx.connection.execute(delete(tables.audit_publications))
    if at < 5:
        with suppress(PublishedOtherwise):
            publish(small, shelf)  # going on as if nothing had been does not hide it
    with pytest.raises(LogForked, match="rewritten after it was published") as found:
        check(small, shelf)
    assert found.value.first_bad_index == at
    assert actions.check_log(small.db, KEY.public).size == 320  # which its own rows do not show


@pytest.mark.promise(82)
def test_a_log_that_was_cut_is_found_out(small):
    shelf = Shelf()
    write_anew(small, 10)
    sign(small)
    publish(small, shelf)
    write_anew(small, 6)
    with pytest.raises(LogForked, match="was cut") as found:
        check(small, shelf)
    assert found.value.first_bad_index == 6


@pytest.mark.promise(82)
@pytest.mark.parametrize("how", ["hidden", "gone", "nonsense", "another size"])
def test_what_was_changed_in_the_bucket_is_said_and_the_log_is_not_blamed(small, how):
    shelf = Shelf()
    for _ in range(2):
        record(small)
        sign(small)
        publish(small, shelf)
    first, second = (audit_publications.path(size) for size in shelf.checkpoints())
    changes = {
        "hidden": lambda: shelf.kept[first].append(None),
        "gone": lambda: shelf.kept.pop(first),
        "nonsense": lambda: shelf.kept[first].append(b"nonsense"),
        "another size": lambda: shelf.kept[first].append(shelf.kept[second][0]),
    }
    changes[how]()
    with pytest.raises(PublicationTampered, match=first):
        check(small, shelf)


@pytest.mark.promise(82)
def test_a_checkpoint_that_was_written_over_by_a_rewritten_log_still_counts(small):
    shelf = Shelf()
    write_anew(small, 10)
    sign(small)
    publish(small, shelf)
    write_anew(small, 10, other=[4])
    shelf.kept[audit_publications.path(10)].append(sign(small).note.encode())
    with pytest.raises(LogForked) as found:
        check(small, shelf)
    assert found.value.first_bad_index == 4


@pytest.mark.promise(85)
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_each_call_of_publishing_may_fail_once_and_nothing_is_left_out(tmp_path, late):
    for place in itertools.count(1, 2):
        home = tmp_path / str(place)
        home.mkdir()
        failing = Faults()
        for world in standing(home):
            shelf = Shelf(failing)
            let_fail(world.db, failing)
            record(world, 257)
            size = sign(world).size
            with failing.at(place, late=late), suppress(StoreFailed, OperationalError):
                publish(world, shelf)
            publish(world, shelf)
            assert shelf.checkpoints() == [size]
            assert len(leaves(shelf, size)) == size
            assert check(world, shelf).newest == size
        if not failing.struck:
            return


# --- on a real store ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(s3_server):
    """A bucket with Object Lock under the documented policy, and the application's key for it."""
    bucket = replace(s3_server.locking_bucket(), prefix="log/", lock="compliance")
    policy = POLICY.read_text().replace("BUCKET", bucket.name)
    policy = policy.replace("ACCOUNT:user/docvault-log", f"000000000000:user/{seaweed.LOG_NAME}")
    s3_server.client.put_bucket_policy(Bucket=bucket.name, Policy=json.dumps(json.loads(policy)))
    return replace(bucket, access_key=seaweed.LOG)


def takings_back(client, owner, where, version):
    shorter = {"Mode": "COMPLIANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(days=1)}
    return (
        lambda: client.delete_object(**where),
        lambda: client.delete_object(**version),
        lambda: client.delete_object(**version, BypassGovernanceRetention=True),
        lambda: client.put_object_retention(**version, Retention=shorter),
        lambda: owner.delete_object(**version, BypassGovernanceRetention=True),
    )


@pytest.mark.promise(82)
def test_in_a_real_bucket_the_applications_key_publishes_and_can_take_nothing_back(small, kept, s3_server):
    store = LogBucket(replace(kept, prefix="kept/"))
    store.lock = lambda *_: pytest.fail("it is locked by the request that writes it")
    record(small, 300)
    sign(small)
    assert publish(small, store, datetime.now(UTC)) == 1
    published = {one.path: store.read(one) for one in (*store.copies("checkpoints/"), *store.copies("tile/"))}
    assert {"tile/0/000", "tile/1/000.p/1"} < set(published)
    client = kept.client(tries=1)
    for path, content in published.items():
        where = {"Bucket": kept.name, "Key": f"kept/{path}"}
        found = s3_server.client.get_object_retention(**where)["Retention"]
        assert found["Mode"] == "COMPLIANCE"
        assert found["RetainUntilDate"] > datetime.now(UTC) + timedelta(days=3652)
        first = s3_server.client.list_object_versions(Bucket=kept.name, Prefix=where["Key"])["Versions"][-1]
        version = {**where, "VersionId": first["VersionId"]}
        for attempt in takings_back(client, s3_server.client, where, version):
            with pytest.raises(ClientError):
                attempt()
        client.put_object(**where, Body=b"written over")
        assert s3_server.client.get_object(**version)["Body"].read() == content
    with pytest.raises(PublicationTampered, match="replaced by something that this log did not sign"):
        check(small, store)


def test_in_a_real_bucket_something_else_in_the_place_of_a_checkpoint_is_not_taken_for_it(small, kept):
    store = LogBucket(replace(kept, prefix="taken/"))
    record(small)
    path = audit_publications.path(sign(small).size)
    kept.client(tries=1).put_object(Bucket=kept.name, Key=f"taken/{path}", Body=b"something else")
    with pytest.raises(PublishedOtherwise, match=path):
        publish(small, store)
    assert publications.state(small.db, store).waiting == 1


@pytest.mark.promise(82)
def test_in_a_real_bucket_a_rewritten_log_is_found_out(small, kept):
    store = LogBucket(replace(kept, prefix="forked/"))
    write_anew(small, 300)
    sign(small)
    publish(small, store)
    assert check(small, store) == publications.Agreed(1, 300)
    write_anew(small, 301, other=[258])
    sign(small)
    with pytest.raises(LogForked) as found:
        check(small, store)
    assert found.value.first_bad_index == 258


@pytest.mark.promise(85)
def test_a_lost_answer_and_a_bucket_that_hangs_up_leave_nothing_out(small, kept, s3_server):
    with faults.proxy(s3_server.port) as between:
        store = LogBucket(replace(kept, prefix="trouble/", endpoint=between.address), pause=0)
        record(small, 5)
        sign(small)
        between.trouble("reset")
        with pytest.raises(StoreFailed):
            publish(small, store)
        between.trouble("pass")
        between.lost = 1
        publish(small, store)
        assert publications.state(small.db, store).waiting == 0
        assert check(small, store).checkpoints == 1


def test_a_bucket_without_locks_takes_the_log_all_the_same(small, bucket):
    store = LogBucket(replace(bucket, lock="compliance"))
    record(small)
    sign(small)
    assert publish(small, store) == 1
    assert not store.can_lock()
    assert check(small, store).checkpoints == 1
