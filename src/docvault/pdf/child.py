"""A PDF worker: `python -m docvault.pdf.child DESCRIPTOR`. Started by workers.py and by nobody else; holds no
key.

Before any PDF library is imported it gives up the network, core dumps, new privileges and most of its
resources. Trusted: nothing it says. The parent checks every message, and takes files from it only sealed.
"""

import ctypes
import gc
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from docvault.pdf import allowance, tasks, wire
from docvault.pdf.errors import PdfError

MEMORY = 2 * 1024**3  # bytes of address space
DATA = 512 * 1024**2  # bytes of private writable memory (promise 30)
FILE = 1024**3  # bytes of one file it writes
OPEN_FILES = 128
DEEPEST = 20_000  # calls in each other: pyHanko goes from each bookmark to the next that way
GRACE = 5  # seconds after the parent's deadline when the kernel ends an orphan

_CLONE_NEWUSER = 0x10000000  # <linux/sched.h>
_CLONE_NEWNET = 0x40000000
_PR_SET_DUMPABLE = 4  # <linux/prctl.h>
_PR_SET_NO_NEW_PRIVS = 38


class _Job:
    """The worker's side of `tasks.Job`."""

    def __init__(self, channel: wire.Channel, begin: wire.Begin, descriptors: list[int]) -> None:
        self._channel = channel
        self.files: list[BinaryIO] = [os.fdopen(descriptor, "rb") for descriptor in descriptors]
        self.options: Any = begin.options
        self.outputs: list[BinaryIO] = []
        self._clocks = {
            # The kernel keeps the bucket and ends the process once it is empty: a loop in C asks nobody.
            signal.ITIMER_PROF: begin.processor,
            # A worker whose parent died in the middle of an endless wait must not stay for ever.
            signal.ITIMER_REAL: min(begin.seconds + GRACE, allowance.BUSY * begin.processor),
        }
        for clock, seconds in self._clocks.items():
            signal.setitimer(clock, seconds)

    def output(self) -> BinaryIO:
        file = os.fdopen(os.memfd_create("docvault", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), "w+b")
        self.outputs.append(file)
        return file

    def ask(self, name: str, payload: bytes) -> bytes:
        # The parent's time is not ours: it does not count towards our own end either.
        remaining, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        self._channel.send(wire.Question(name, payload))
        answer, _ = self._channel.receive(wire.Answer)
        signal.setitimer(signal.ITIMER_REAL, remaining)
        reply: bytes = answer.payload
        return reply

    def pay(self, seconds: float = allowance.PAGE) -> None:
        for clock, more in ((signal.ITIMER_PROF, seconds), (signal.ITIMER_REAL, allowance.BUSY * seconds)):
            left, _ = signal.setitimer(clock, 0)
            signal.setitimer(clock, allowance.poured(left, more, self._clocks[clock]))

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        remaining, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
        started = time.monotonic()
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, max(0.001, remaining - (time.monotonic() - started)))

    def close(self) -> None:
        for file in [*self.files, *self.outputs]:
            file.close()
        for clock in self._clocks:
            signal.setitimer(clock, 0)


def confine() -> bool:
    """Give up what a PDF reader does not need; return whether the network is still within reach."""
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_DATA, DATA),
        (resource.RLIMIT_FSIZE, FILE),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        _, hard = resource.getrlimit(limit)
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (allowed, allowed))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    # Without the right to a network namespace of its own, a user namespace may still give it.
    return bool(libc.unshare(_CLONE_NEWNET)) and bool(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET))


def serve(channel: wire.Channel) -> None:
    """Carry out tasks one after the other until the parent closes the socket."""
    while True:
        try:
            begin, descriptors = channel.receive(wire.Begin)
        except wire.Broken:
            return
        job = _Job(channel, begin, descriptors)
        try:
            message = _carry_out(tasks.load, begin.task, job)
            outputs = job.outputs if isinstance(message, wire.Done) else []
            for file in outputs:
                file.flush()
            channel.send(message, [file.fileno() for file in outputs])
        finally:
            job.close()
        # What a file leaves in circles would be missing to the next one, which has the same memory.
        del job, message, outputs
        gc.collect()


def _carry_out(load: Callable[[str], Callable[[tasks.Job], object]], name: str, job: _Job) -> wire.FromChild:
    try:
        return wire.Done(load(name)(job))
    except wire.Broken:
        raise
    except PdfError as refusal:
        return wire.Refused(type(refusal).__name__, str(refusal))
    except BaseException as error:  # noqa: BLE001 - whatever a hostile file causes must become an answer
        return wire.Failed(places(error))


def places(error: BaseException) -> str:
    """The class of an error and the last places it passed: what a log may hold of a customer's file."""
    frames = reversed(traceback.extract_tb(error.__traceback__)[-6:])
    return type(error).__name__ + "".join(f" < {Path(each.filename).name}:{each.lineno}" for each in frames)


def main() -> None:
    """Confine this process, import the libraries, say so and serve."""
    # Ctrl+C in the terminal is for the parent, which then closes the socket.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = wire.Channel(socket.socket(fileno=int(sys.argv[1])))
    network = confine()
    sys.setrecursionlimit(DEEPEST)
    gc.disable()  # what is imported stays: to look through it, now or after a file, is in vain
    for name in ("intake", "render", "text"):
        import_module(
            f"docvault.pdf.inside.{name}"
        )  # now, so that it does not count as the first task's time
    gc.freeze()
    gc.enable()
    channel.send(wire.Ready(network))
    serve(channel)


if __name__ == "__main__":
    main()
