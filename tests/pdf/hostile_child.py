"""A worker whose tasks misbehave: run by the tests in place of docvault.pdf.child."""

import os
import signal
import socket
import time
from pathlib import Path

from docvault.pdf import child, tasks, wire
from docvault.pdf.errors import Damaged


def echo(job):
    for file in job.files:
        job.output().write(file.read())
    return {
        "options": job.options,
        "pid": os.getpid(),
        "environment": dict(os.environ),
        "files": len(job.files),
    }


def spin(job):
    while True:
        pass


def pages(job):
    """Work on each page for so many seconds of the processor; the other clock has all the time it needs."""
    job._clocks[signal.ITIMER_REAL] = 60.0
    signal.setitimer(signal.ITIMER_REAL, 60.0)
    for seconds in job.options:
        job.pay()
        end = time.process_time() + seconds
        while time.process_time() < end:
            pass
    return len(job.options)


def wait(job):
    time.sleep(job.options)


def leave(job):
    """Leave so many bytes where only a look for circles finds them."""
    circle = [bytearray(job.options)]
    circle.append(circle)


def eat(job):
    return len(bytearray(job.options))


def crash(job):
    os.abort()


def recurse(job):
    return recurse(job)


def refuse(job):
    raise Damaged("This file is damaged.")


def invent(job):
    job._channel.send(wire.Refused("SystemExit", "believe me"))
    time.sleep(5)


def babble(job):
    job._channel._connection.sendall(b"\x80\x04\x95garbage" * 50)
    time.sleep(5)


def pass_a_pipe(job):
    end, _ = os.pipe()
    job._channel.send(wire.Done(None), [end])


def ask(job):
    return job.ask("sign", b"digest")


def reach_out(job):
    with socket.socket() as outside:
        outside.settimeout(2)
        outside.connect(("127.0.0.1", job.options))


def write_source(job):
    with Path(f"/proc/self/fd/{job.files[0].fileno()}").open("r+b") as again:
        again.write(b"forged")


NAMES = (
    "echo",
    "spin",
    "pages",
    "leave",
    "wait",
    "eat",
    "crash",
    "recurse",
    "refuse",
    "invent",
    "babble",
    "pass_a_pipe",
    "ask",
    "reach_out",
    "write_source",
)

if __name__ == "__main__":
    tasks.TASKS = {name: f"__main__:{name}" for name in NAMES}
    child.main()
