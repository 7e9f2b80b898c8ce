"""The processes in which PDFs are opened. This side never reads a PDF and believes nothing a worker says.

A worker is a fresh Python process (spawned, never forked from the portal) with an empty environment, no
inherited descriptor but its socket, limits on memory, files and time, and no network where the kernel lets it
give that up. Keys stay here: a task asks a named question and the parent answers it. A worker that crashes,
stalls or breaks the protocol is killed and replaced; one that has done TASKS_PER_WORKER tasks is retired.

BUG: a worker taken over by one document sees the documents of its later tasks until it is retired.
"""

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import structlog

from docvault.pdf import allowance, wire
from docvault.pdf.errors import PdfError, PdfUnreadable, WorkersBusy
from docvault.pdf.scratch import NotAScratch, Scratch
from docvault.pdf.tasks import TASKS

PROGRAM = ("-m", "docvault.pdf.child")
TASKS_PER_WORKER = 200  # then a fresh process, so that leaks and stains do not live long
START_SECONDS = 30.0  # until a new worker has said that it is ready
WAIT_SECONDS = 60.0  # for a free worker
LONGEST_MESSAGE = 500  # characters of a refusal's words

Answers = Mapping[str, Callable[[bytes], bytes]]

_log = structlog.get_logger(__name__)


class _Lost(Exception):
    """The worker is of no more use; its task failed."""


