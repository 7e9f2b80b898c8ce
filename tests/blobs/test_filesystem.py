import errno
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from docvault.blobs.filesystem import FileBlobs
from docvault.blobs.store import CannotLock, StorageFull, StoreFailed

from .contract import NAME, StoreContract


class TestFileBlobs(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return FileBlobs(tmp_path / "blobs")

    @pytest.fixture
    def leave_half_written(self, store, tmp_path):
        def leave():
            place = tmp_path / "blobs" / NAME[:2] / NAME
            place.mkdir(parents=True, exist_ok=True)
            (place / ".new-0123456789abcdef").write_bytes(b"half")

        return leave

    def test_a_folder_cannot_lock_and_says_so(self, store):
        store.put(f"{NAME}/000000", b"x")
        with pytest.raises(CannotLock):
            store.lock(f"{NAME}/000000", datetime.now(UTC))
        assert "cannot lock" in " ".join(store.probe().notes)

    def test_a_folder_that_is_gone_does_not_answer(self, store, tmp_path):
        (tmp_path / "blobs").rmdir()
        assert not store.answers()


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 1 MiB; skipped where mounting is not permitted (see the limit test for there)."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk is not permitted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


def test_a_full_disk_is_a_clear_answer_and_leaves_nothing(small_disk):
    store = FileBlobs(small_disk)
    store.put(f"{NAME}/000000", os.urandom(600_000))
    with pytest.raises(StorageFull, match="no room"):
        store.put(f"{NAME}/000001", os.urandom(600_000))
    assert files(small_disk) == [f"ab/{NAME}/000000"]
    store.put(f"{NAME}/000001", os.urandom(200_000))  # and there is room for what fits


def test_a_disk_without_room_for_a_directory_is_full_as_well(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    options = "size=1m,nr_inodes=4"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(place)], check=False).returncode:
        pytest.skip("mounting a small disk is not permitted here")
    try:
        store = FileBlobs(place)
        with pytest.raises(StorageFull):
            store.put(f"{NAME}/000000", b"x")
        assert files(place) == []
    finally:
        subprocess.run(["umount", str(place)], check=True)


LIMITED = """
import resource, signal, sys
from pathlib import Path
from docvault.blobs.filesystem import FileBlobs
from docvault.blobs.store import StorageFull, StoreFailed
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    FileBlobs(Path(sys.argv[1])).put(sys.argv[2], bytes(200_000))
except StorageFull as full:
    print(full)
"""


def test_a_file_that_may_not_grow_is_the_same_answer(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path), f"{NAME}/000000"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "no room" in done.stdout
    assert files(tmp_path) == []


KILLED = """
import os, sys, threading, time
from pathlib import Path
from docvault.blobs.filesystem import FileBlobs
store = FileBlobs(Path(sys.argv[1]))
print("ready", flush=True)
for n in range(10_000):
    store.put(f"{sys.argv[2]}/{n:06d}", bytes([n % 251]) * 300_000)
    print(n, flush=True)
"""


def test_a_killed_writer_leaves_whole_objects_and_nothing_else_to_be_seen(tmp_path):
    writer = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), NAME], stdout=subprocess.PIPE, text=True
    )
    answered = 0
    for line in writer.stdout:
        if line.strip().isdigit():
            answered = int(line) + 1
        if answered == 20:
            writer.send_signal(signal.SIGKILL)
            break
    rest = [int(line) for line in writer.stdout if line.strip().isdigit()]
    writer.stdout.close()
    writer.wait()
    answered = max([answered, *(n + 1 for n in rest)])
    store = FileBlobs(tmp_path)
    keys = sorted(store.list(""))
    assert len(keys) >= answered
    for key in keys:
        number = int(key.partition("/")[2])
        assert store.get(key) == bytes([number % 251]) * 300_000


def test_other_troubles_of_the_disk_are_not_called_full(tmp_path):
    store = FileBlobs(tmp_path / "blobs")
    (tmp_path / "blobs" / "ab").write_text("a file where a directory should be")
    with pytest.raises(StoreFailed) as trouble:
        store.put(f"{NAME}/000000", b"x")
    assert trouble.value.__cause__.errno == errno.ENOTDIR


def test_objects_are_readable_by_their_owner_only(tmp_path):
    store = FileBlobs(tmp_path / "blobs")
    store.put(f"{NAME}/000000", b"x")
    for path in (tmp_path / "blobs").rglob("*"):
        assert path.stat().st_mode & (0o077) == 0
