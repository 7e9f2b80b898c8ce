"""What every object store must do; each store's tests subclass `StoreContract`.

They give it two fixtures: `store`, and `leave_half_written`, which leaves what a writer that died leaves.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from docvault.blobs.store import BlobExists, BlobLocked, BlobMissing, CannotLock

NAME = "ab" * 16


class StoreContract:
    @pytest.mark.parametrize("size", [0, 1, 100_000])
    def test_an_object_comes_back_as_it_was(self, store, size):
        data = os.urandom(size)
        store.put(f"{NAME}/000000", data)
        assert store.get(f"{NAME}/000000") == data

    def test_any_buffer_is_taken(self, store):
        for part, data in enumerate((bytearray(b"abc"), memoryview(b"xabcx")[1:4])):
            store.put(f"{NAME}/{part:06d}", data)
            assert store.get(f"{NAME}/{part:06d}") == b"abc"

    def test_an_object_is_written_once(self, store):
        store.put(f"{NAME}/000000", b"first")
        with pytest.raises(BlobExists):
            store.put(f"{NAME}/000000", b"second")
        assert store.get(f"{NAME}/000000") == b"first"

    def test_of_many_writers_one_wins_whole(self, store):
        outcomes = []

        def write(data):
            try:
                store.put(f"{NAME}/000000", data)
                outcomes.append(data)
            except BlobExists:
                outcomes.append(None)

        threads = [threading.Thread(target=write, args=(bytes([n]) * 200_000,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (winner,) = [data for data in outcomes if data]
        assert store.get(f"{NAME}/000000") == winner

    def test_what_is_not_there_is_missing(self, store):
        with pytest.raises(BlobMissing):
            store.get(f"{NAME}/000000")

    def test_removing_is_complete_and_twice_is_once(self, store):
        store.put(f"{NAME}/000000", b"x")
        store.delete(f"{NAME}/000000")
        store.delete(f"{NAME}/000000")
        with pytest.raises(BlobMissing):
            store.get(f"{NAME}/000000")
        assert list(store.list("")) == []

    def test_a_removed_name_can_be_written_again(self, store):
        store.put(f"{NAME}/000000", b"x")
        store.delete(f"{NAME}/000000")
        store.put(f"{NAME}/000000", b"y")
        assert store.get(f"{NAME}/000000") == b"y"

    def test_lists_are_by_prefix(self, store):
        keys = [f"{NAME}/000000", f"{NAME}/000001", f"{'cd' * 16}/000000", f"{'ab' * 15 + 'ef'}/000000"]
        for key in keys:
            store.put(key, b"x")
        assert sorted(store.list("")) == sorted(keys)
        assert sorted(store.list(f"{NAME}/")) == keys[:2]
        assert sorted(store.list("ab")) == sorted([keys[0], keys[1], keys[3]])
        assert sorted(store.list(NAME)) == keys[:2]
        assert list(store.list(f"{NAME}/000001")) == [keys[1]]
        assert list(store.list("ff")) == []
        assert list(store.list(f"{'ff' * 16}/")) == []

    def test_the_largest_object_comes_back_as_it_was(self, store):
        data = os.urandom(8 * 1024 * 1024 + 8264)  # a whole segment, sealed
        store.put(f"{NAME}/000000", bytearray(data))
        assert store.get(f"{NAME}/000000") == data

    @pytest.mark.promise(35)
    def test_what_was_half_written_is_not_seen_and_goes_when_it_is_old(self, store, leave_half_written):
        store.put(f"{NAME}/000001", b"whole")
        leave_half_written()
        with pytest.raises(BlobMissing):
            store.get(f"{NAME}/000000")
        assert list(store.list("")) == [f"{NAME}/000001"]
        assert store.sweep(datetime.now(UTC) - timedelta(hours=1)) == 0  # its writer may be at work
        assert store.sweep(datetime.now(UTC) + timedelta(hours=1)) == 1
        assert store.sweep(datetime.now(UTC) + timedelta(hours=1)) == 0
        store.put(f"{NAME}/000000", b"and its name is free")
        assert sorted(store.list("")) == [f"{NAME}/000000", f"{NAME}/000001"]

    def test_a_trial_finds_it_well_and_leaves_nothing(self, store):
        assert store.probe().lacks == ()
        assert store.answers()
        assert list(store.list("")) == []

    @pytest.mark.soak
    def test_ten_thousand_objects_are_all_listed_once(self, store):
        keys = [f"{n:032x}/000000" for n in range(10_000)]
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda key: store.put(key, b"x"), keys))
        assert sorted(store.list("")) == keys

    @pytest.mark.promise(33)
    @pytest.mark.parametrize(
        "key",
        [
            "",
            "/",
            "a",
            "../../etc/passwd",
            "ab/../cd",
            "ab//000",
            "AB/000000",
            "ab/0/0",
            "ab/.new-1",
            "ab/0\n",
            "/ab/0",
        ],
    )
    def test_only_keys_of_our_own_making_are_accepted(self, store, key):
        for attempt in (lambda: store.put(key, b"x"), lambda: store.get(key), lambda: store.delete(key)):
            with pytest.raises(ValueError, match="key"):
                attempt()

    def test_a_store_that_can_lock_keeps_an_object_until_its_day_and_one_that_cannot_says_so(self, store):
        store.put(f"{NAME}/000000", b"x")
        until = datetime.now(UTC) + timedelta(days=2)
        assert store.can_lock() is store.probe().locks
        if not store.can_lock():
            with pytest.raises(CannotLock):
                store.lock(f"{NAME}/000000", until)
            assert store.locked_until(f"{NAME}/000000") is None
            return
        assert store.locked_until(f"{NAME}/000000") is None
        store.lock(f"{NAME}/000000", until)
        store.lock(f"{NAME}/000000", until - timedelta(days=1))  # is not made shorter, and no error
        assert store.locked_until(f"{NAME}/000000") >= until
        store.lock(f"{NAME}/000000", until + timedelta(days=1))
        assert store.locked_until(f"{NAME}/000000") >= until + timedelta(days=1)
        with pytest.raises(BlobLocked):
            store.delete(f"{NAME}/000000")
        assert store.get(f"{NAME}/000000") == b"x"
        with pytest.raises(BlobMissing):
            store.lock(f"{NAME}/000009", until)