class _Worker:
    """One child process and the parent's end of its socket."""

    def __init__(self, program: Sequence[str]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter, no argument from outside
                [sys.executable, "-I", *program, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                close_fds=True,
                pass_fds=(theirs.fileno(),),
                env={"LANG": "C.UTF-8", "RAYON_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
                cwd="/",
            )
        self.channel = wire.Channel(ours)
        self.tasks = 0
        self.network: bool | None = None  # unknown until it is ready
        self.resting = True  # false from the start of a task until it ended as foreseen

    def wait_until_ready(self) -> None:
        """Raises _Lost when the process does not come up."""
        if self.network is None:
            self.network = self._receive(time.monotonic() + START_SECONDS, wire.Ready)[0].network

    def carry_out(
        self, begin: wire.Begin, files: Sequence[Scratch], answers: Answers
    ) -> tuple[Any, list[Scratch]]:
        """Send one task, answer its questions, return its result and its sealed files. Raises PdfError,
        _Lost.
        """
        self.wait_until_ready()
        self.tasks += 1
        self.resting = False
        deadline = time.monotonic() + begin.seconds
        self._begin(begin, files, deadline)
        while True:
            message, descriptors = self._receive(deadline, wire.FromChild)
            outputs = _adopt(descriptors)
            self.resting = isinstance(message, wire.Done | wire.Refused)
            if isinstance(message, wire.Done):
                return message.result, outputs
            for output in outputs:
                output.close()
            if not isinstance(message, wire.Question):
                raise _as_error(message)
            # The time a key or a timestamp authority takes is not the worker's.
            asked = time.monotonic()
            self._answer(message, answers, deadline)
            deadline += time.monotonic() - asked

    def _begin(self, begin: wire.Begin, files: Sequence[Scratch], deadline: float) -> None:
        descriptors: list[int] = []
        try:
            for file in files:
                file.seal()  # the worker could otherwise re-open it for writing
                descriptors.append(file.reading_descriptor())
            self._send(begin, deadline, descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _answer(self, question: wire.Question, answers: Answers, deadline: float) -> None:
        if question.name not in answers:
            raise _Lost(f"asked {question.name!r} out of turn")
        self._send(wire.Answer(answers[question.name](question.payload)), deadline)

    def _send(self, message: wire.FromParent, deadline: float, descriptors: Sequence[int] = ()) -> None:
        self.channel.set_deadline(deadline)
        try:
            self.channel.send(message, descriptors)
        except (wire.Broken, TimeoutError) as error:
            raise _Lost(self._end_of_life(error)) from error

    def _receive(self, deadline: float, types: Any) -> tuple[Any, list[int]]:
        self.channel.set_deadline(deadline)
        try:
            return self.channel.receive(types)
        except (wire.Broken, TimeoutError) as error:
            raise _Lost(self._end_of_life(error)) from error

    def _end_of_life(self, error: Exception) -> str:
        """What ended it, for the log: a signal's name, an exit status or a time-out."""
        if isinstance(error, TimeoutError):
            return "timeout"
        try:
            status = self.process.wait(1)
        except subprocess.TimeoutExpired:
            return "broke the protocol"
        return signal.Signals(-status).name if status < 0 else f"exit {status}"

    def kill(self) -> None:
        """End the process at once and collect it."""
        self.channel.close()
        self.process.kill()
        self.process.wait()


class Workers:
    """A small pool. Safe to call from many threads; each call has a worker to itself.

    Files handed in are sealed: nobody can write to them afterwards.
    """

    def __init__(
        self, count: int = 2, program: Sequence[str] = PROGRAM, *, tasks_each: int | None = None
    ) -> None:
        """tasks_each: after how many tasks a worker is replaced; by default TASKS_PER_WORKER."""
        self._tasks_each = tasks_each
        self._program = program
        self._count = count
        self._free: queue.LifoQueue[_Worker | None] = queue.LifoQueue()  # the last one used is the warmest
        self._live: set[_Worker] = set()
        self._lock = threading.Lock()
        self._closed = False
        for _ in range(count):
            self._free.put(None)

    @property
    def network_removed(self) -> bool:
        """Whether every worker that is ready has given up the network. Starts them when none is."""
        known = self._known_networks()
        if not known:
            self.warm()
            known = self._known_networks()
        return not any(known)

    def _known_networks(self) -> list[bool]:
        with self._lock:
            return [worker.network for worker in self._live if worker.network is not None]

    def warm(self) -> None:
        """Start all workers and wait until they are ready. Raises PdfUnreadable when one does not start."""
        workers = [self._take() for _ in range(self._count)]
        try:
            for worker in workers:
                worker.wait_until_ready()
        except _Lost as lost:
            worker.resting = False
            raise PdfUnreadable("The portal cannot start its PDF workers.", str(lost)) from lost
        finally:
            for worker in workers:
                self._give_back(worker)

    def run(
        self,
        task: str,
        files: Sequence[Scratch] = (),
        options: Any = None,
        answers: Answers | None = None,
        timeout: float = 30,
        processor: float | None = None,
    ) -> tuple[Any, list[Scratch]]:
        """Carry out `task` and return its plain result and the files it wrote, sealed, for the caller to
        close.

        options: values msgpack can carry. timeout: seconds of the worker's own time; questions do not count.
        processor: seconds of the processor's time to begin with; by default what the files pay for, see
        docvault.pdf.allowance.
        What an answer raises passes through, and the worker is replaced. Raises WorkersBusy, the task's
        PdfError, PdfUnreadable for everything else.
        """
        if task not in TASKS:
            raise KeyError(task)
        worker = self._take()
        try:
            if processor is None:
                processor = allowance.begun(sum(file.size() for file in files), timeout)
            return worker.carry_out(wire.Begin(task, options, timeout, processor), files, answers or {})
        except PdfError as error:
            if error.detail:
                _log.warning("pdf task failed", task=task, detail=error.detail)
            raise
        except _Lost as lost:
            worker.resting = False
            _log.warning("pdf worker lost", task=task, detail=str(lost))
            raise PdfUnreadable(detail=str(lost)) from lost
        finally:
            self._give_back(worker)

    def close(self) -> None:
        """End every worker; later calls raise WorkersBusy."""
        with self._lock:
            self._closed = True
            live, self._live = self._live, set()
        for worker in live:
            worker.kill()

    def _take(self) -> _Worker:
        try:
            worker = self._free.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            raise WorkersBusy from None
        with self._lock:
            if self._closed:
                self._free.put(worker)
                raise WorkersBusy("The portal is shutting down. Please try again in a minute.")
            if worker is None:
                worker = _Worker(self._program)
                self._live.add(worker)
            return worker

    def _give_back(self, worker: _Worker) -> None:
        if worker.resting and worker.tasks < (self._tasks_each or TASKS_PER_WORKER):
            self._free.put(worker)
        else:
            self._replace(worker)

    def _replace(self, worker: _Worker) -> None:
        """Kill it and start the next one, which gets ready while nobody waits."""
        with self._lock:
            self._live.discard(worker)
        worker.kill()
        with self._lock:
            fresh = None if self._closed else _Worker(self._program)
            if fresh:
                self._live.add(fresh)
        self._free.put(fresh)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _adopt(descriptors: list[int]) -> list[Scratch]:
    """Take the worker's files, sealed, or none of them."""
    outputs: list[Scratch] = []
    try:
        while descriptors:
            outputs.append(Scratch.adopt(descriptors.pop(0)))
    except NotAScratch as error:
        for output in outputs:
            output.close()
        for descriptor in descriptors:
            os.close(descriptor)
        raise _Lost("sent a file that can change") from error
    return outputs


def _as_error(message: wire.Ready | wire.Refused | wire.Failed) -> Exception:
    if isinstance(message, wire.Failed):
        return PdfUnreadable(detail=message.detail[:LONGEST_MESSAGE])
    if isinstance(message, wire.Refused) and message.error in PdfError.known:
        return PdfError.known[message.error](message.message[:LONGEST_MESSAGE])
    return _Lost("broke the protocol")
