"""The worker processes: what a task that misbehaves can and cannot do. No PDF is involved."""

import os
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from docvault.pdf import tasks, workers
from docvault.pdf.errors import Damaged, PdfError, PdfUnreadable, WorkersBusy
from docvault.pdf.scratch import NotAScratch, Scratch

sys.path.insert(0, str(Path(__file__).parent))
from hostile_child import NAMES

HOSTILE = (str(Path(__file__).with_name("hostile_child.py")),)


@pytest.fixture
def hostile(monkeypatch):
    for name in NAMES:
        monkeypatch.setitem(tasks.TASKS, name, name)
    with workers.Workers(2, HOSTILE) as pool:
        yield pool


def test_files_and_values_travel_both_ways(hostile):
    with Scratch.create(b"one") as one, Scratch.create(b"two" * 1_000_000) as two:
        one.file.read(2)  # a reader's position is its own
        result, outputs = hostile.run("echo", [one, two], {"width": 1400, "boxes": [1.5, None]})
        assert result["options"] == {"width": 1400, "boxes": [1.5, None]}
        assert [output.read() for output in outputs] == [b"one", b"two" * 1_000_000]
        assert outputs[1].sha256() == two.sha256()
        for output in outputs:
            output.close()


@pytest.mark.promise(55)
def test_a_worker_inherits_no_secret(hostile, monkeypatch):
    monkeypatch.setenv("DOCVAULT_ROOT_KEY", "canary")
    result, _ = hostile.run("echo")
    assert result["pid"] != os.getpid()
    assert set(result["environment"]) <= {"LANG", "LC_CTYPE", "RAYON_NUM_THREADS", "MALLOC_ARENA_MAX"}


@pytest.mark.promise(30)
@pytest.mark.parametrize(
    ("task", "options", "timeout"),
    [
        ("spin", None, 1),
        ("eat", 600 * 1024**2, 5),  # bytes: above 512 MiB
        ("crash", None, 5),
        ("recurse", None, 5),
        ("invent", None, 1),
        ("babble", None, 1),
        ("pass_a_pipe", None, 5),
    ],
)
def test_a_task_that_misbehaves_is_unreadable_in_time_and_the_next_one_works(hostile, task, options, timeout):
    started = time.monotonic()
    with pytest.raises(PdfUnreadable):
        hostile.run(task, [], options, timeout=timeout)
    assert time.monotonic() - started < 5
    assert hostile.run("echo", [], task)[0]["options"] == task


def test_what_a_task_leaves_in_memory_is_not_missing_to_the_next(hostile):
    before = hostile.run("echo")[0]["pid"]
    for _ in range(3):
        hostile.run("leave", [], 200 * 1024**2)
    assert hostile.run("echo")[0]["pid"] == before


def test_a_refusal_comes_back_as_itself_and_keeps_the_worker(hostile):
    before = hostile.run("echo")[0]["pid"]
    with pytest.raises(Damaged, match="This file is damaged"):
        hostile.run("refuse")
    assert hostile.run("echo")[0]["pid"] == before


def test_a_source_cannot_be_changed_by_a_worker(hostile):
    with Scratch.create(b"the contract") as source:
        with pytest.raises(PdfUnreadable):
            hostile.run("write_source", [source])
        assert source.read() == b"the contract"


def test_a_question_is_answered_by_the_parent_only_when_it_is_offered(hostile):
    assert hostile.run("ask", answers={"sign": lambda payload: payload.upper()})[0] == b"DIGEST"
    with pytest.raises(PdfUnreadable):
        hostile.run("ask")


def test_time_spent_on_an_answer_is_not_the_workers(hostile):
    def slowly(payload):
        time.sleep(1.5)
        return payload

    assert hostile.run("ask", answers={"sign": slowly}, timeout=1)[0] == b"digest"


def test_an_error_in_an_answer_reaches_the_caller_and_the_next_task_works(hostile):
    def refuse(payload):
        raise PermissionError("the key is spent")

    with pytest.raises(PermissionError):
        hostile.run("ask", answers={"sign": refuse})
    assert hostile.run("echo")[0]["files"] == 0


@pytest.mark.promise(30)
def test_a_worker_has_no_network(hostile):
    if not hostile.network_removed:
        pytest.skip("this kernel lets nobody give up the network; the portal says so")
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(PdfUnreadable) as caught:
        hostile.run("reach_out", [], server.getsockname()[1])
    assert caught.value.detail.startswith("OSError")  # unreachable, not refused: no loopback either


def test_a_worker_is_retired_after_its_tasks(hostile, monkeypatch):
    monkeypatch.setattr(workers, "TASKS_PER_WORKER", 3)
    pids = [hostile.run("echo")[0]["pid"] for _ in range(4)]
    assert pids[0] == pids[1] == pids[2] != pids[3]


def test_many_threads_share_two_workers(hostile):
    seen, problems = [], []

    def work(number):
        try:
            seen.append(hostile.run("echo", [], number)[0])
        except PdfError as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert sorted(each["options"] for each in seen) == list(range(24))
    assert len({each["pid"] for each in seen}) <= 2


def test_a_full_pool_says_busy(hostile, monkeypatch):
    monkeypatch.setattr(workers, "WAIT_SECONDS", 0.1)
    holding = [hostile._take(), hostile._take()]
    with pytest.raises(WorkersBusy):
        hostile.run("echo")
    for worker in holding:
        hostile._free.put(worker)


def test_a_closed_pool_leaves_no_process(hostile):
    pid = hostile.run("echo")[0]["pid"]
    hostile.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(WorkersBusy):
        hostile.run("echo")


def test_the_portal_never_imports_a_pdf_library():
    import subprocess

    modules = "scratch workers tasks intake geometry render text cache fields appearance samples"
    program = f"import sys, importlib; [importlib.import_module('docvault.pdf.' + m) for m in '{modules}'.split()]; "
    program += "assert not {'pikepdf', 'pypdfium2', 'typst', 'PIL'} & set(sys.modules), 'imported'"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_only_memory_files_are_adopted(tmp_path):
    with (tmp_path / "disk").open("w+b") as file, pytest.raises(NotAScratch):
        Scratch.adopt(os.dup(file.fileno()))


def test_a_sealed_scratch_cannot_be_written():
    with Scratch.create(b"shown") as scratch:
        scratch.seal()
        scratch.file.write(b"other")
        with pytest.raises(PermissionError):
            scratch.file.flush()
        with pytest.raises(PermissionError):
            scratch.close()
