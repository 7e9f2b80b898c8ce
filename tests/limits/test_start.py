"""A key file that is missing, wrong or open to others: one plain line, exit code 1, and nothing is changed."""

import hashlib
import os
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from docvault.encryption.keyring import FileKeyring

from . import portal as portals

SERVE, WORKER, LIST = ["serve", "--port", "0"], ["worker"], ["people", "list"]


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("start")
    portals.prepared(folder, folder / "data", portals.free_port()).close()
    return folder / "data"


@pytest.fixture
def data(installation, tmp_path):
    return shutil.copytree(installation, tmp_path / "data")


def missing(key):
    key.unlink()
    return "There is no key file"


def wrong(key):
    key.unlink()
    FileKeyring.create(key)
    return "belongs to other data"


def exposed(key):
    key.chmod(0o644)
    return "can be read by others"


def damaged(key):
    text = key.read_bytes()
    key.write_bytes(text[:40] + bytes([text[40] ^ 1]) + text[41:])
    return "not a whole DocVault key file"


def a_folder(key):
    """What a container makes of a file that it was to mount and that is not there."""
    key.unlink()
    key.mkdir()
    return "a folder or something else"


def contents(data):
    """Return what is in the data folder: every file and its mode, and every row."""
    files = {
        str(path.relative_to(data)): (oct(path.stat().st_mode), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(data.rglob("*"))
        if path.is_file() and not path.name.startswith("docvault.sqlite")
    }
    with sqlite3.connect(data / "docvault.sqlite") as connection:
        rows = list(connection.iterdump())
    connection.close()
    return files, rows


def run(data, command):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DOCVAULT_")}
    return subprocess.Popen(
        [sys.executable, "-m", "docvault.cli", *command, "--data", str(data)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=data.parent,
    )


def ended(process):
    """Return what the process said, what it complained of, and its exit code."""
    said, complaint = process.communicate(timeout=60)
    return said, complaint, process.returncode


@pytest.mark.parametrize(
    ("spoil", "commands"),
    [
        (missing, [SERVE, WORKER]),
        (wrong, [SERVE]),
        (exposed, [SERVE]),
        (damaged, [SERVE]),
        (a_folder, [SERVE]),
    ],
)
def test_a_key_file_that_cannot_be_used_stops_every_start(data, spoil, commands):
    words = spoil(data / "keys" / "root.key")
    before = contents(data)
    for said, complaint, code in [ended(process) for process in [run(data, command) for command in commands]]:
        assert (code, said) == (1, ""), complaint
        assert complaint.startswith("docvault: "), complaint
        assert len(complaint.splitlines()) == 1, complaint
        assert words in complaint
    assert contents(data) == before


def test_the_right_key_file_starts_again_after_the_wrong_one(data):
    key = data / "keys" / "root.key"
    kept = key.read_bytes()
    wrong(key)
    assert ended(run(data, LIST))[2] == 1
    key.write_bytes(kept)
    assert ended(run(data, LIST))[1:] == ("", 0)


def children(process):
    """Return the processes that any thread of this one started, by what they run."""
    pids = [
        pid
        for thread in Path(f"/proc/{process.pid}/task").iterdir()
        for pid in (thread / "children").read_text().split()
    ]
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") for pid in pids}
    kinds = {b"docvault.jobs": "worker", b"docvault.keyholder": "holder"}
    return {
        next((kind for module, kind in kinds.items() if module in said), "web"): int(pid)
        for pid, said in commands.items()
    }


@contextmanager
def served(data):
    """Yield a server, and pidfds of its worker, its key holder and its web process, by what they run."""
    process, others = run(data, SERVE), {}
    try:
        process.stdout.readline()  # it says that it serves right before it starts the others
        deadline = time.monotonic() + 60
        while len(found := children(process)) < 3:
            assert time.monotonic() < deadline
        others = {kind: os.pidfd_open(pid) for kind, pid in found.items()}
        yield process, others
    finally:
        process.kill()
        for other in others.values():
            with suppress(ProcessLookupError):  # it ended, as it should
                signal.pidfd_send_signal(other, signal.SIGKILL)
            os.close(other)
        process.communicate()


def test_a_server_that_is_killed_leaves_no_worker_behind(data):
    with served(data) as (process, others):
        process.kill()
        assert select.select([others["worker"]], [], [], 120)[0], "the worker outlived its server"


def test_a_server_ends_though_its_web_process_hangs(data):
    with served(data) as (process, others):
        signal.pidfd_send_signal(others["web"], signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        for other in others.values():
            assert select.select([other], [], [], 0)[0], "a process outlived its server"
