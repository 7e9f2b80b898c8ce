"""What every object store must do; each store's tests subclass `StoreContract` and give it a `store` fixture."""

import os
import threading

import pytest

from docvault.blobs.store import BlobExists, BlobMissing

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
